"""The prepared statements of claims."""

from ingest.db.models import StoreFile
from ingest.db.queue import claim_statements
from ingest.db.session import Database, now


def test_statements_are_built_once_per_clock(database: Database) -> None:
    with database.reading() as session:
        clock = now(session)
        for build in (claim_statements.claim_row, claim_statements.read_claimed_row, claim_statements.renew_lease):
            assert build(clock) is build(now(session))


def test_completing_with_standby_points_changes_no_live_points() -> None:
    live = (StoreFile.live_generation, StoreFile.model, StoreFile.pipeline_version, StoreFile.chunks, StoreFile.terms)

    assert not [column for column in live if f" {column.key}=" in str(claim_statements.COMPLETE_STANDBY)]
    assert all(f" {column.key}=" in str(claim_statements.COMPLETE_LIVE) for column in live)

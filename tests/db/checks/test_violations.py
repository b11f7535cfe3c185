"""Rows that contradict each other, and work that is overdue."""

import pytest
from sqlalchemy import delete, update

from ingest.db.checks import violations
from ingest.db.models import BatchFile, PointJob, StoreFile
from ingest.db.session import Database
from tests.conftest import Clock
from tests.db import rows


@pytest.fixture
def attached(database: Database) -> tuple[str, str, int]:
    """A store with one file, queued by a batch: store, batch and row."""
    store = rows.create_store(database)
    [file_id] = rows.create_files(database, 1)
    batch = rows.attach_batch(database, store, [file_id])
    return store, batch, rows.get_row(database, store, file_id).row


def test_healthy_rows_have_no_violation(database: Database, attached: tuple[str, str, int]) -> None:
    rows.claim(database, attached[2])

    with database.reading() as session:
        assert violations.list_broken_rows(session) == []
        assert violations.list_unclosed_memberships(session) == []
        assert violations.list_missing_memberships(session) == []
        assert violations.list_files_with_expired_lease(session, grace_seconds=0) == []
        assert violations.list_overdue_work(session, grace_seconds=0) == []
        assert violations.count_idle_files(session, seconds=0) == 0


def test_a_row_that_breaks_a_rule_is_listed_with_the_rule(database: Database, attached: tuple[str, str, int]) -> None:
    with database.transaction() as session:
        session.execute(update(StoreFile).values(status="failed", error_code="server_error"))

    with database.reading() as session:
        assert [rule for _, rule in violations.list_broken_rows(session)] == ["an error code has a message"]


def test_a_file_without_live_text_has_no_warnings(database: Database, attached: tuple[str, str, int]) -> None:
    with database.transaction() as session:
        session.execute(update(StoreFile).values(warnings=1))

    with database.reading() as session:
        [(_, rule)] = violations.list_broken_rows(session)
    assert rule == "a file without a live generation has no warnings"


def test_an_open_membership_of_an_ended_file_is_closed_with_its_outcome(
    database: Database, attached: tuple[str, str, int]
) -> None:
    _, batch, row = attached
    with database.transaction() as session:
        session.execute(update(StoreFile).values(status="failed", error_code="server_error", error_message="m"))

    with database.transaction() as session:
        [violation] = violations.list_unclosed_memberships(session)
        assert (violation.batch_id, violation.store_file, violation.file_status) == (batch, row, "failed")
        for _ in range(2):
            violations.close_membership_of_ended_file(session, violation)

    assert rows.read_counts(database, batch) == (0, 0, 1, 0)
    assert rows.read_outcomes(database, batch) == ["failed"]


def test_a_file_without_a_membership_is_detached_from_its_batch(
    database: Database, attached: tuple[str, str, int]
) -> None:
    with database.transaction() as session:
        session.execute(delete(BatchFile))

    with database.transaction() as session:
        [violation] = violations.list_missing_memberships(session)
        violations.detach_from_batch(session, violation)

        assert violations.list_missing_memberships(session) == []
        row = session.get(StoreFile, attached[2])
        assert row is not None
        assert (row.batch, row.status) == (None, "queued")


def test_an_expired_lease_is_listed_after_its_grace(
    database: Database, attached: tuple[str, str, int], clock: Clock
) -> None:
    claim = rows.claim(database, attached[2], lease_seconds=30)
    clock.advance(40)

    with database.reading() as session:
        listed = [violations.list_files_with_expired_lease(session, grace_seconds=grace) for grace in (5, 15)]
    assert listed == [[claim.file_id], []]


def test_overdue_work_is_counted_with_its_age(database: Database, clock: Clock) -> None:
    with database.transaction() as session:
        for seconds in (5, 100, 300):
            session.add(PointJob(kind="purge", vector_store_id="vs_1", due_at=clock() - seconds))

    with database.reading() as session:
        [work] = violations.list_overdue_work(session, grace_seconds=60)
    assert (work.kind, work.count, work.seconds) == ("points to be deleted or changed", 2, 300.0)


def test_files_are_idle_when_none_is_running(database: Database, attached: tuple[str, str, int], clock: Clock) -> None:
    clock.advance(100)
    with database.reading() as session:
        assert [violations.count_idle_files(session, seconds=seconds) for seconds in (90, 110)] == [1, 0]
    rows.claim(database, attached[2])
    rows.attach(database, attached[0], rows.create_files(database, 1))
    clock.advance(100)

    with database.reading() as session:
        assert violations.count_idle_files(session, seconds=90) == 0

"""The service's own verification: due at its times, claimed once, with its findings."""

import pytest
from cronsim import CronSimError

from ingest.db.checks import verifications
from ingest.db.session import Database
from tests.conftest import Clock

HOUR = 3_600
EVERY_HOUR = "0 * * * *"


def claim(database: Database, cron: str = EVERY_HOUR) -> bool:
    with database.transaction() as session:
        return verifications.claim_if_due(session, cron)


def test_the_first_time_is_the_next_of_the_cron_expression(database: Database, clock: Clock) -> None:
    assert not claim(database)
    clock.advance(HOUR - 1)
    assert not claim(database)
    clock.advance(1)

    assert claim(database)


def test_missed_times_are_caught_up_with_one_run(database: Database, clock: Clock) -> None:
    claim(database)
    clock.advance(5 * HOUR)

    assert [claim(database), claim(database)] == [True, False]


def test_another_cron_expression_moves_the_next_time(database: Database, clock: Clock) -> None:
    claim(database)
    clock.advance(HOUR)

    assert not claim(database, "30 * * * *")
    clock.advance(HOUR / 2)
    assert claim(database, "30 * * * *")


def test_an_invalid_cron_expression_is_an_error(database: Database) -> None:
    with pytest.raises(CronSimError):
        claim(database, "never")


def test_findings_are_kept_until_the_next_ones(database: Database, clock: Clock) -> None:
    claim(database)
    with database.reading() as session:
        assert verifications.get_last(session) is None

    for findings in ({"blob_missing": 2}, {}):
        clock.advance(HOUR)
        with database.transaction() as session:
            verifications.record(session, findings)

        with database.reading() as session:
            assert verifications.get_last(session) == verifications.LastVerification(clock(), findings)

"""Times that a clock which went back leaves far ahead are brought near, in every table, on both databases."""

import pytest
from sqlalchemy import select, update

from ingest.db import far_waits
from ingest.db.far_waits import Wait
from ingest.db.models import ImportSchedule, StoreFile
from ingest.db.schedules import import_schedules
from ingest.db.session import Database
from tests.conftest import Clock
from tests.db import rows
from tests.db.schedules.scenes import create_import_schedule

DAY = 86_400.0
LEASE_SECONDS = 30.0


def is_any_far(database: Database) -> bool:
    with database.reading() as session:
        return far_waits.any_is_far(session, far_waits.all_waits(LEASE_SECONDS))


def bring_all_near(database: Database) -> int:
    released = 0
    for wait in far_waits.all_waits(LEASE_SECONDS):
        with database.transaction() as session:
            released += far_waits.bring_near(session, wait)
    return released


def test_nothing_is_far_after_claims_failures_and_deferrals(database: Database) -> None:
    store = rows.create_store(database)
    [row, _] = rows.attach(database, store, rows.create_files(database, 2))
    rows.claim(database, row, lease_seconds=LEASE_SECONDS)

    assert not is_any_far(database)
    assert bring_all_near(database) == 0


@pytest.mark.parametrize("seconds", [DAY, 3 * DAY])
def test_the_lease_of_a_dead_import_ends_within_one_lease_after_the_clock_went_back(
    database: Database, clock: Clock, seconds: float
) -> None:
    store = rows.create_store(database)
    create_import_schedule(database, store, due_since=clock())
    with database.transaction() as session:
        claimed = import_schedules.claim_run(session, "test/1", "imp_1", LEASE_SECONDS)
    assert claimed is not None
    clock.advance(-seconds)

    assert is_any_far(database)
    assert bring_all_near(database) == 1

    with database.reading() as session:
        schedule = session.scalars(select(ImportSchedule)).one()
    assert (schedule.lease_until, schedule.fence) == (clock() + LEASE_SECONDS, claimed.fence)
    assert not is_any_far(database)


@pytest.mark.parametrize("wait", far_waits.all_waits(LEASE_SECONDS), ids=lambda wait: str(wait.column))
def test_a_time_that_is_far_in_any_table_is_seen(database: Database, wait: Wait) -> None:
    """Every condition is valid on both databases, also in a table without rows."""
    with database.transaction() as session:
        assert not far_waits.any_is_far(session, [wait])
        assert far_waits.bring_near(session, wait) == 0


def test_files_that_wait_for_a_retry_are_claimable_again(database: Database, clock: Clock) -> None:
    store = rows.create_store(database)
    [row] = rows.attach(database, store, rows.create_files(database, 1))
    with database.transaction() as session:
        session.execute(update(StoreFile).values(not_before=clock() + 5, published_at=clock()))
    clock.advance(-DAY)
    assert rows.try_claim(database, row) is None

    assert bring_all_near(database) == 2

    assert rows.try_claim(database, row) is not None

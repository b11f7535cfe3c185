"""Readings of the database's clock: which differences are jumps, and how long expiries wait after one."""

import pytest
from sqlalchemy import select

from ingest.db import clock_readings
from ingest.db.clock_readings import ClockJump
from ingest.db.models import ClockReading
from ingest.db.session import Database
from tests.conftest import Clock

DAY = 86_400.0


def read(database: Database, uptime: float, boot_id: str = "boot-1") -> ClockJump | None:
    with database.transaction() as session:
        return clock_readings.record_reading(session, boot_id=boot_id, uptime=uptime)


def last_jump(database: Database) -> ClockJump | None:
    with database.reading() as session:
        return clock_readings.last_jump(session)


def test_time_that_passes_is_no_jump(database: Database, clock: Clock) -> None:
    for uptime in (10.0, 15.0, 15.0 + 400 * DAY):  # a machine that was suspended knows it
        clock.seconds = 1_800_000_000.0 + uptime
        assert read(database, uptime) is None

    assert last_jump(database) is None


@pytest.mark.parametrize("seconds", [DAY, 365 * DAY, -DAY, 61.0, -61.0])
def test_a_jump_is_noticed_once_and_expiries_wait_for_a_day(database: Database, clock: Clock, seconds: float) -> None:
    read(database, 10.0)
    clock.advance(seconds + 5)

    jump = read(database, 15.0)

    assert jump is not None
    assert jump.seconds == pytest.approx(seconds)
    assert (jump.noticed_at, jump.settles_at) == (clock(), clock() + DAY)
    assert read(database, 15.0) is None
    clock.advance(DAY - 10)
    assert read(database, 15.0 + DAY - 10) is None
    assert last_jump(database) == jump
    clock.advance(20)
    assert last_jump(database) is None


def test_a_clock_that_is_set_right_after_a_jump_does_not_make_expiries_wait_for_ever(
    database: Database, clock: Clock
) -> None:
    read(database, 10.0)
    clock.advance(365 * DAY)
    read(database, 11.0)
    clock.advance(-365 * DAY)
    read(database, 12.0)
    clock.advance(DAY + 1)

    assert last_jump(database) is None


def test_many_small_differences_that_add_up_are_noticed(database: Database, clock: Clock) -> None:
    jumps = []
    for step in range(10):
        clock.advance(5 + 10)  # each reading after 5 s; the clock gains 10 s more
        jumps.append(read(database, 5.0 * step))

    assert any(jumps)


@pytest.mark.parametrize(("absence", "is_jump"), [(3_600.0, False), (3 * DAY, True), (-DAY, True)])
def test_after_a_restart_of_the_machine_only_a_long_absence_is_a_jump(
    database: Database, clock: Clock, absence: float, is_jump: bool
) -> None:
    read(database, 10.0)
    clock.advance(absence)

    assert (read(database, 1.0, "boot-2") is not None) == is_jump
    assert (last_jump(database) is not None) == is_jump


def test_readings_of_machines_that_are_gone_are_removed(database: Database, clock: Clock) -> None:
    read(database, 10.0, "old")
    clock.advance(20 * DAY)
    read(database, 1.0, "newer")
    clock.advance(20 * DAY)
    read(database, 1.0, "newest")

    with database.reading() as session:
        kept = session.scalars(select(ClockReading.boot_id)).all()
    assert sorted(kept) == ["newer", "newest"]

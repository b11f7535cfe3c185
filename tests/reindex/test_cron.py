"""Cron expressions: validation and the next run."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from ingest.db.models import ReindexSchedule
from ingest.db.session import Database
from ingest.errors import InvalidRequest
from ingest.reindex.cron import next_run, recompute_next_run
from tests.conftest import Clock

HOUR = 3_600


@pytest.mark.parametrize(
    ("after", "cron", "expected"),
    [
        ("2026-03-28 12:00", "30 2 * * *", "2026-03-29 03:00"),  # 02:30 does not exist: the next time that does
        ("2026-03-29 12:00", "30 2 * * *", "2026-03-30 02:30"),
        ("2026-10-24 12:00", "30 2 * * *", "2026-10-25 02:30"),  # 02:30 exists twice: the first one
        ("2026-10-25 02:30", "30 2 * * *", "2026-10-26 02:30"),  # not the second one
        ("2026-06-30 23:59", "0 0 1 * *", "2026-07-01 00:00"),
    ],
)
def test_a_daily_run_happens_once_on_nights_with_a_time_change(after: str, cron: str, expected: str) -> None:
    zone = ZoneInfo("Europe/Berlin")

    at = next_run(cron, "Europe/Berlin", datetime.fromisoformat(after).replace(tzinfo=zone).timestamp())

    assert datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M") == expected


@pytest.mark.parametrize(
    ("cron", "timezone"),
    [
        ("", "UTC"), ("* * * *", "UTC"), ("0 0 3 * * *", "UTC"), ("61 * * * *", "UTC"), ("0 0 31 2 *", "UTC"),
        ("every night", "UTC"), ("0 3 * * *", "Mars/Base"), ("0 3 * * *", "../etc/passwd"), ("0 3 * * *", ""),
    ],
)  # fmt: skip
def test_an_invalid_cron_expression_or_time_zone_is_refused(cron: str, timezone: str) -> None:
    with pytest.raises(InvalidRequest):
        next_run(cron, timezone, 1_800_000_000)


def hourly_schedule(clock: Clock, *, paused: bool = False) -> ReindexSchedule:
    return ReindexSchedule(
        cron="0 * * * *", timezone="UTC", paused=paused, next_run_at=None if paused else int(clock())
    )


def test_a_change_of_other_fields_does_not_move_the_next_run(database: Database, clock: Clock) -> None:
    with database.reading() as session:
        assert recompute_next_run(session, hourly_schedule(clock), {"only": "stale", "cron": "0 * * * *"}) == {}


def test_a_pause_clears_the_next_run_and_its_end_sets_it(database: Database, clock: Clock) -> None:
    with database.reading() as session:
        paused = recompute_next_run(session, hourly_schedule(clock), {"paused": True})
        resumed = recompute_next_run(session, hourly_schedule(clock, paused=True), {"paused": False})

    assert paused == {"next_run_at": None}
    assert clock() < resumed["next_run_at"] <= clock() + HOUR

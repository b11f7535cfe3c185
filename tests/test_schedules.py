"""Re-indexes that begin by themselves, over fakes, on both databases and a clock that tests turn."""

import threading
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from ingest import file_batches, schedules, vector_stores
from ingest.db.models import FileBatch, ReindexSchedule
from ingest.errors import InvalidRequest, NotFound
from ingest.sweep import sweep
from ingest.vector_stores import Chunking
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeTools
from tests.test_jobs import run_all, store_with

HOUR = 3_600
DAY = 24 * HOUR


def hourly(tools: FakeTools, store: str, *, chunking: Chunking | None = None, paused: bool = False) -> ReindexSchedule:
    return schedules.create(
        tools, CALLER, store, cron="0 * * * *", timezone="UTC", only="all", chunking=chunking, paused=paused
    )


def batches(tools: FakeTools) -> int:
    with tools.database.reading() as session:
        return session.scalar(select(func.count()).select_from(FileBatch)) or 0


def now_of(tools: FakeTools, schedule: ReindexSchedule) -> ReindexSchedule:
    return schedules.retrieve(tools, CALLER, schedule.vector_store_id, schedule.id)


def test_a_schedule_begins_a_batch_at_its_time_and_only_once(tools: FakeTools, clock: Clock) -> None:
    store, [file_id] = store_with(tools, "one")
    run_all(tools)
    made = hourly(tools, store, chunking=Chunking(300, 0))
    assert made.next_run_at is not None
    clock.advance(made.next_run_at - clock() - 1)
    sweep(tools)
    assert batches(tools) == 0

    clock.advance(1)
    sweep(tools)
    sweep(tools)

    now = now_of(tools, made)
    assert batches(tools) == 1
    assert (now.last_run_at, now.next_run_at) == (made.next_run_at, made.next_run_at + HOUR)
    assert now.last_batch_id is not None
    assert file_batches.retrieve(tools, CALLER, store, now.last_batch_id).in_progress == 1
    assert run_all(tools) == ["completed"]
    assert rows.row(tools.database, store, file_id).chunk_tokens == 300


def test_what_was_missed_is_caught_up_once(tools: FakeTools, clock: Clock) -> None:
    store, _ = store_with(tools, "one")
    run_all(tools)
    made = hourly(tools, store)
    clock.advance(5 * HOUR)

    sweep(tools)

    now = now_of(tools, made)
    assert batches(tools) == 1
    assert now.last_run_at == int(clock())
    assert now.next_run_at is not None
    assert clock() < now.next_run_at <= clock() + HOUR


def test_two_that_sweep_at_once_begin_one_batch(tools: FakeTools, clock: Clock) -> None:
    store, _ = store_with(tools, "one")
    run_all(tools)
    hourly(tools, store)
    for expected in range(1, 6):
        clock.advance(HOUR)
        together = threading.Barrier(2)
        ran: list[int] = []

        def one_of_two(together: threading.Barrier = together, ran: list[int] = ran) -> None:
            together.wait(10)
            ran.append(schedules.run_due(tools))

        threads = [threading.Thread(target=one_of_two) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

        assert sorted(ran) == [0, 1]
        assert batches(tools) == expected


def test_one_that_was_read_before_somebody_else_ran_it_is_not_run_again(tools: FakeTools, clock: Clock) -> None:
    store, _ = store_with(tools, "one")
    made = hourly(tools, store)
    clock.advance(HOUR)
    assert schedules.run_due(tools) == 1

    assert schedules._run(tools, made) is False

    assert batches(tools) == 1


def test_a_paused_schedule_rests_and_what_it_missed_stays_missed(tools: FakeTools, clock: Clock) -> None:
    store, _ = store_with(tools, "one")
    made = hourly(tools, store)
    schedules.update(tools, CALLER, store, made.id, {"paused": True})
    assert now_of(tools, made).next_run_at is None
    clock.advance(DAY)
    sweep(tools)
    assert batches(tools) == 0

    resumed = schedules.update(tools, CALLER, store, made.id, {"paused": False})
    sweep(tools)

    assert batches(tools) == 0
    assert resumed.next_run_at is not None
    assert clock() < resumed.next_run_at <= clock() + HOUR


def test_a_new_time_counts_from_now_and_other_changes_leave_it(tools: FakeTools) -> None:
    store, _ = store_with(tools, "one")
    made = hourly(tools, store)

    same = schedules.update(tools, CALLER, store, made.id, {"only": "stale", "chunking": Chunking(300, 100)})
    before = same.next_run_at
    later = schedules.update(tools, CALLER, store, made.id, {"cron": "30 12 * * *"})

    assert (same.only, same.chunk_tokens, before) == ("stale", 300, made.next_run_at)
    assert later.next_run_at is not None
    assert datetime.fromtimestamp(later.next_run_at, ZoneInfo("UTC")).strftime("%H:%M") == "12:30"


@pytest.mark.parametrize("end", ["delete", "expire"])
def test_a_store_that_has_ended_is_left_alone(tools: FakeTools, clock: Clock, end: str) -> None:
    store = vector_stores.create(tools, CALLER, name="s", description=None, metadata={}, expires_after_days=1)
    other, _ = store_with(tools, "one")
    hourly(tools, store.id)
    hourly(tools, other)
    if end == "delete":
        vector_stores.delete(tools, CALLER, store.id)
    clock.advance(2 * DAY)

    sweep(tools)

    assert batches(tools) == 1


def test_a_deleted_schedule_runs_no_more(tools: FakeTools, clock: Clock) -> None:
    store, _ = store_with(tools, "one")
    made = hourly(tools, store)

    schedules.delete(tools, CALLER, store, made.id)

    clock.advance(DAY)
    sweep(tools)
    assert batches(tools) == 0
    with pytest.raises(NotFound):
        now_of(tools, made)


@pytest.mark.parametrize(
    ("after", "cron", "expected"),
    [
        ("2026-03-28 12:00", "30 2 * * *", "2026-03-29 03:00"),  # 02:30 does not exist that night: as soon as it can
        ("2026-03-29 12:00", "30 2 * * *", "2026-03-30 02:30"),
        ("2026-10-24 12:00", "30 2 * * *", "2026-10-25 02:30"),  # exists twice: the first one...
        ("2026-10-25 02:30", "30 2 * * *", "2026-10-26 02:30"),  # ...and not the second
        ("2026-06-30 23:59", "0 0 1 * *", "2026-07-01 00:00"),
    ],
)
def test_summer_time_neither_loses_nor_doubles_a_night(after: str, cron: str, expected: str) -> None:
    zone = ZoneInfo("Europe/Berlin")

    at = schedules.next_run(cron, "Europe/Berlin", datetime.fromisoformat(after).replace(tzinfo=zone).timestamp())

    assert datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M") == expected


@pytest.mark.parametrize(
    ("cron", "timezone"),
    [
        ("", "UTC"), ("* * * *", "UTC"), ("0 0 3 * * *", "UTC"), ("61 * * * *", "UTC"), ("0 0 31 2 *", "UTC"),
        ("every night", "UTC"), ("0 3 * * *", "Mars/Base"), ("0 3 * * *", "../etc/passwd"), ("0 3 * * *", ""),
    ],
)  # fmt: skip
def test_times_that_never_come_are_refused(cron: str, timezone: str) -> None:
    with pytest.raises(InvalidRequest):
        schedules.next_run(cron, timezone, 1_800_000_000)

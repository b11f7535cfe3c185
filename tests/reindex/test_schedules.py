"""Re-indexes that begin by themselves, over fakes, on both databases and a clock that tests turn."""

import threading
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from ingest.db.models import FileBatch, ReindexSchedule
from ingest.errors import InvalidRequest, NotFound
from ingest.jobs.maintenance import sweep
from ingest.reindex import schedules
from ingest.stores import batches as file_batches
from ingest.stores import vector_stores
from ingest.stores.vector_stores import ChunkSizes
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeServices
from tests.jobs.test_run import run_all, store_with

HOUR = 3_600
DAY = 24 * HOUR


def hourly(
    services: FakeServices, store: str, *, chunking: ChunkSizes | None = None, paused: bool = False
) -> ReindexSchedule:
    return schedules.create(
        services, CALLER, store, cron="0 * * * *", timezone="UTC", only="all", chunking=chunking, paused=paused
    )


def batches(services: FakeServices) -> int:
    with services.database.reading() as session:
        return session.scalar(select(func.count()).select_from(FileBatch)) or 0


def now_of(services: FakeServices, schedule: ReindexSchedule) -> ReindexSchedule:
    return schedules.retrieve(services, CALLER, schedule.vector_store_id, schedule.id)


def test_a_schedule_begins_a_batch_at_its_time_and_only_once(services: FakeServices, clock: Clock) -> None:
    store, [file_id] = store_with(services, "one")
    run_all(services)
    made = hourly(services, store, chunking=ChunkSizes(300, 0))
    assert made.next_run_at is not None
    clock.advance(made.next_run_at - clock() - 1)
    sweep(services)
    assert batches(services) == 0

    clock.advance(1)
    sweep(services)
    sweep(services)

    now = now_of(services, made)
    assert batches(services) == 1
    assert (now.last_run_at, now.next_run_at) == (made.next_run_at, made.next_run_at + HOUR)
    assert now.last_batch_id is not None
    assert file_batches.retrieve(services, CALLER, store, now.last_batch_id).in_progress == 1
    assert run_all(services) == ["completed"]
    assert rows.row(services.database, store, file_id).chunk_tokens == 300


def test_what_was_missed_is_caught_up_once(services: FakeServices, clock: Clock) -> None:
    store, _ = store_with(services, "one")
    run_all(services)
    made = hourly(services, store)
    clock.advance(5 * HOUR)

    sweep(services)

    now = now_of(services, made)
    assert batches(services) == 1
    assert now.last_run_at == int(clock())
    assert now.next_run_at is not None
    assert clock() < now.next_run_at <= clock() + HOUR


def test_two_that_sweep_at_once_begin_one_batch(services: FakeServices, clock: Clock) -> None:
    store, _ = store_with(services, "one")
    run_all(services)
    hourly(services, store)
    for expected in range(1, 6):
        clock.advance(HOUR)
        together = threading.Barrier(2)
        ran: list[int] = []

        def one_of_two(together: threading.Barrier = together, ran: list[int] = ran) -> None:
            together.wait(10)
            ran.append(schedules.run_due(services))

        threads = [threading.Thread(target=one_of_two) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

        assert sorted(ran) == [0, 1]
        assert batches(services) == expected


def test_one_that_was_read_before_somebody_else_ran_it_is_not_run_again(services: FakeServices, clock: Clock) -> None:
    store, _ = store_with(services, "one")
    made = hourly(services, store)
    clock.advance(HOUR)
    assert schedules.run_due(services) == 1

    assert schedules._run(services, made) is False

    assert batches(services) == 1


def test_a_paused_schedule_rests_and_what_it_missed_stays_missed(services: FakeServices, clock: Clock) -> None:
    store, _ = store_with(services, "one")
    made = hourly(services, store)
    schedules.update(services, CALLER, store, made.id, {"paused": True})
    assert now_of(services, made).next_run_at is None
    clock.advance(DAY)
    sweep(services)
    assert batches(services) == 0

    resumed = schedules.update(services, CALLER, store, made.id, {"paused": False})
    sweep(services)

    assert batches(services) == 0
    assert resumed.next_run_at is not None
    assert clock() < resumed.next_run_at <= clock() + HOUR


def test_a_new_time_counts_from_now_and_other_changes_leave_it(services: FakeServices) -> None:
    store, _ = store_with(services, "one")
    made = hourly(services, store)

    same = schedules.update(services, CALLER, store, made.id, {"only": "stale", "chunking": ChunkSizes(300, 100)})
    before = same.next_run_at
    later = schedules.update(services, CALLER, store, made.id, {"cron": "30 12 * * *"})

    assert (same.only, same.chunk_tokens, before) == ("stale", 300, made.next_run_at)
    assert later.next_run_at is not None
    assert datetime.fromtimestamp(later.next_run_at, ZoneInfo("UTC")).strftime("%H:%M") == "12:30"


@pytest.mark.parametrize("end", ["delete", "expire"])
def test_a_store_that_has_ended_is_left_alone(services: FakeServices, clock: Clock, end: str) -> None:
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=1)
    other, _ = store_with(services, "one")
    hourly(services, store.id)
    hourly(services, other)
    if end == "delete":
        vector_stores.delete(services, CALLER, store.id)
    clock.advance(2 * DAY)

    sweep(services)

    assert batches(services) == 1


def test_a_deleted_schedule_runs_no_more(services: FakeServices, clock: Clock) -> None:
    store, _ = store_with(services, "one")
    made = hourly(services, store)

    schedules.delete(services, CALLER, store, made.id)

    clock.advance(DAY)
    sweep(services)
    assert batches(services) == 0
    with pytest.raises(NotFound):
        now_of(services, made)


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

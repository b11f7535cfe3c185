"""Re-index schedules, on both databases, with fakes and a test clock."""

import threading
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from ingest.db.models import FileBatch, ReindexSchedule
from ingest.errors import NotFound
from ingest.jobs.maintenance import run_maintenance
from ingest.reindex import schedules
from ingest.stores import batches as file_batches
from ingest.stores import vector_stores
from ingest.stores.vector_stores import ChunkSizes
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs

HOUR = 3_600
DAY = 24 * HOUR


def create_hourly(
    services: FakeServices, store: str, *, chunk_sizes: ChunkSizes | None = None, paused: bool = False
) -> ReindexSchedule:
    return schedules.create(
        services, CALLER, store, cron="0 * * * *", timezone="UTC", only="all", chunk_sizes=chunk_sizes, paused=paused
    )


def count_batches(services: FakeServices) -> int:
    with services.database.reading() as session:
        return session.scalar(select(func.count()).select_from(FileBatch)) or 0


def reload(services: FakeServices, schedule: ReindexSchedule) -> ReindexSchedule:
    return schedules.retrieve(services, CALLER, schedule.vector_store_id, schedule.id)


def test_a_due_schedule_starts_one_batch(services: FakeServices, clock: Clock) -> None:
    store, [file_id] = attach_texts(services, "one")
    run_published_jobs(services)
    schedule = create_hourly(services, store, chunk_sizes=ChunkSizes(300, 0))
    assert schedule.next_run_at is not None
    clock.advance(schedule.next_run_at - clock() - 1)
    run_maintenance(services)
    assert count_batches(services) == 0

    clock.advance(1)
    run_maintenance(services)
    run_maintenance(services)

    reloaded = reload(services, schedule)
    assert count_batches(services) == 1
    assert (reloaded.last_run_at, reloaded.next_run_at) == (schedule.next_run_at, schedule.next_run_at + HOUR)
    assert reloaded.last_batch_id is not None
    assert file_batches.retrieve(services, CALLER, store, reloaded.last_batch_id).in_progress == 1
    assert run_published_jobs(services) == ["completed"]
    assert rows.get_row(services.database, store, file_id).chunk_tokens == 300


def test_several_missed_runs_lead_to_one_batch(services: FakeServices, clock: Clock) -> None:
    store, _ = attach_texts(services, "one")
    run_published_jobs(services)
    schedule = create_hourly(services, store)
    clock.advance(5 * HOUR)

    run_maintenance(services)

    reloaded = reload(services, schedule)
    assert count_batches(services) == 1
    assert reloaded.last_run_at == int(clock())
    assert reloaded.next_run_at is not None
    assert clock() < reloaded.next_run_at <= clock() + HOUR


def test_two_concurrent_maintenance_runs_start_one_batch(services: FakeServices, clock: Clock) -> None:
    store, _ = attach_texts(services, "one")
    run_published_jobs(services)
    create_hourly(services, store)
    for expected in range(1, 6):
        clock.advance(HOUR)
        barrier = threading.Barrier(2)
        started: list[int] = []

        def run_due_together(barrier: threading.Barrier = barrier, started: list[int] = started) -> None:
            barrier.wait(10)
            started.append(schedules.run_due(services))

        threads = [threading.Thread(target=run_due_together) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

        assert sorted(started) == [0, 1]
        assert count_batches(services) == expected


def test_a_schedule_that_another_process_ran_is_not_run_again(services: FakeServices, clock: Clock) -> None:
    store, _ = attach_texts(services, "one")
    schedule = create_hourly(services, store)
    clock.advance(HOUR)
    assert schedules.run_due(services) == 1

    assert schedules._start_run(services, schedule) is False

    assert count_batches(services) == 1


def test_a_paused_schedule_does_not_run_and_its_missed_runs_are_not_caught_up(
    services: FakeServices, clock: Clock
) -> None:
    store, _ = attach_texts(services, "one")
    schedule = create_hourly(services, store)
    schedules.update(services, CALLER, store, schedule.id, {"paused": True})
    assert reload(services, schedule).next_run_at is None
    clock.advance(DAY)
    run_maintenance(services)
    assert count_batches(services) == 0

    resumed = schedules.update(services, CALLER, store, schedule.id, {"paused": False})
    run_maintenance(services)

    assert count_batches(services) == 0
    assert resumed.next_run_at is not None
    assert clock() < resumed.next_run_at <= clock() + HOUR


def test_a_changed_cron_moves_the_next_run_and_other_changes_do_not(services: FakeServices) -> None:
    store, _ = attach_texts(services, "one")
    schedule = create_hourly(services, store)

    same = schedules.update(
        services, CALLER, store, schedule.id, {"only": "stale", "chunk_sizes": ChunkSizes(300, 100)}
    )
    before = same.next_run_at
    later = schedules.update(services, CALLER, store, schedule.id, {"cron": "30 12 * * *"})

    assert (same.only, same.chunk_tokens, before) == ("stale", 300, schedule.next_run_at)
    assert later.next_run_at is not None
    assert datetime.fromtimestamp(later.next_run_at, ZoneInfo("UTC")).strftime("%H:%M") == "12:30"


@pytest.mark.parametrize("end", ["delete", "expire"])
def test_a_deleted_or_expired_store_is_not_reindexed(services: FakeServices, clock: Clock, end: str) -> None:
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=1)
    other, _ = attach_texts(services, "one")
    create_hourly(services, store.id)
    create_hourly(services, other)
    if end == "delete":
        vector_stores.delete(services, CALLER, store.id)
    clock.advance(2 * DAY)

    run_maintenance(services)

    assert count_batches(services) == 1


def test_a_deleted_schedule_does_not_run(services: FakeServices, clock: Clock) -> None:
    store, _ = attach_texts(services, "one")
    schedule = create_hourly(services, store)

    schedules.delete(services, CALLER, store, schedule.id)

    clock.advance(DAY)
    run_maintenance(services)
    assert count_batches(services) == 0
    with pytest.raises(NotFound):
        reload(services, schedule)

"""Import schedules on both databases: when they fall due, and which process claims their runs."""

import threading

import pytest

from ingest.db.schedules import import_schedules as rows
from ingest.errors import NotFound
from ingest.imports import schedules
from ingest.jobs.maintenance import run_maintenance
from ingest.stores import vector_stores
from tests.conftest import Clock
from tests.fakes import CALLER, FakeServices
from tests.imports.schedule_scenes import (
    DAY,
    HOUR,
    LEASE,
    claim_run,
    create_hourly,
    create_store,
    end_run,
    reload,
    start_run,
)


def test_a_schedule_falls_due_at_its_time_and_runs_once(services: FakeServices, clock: Clock) -> None:
    schedule = create_hourly(services, create_store(services))
    assert schedule.next_run_at is not None
    clock.advance(schedule.next_run_at - clock() - 1)
    run_maintenance(services)
    assert claim_run(services) is None

    clock.advance(1)
    run_maintenance(services)
    run_maintenance(services)
    run = claim_run(services)

    assert run is not None
    assert (run.began_at, run.next_run_at, run.due_since) == (int(clock()), schedule.next_run_at + HOUR, None)
    assert end_run(services, run)
    assert claim_run(services) is None
    assert (reload(services, schedule).result, reload(services, schedule).counts) == ("completed", {"total": 1})


def test_several_missed_runs_lead_to_one_run(services: FakeServices, clock: Clock) -> None:
    schedule = create_hourly(services, create_store(services))
    clock.advance(5 * HOUR)

    run_maintenance(services)

    run = claim_run(services)
    assert run is not None
    end_run(services, run)
    run_maintenance(services)
    assert claim_run(services) is None
    following = reload(services, schedule).next_run_at
    assert following is not None
    assert clock() < following <= clock() + HOUR


def test_two_concurrent_maintenance_runs_make_a_schedule_due_once(services: FakeServices, clock: Clock) -> None:
    create_hourly(services, create_store(services))
    for _ in range(5):
        clock.advance(HOUR)
        barrier = threading.Barrier(2)
        marked: list[int] = []

        def run_due_schedules(barrier: threading.Barrier = barrier, marked: list[int] = marked) -> None:
            barrier.wait(10)
            marked.append(schedules.run_due(services))

        threads = [threading.Thread(target=run_due_schedules) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

        assert sorted(marked) == [0, 1]
        run = claim_run(services)
        assert run is not None
        assert end_run(services, run)
        assert claim_run(services) is None


def test_a_schedule_that_falls_due_during_its_run_runs_once_more_afterwards(
    services: FakeServices, clock: Clock
) -> None:
    create_hourly(services, create_store(services))
    clock.advance(HOUR)
    run_maintenance(services)
    first = claim_run(services)
    assert first is not None
    for _ in range(3):
        with services.database.transaction() as session:
            assert rows.renew_lease(session, first.row, first.fence, 2 * HOUR, {})
        clock.advance(HOUR)
        run_maintenance(services)
        assert claim_run(services, "two") is None

    end_run(services, first)
    second = claim_run(services, "two")

    assert second is not None
    assert second.run_id != first.run_id
    end_run(services, second)
    assert claim_run(services) is None


def test_runs_missed_while_paused_are_not_caught_up(services: FakeServices, clock: Clock) -> None:
    schedule = create_hourly(services, create_store(services))
    clock.advance(HOUR)
    run_maintenance(services)
    schedules.update(services, CALLER, schedule.vector_store_id, schedule.id, {"paused": True})  # due, and not begun
    assert claim_run(services) is None
    clock.advance(DAY)
    run_maintenance(services)

    resumed = schedules.update(services, CALLER, schedule.vector_store_id, schedule.id, {"paused": False})
    run_maintenance(services)

    assert claim_run(services) is None
    assert resumed.next_run_at is not None
    assert clock() < resumed.next_run_at <= clock() + HOUR


def test_a_paused_schedule_runs_on_request(services: FakeServices) -> None:
    schedule = create_hourly(services, create_store(services), paused=True)

    schedules.run_now(services, CALLER, schedule.vector_store_id, schedule.id)
    schedules.run_now(services, CALLER, schedule.vector_store_id, schedule.id)

    run = claim_run(services)
    assert run is not None
    assert (run.paused, run.next_run_at) == (True, None)
    end_run(services, run)
    assert claim_run(services) is None


@pytest.mark.parametrize("what", ["delete", "expire"])
def test_a_run_of_a_deleted_or_expired_store_cannot_be_renewed_or_claimed(
    services: FakeServices, clock: Clock, what: str
) -> None:
    schedule, run = start_run(services, create_store(services, expires_after_days=2))
    if what == "delete":
        vector_stores.delete(services, CALLER, schedule.vector_store_id)
    clock.advance(3 * DAY)
    run_maintenance(services)

    with services.database.transaction() as session:
        assert not rows.renew_lease(session, run.row, run.fence, LEASE, {})
    assert claim_run(services) is None


@pytest.mark.parametrize("lease_holder", ["a process", "nobody"])
def test_the_run_of_a_store_that_expires_fails_with_the_reason(
    services: FakeServices, clock: Clock, lease_holder: str
) -> None:
    schedule, run = start_run(services, create_store(services, expires_after_days=2))
    if lease_holder == "nobody":
        with services.database.transaction() as session:
            rows.release_run(session, run.row, run.fence, after_seconds=60, is_counted=False)
    clock.advance(3 * DAY)
    run_maintenance(services)  # the store expires, and the schedule falls due again

    ended = reload(services, schedule)
    assert (ended.run_id, ended.ended_at, ended.result) == (run.run_id, int(clock()), "failed")
    assert ended.error == "Its vector store has expired."
    assert (ended.due_since, ended.lease_until) == (None, None)
    assert not end_run(services, run)
    clock.advance(1)
    run_maintenance(services)
    assert reload(services, schedule).ended_at == ended.ended_at


def test_a_due_run_is_cancelled_when_its_store_expires(services: FakeServices, clock: Clock) -> None:
    schedule = create_hourly(services, create_store(services, expires_after_days=2))
    schedules.run_now(services, CALLER, schedule.vector_store_id, schedule.id)
    clock.advance(3 * DAY)

    run_maintenance(services)

    assert (reload(services, schedule).due_since, reload(services, schedule).run_id) == (None, None)


def test_deleting_a_schedule_deletes_its_run(services: FakeServices) -> None:
    schedule, run = start_run(services, create_store(services))

    schedules.delete(services, CALLER, schedule.vector_store_id, schedule.id)

    with pytest.raises(NotFound):
        reload(services, schedule)
    assert not end_run(services, run)


def test_the_run_that_waits_longest_is_claimed_first_and_only_once(services: FakeServices, clock: Clock) -> None:
    created = [create_hourly(services, create_store(services)) for _ in range(3)]
    for schedule in reversed(created):
        schedules.run_now(services, CALLER, schedule.vector_store_id, schedule.id)
        clock.advance(1)

    runs = [claim_run(services, owner) for owner in ("one", "two", "one", "two")]

    assert [None if run is None else run.id for run in runs] == [*[schedule.id for schedule in reversed(created)], None]


def test_concurrent_processes_never_claim_the_same_run(services: FakeServices) -> None:
    for _ in range(3):
        schedule = create_hourly(services, create_store(services))
        schedules.run_now(services, CALLER, schedule.vector_store_id, schedule.id)
    barrier = threading.Barrier(4)
    run_ids: list[str] = []

    def claim_all() -> None:
        barrier.wait(10)
        while (run := claim_run(services)) is not None:
            run_ids.append(run.id)

    threads = [threading.Thread(target=claim_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(run_ids) == len(set(run_ids)) == 3

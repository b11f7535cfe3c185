"""The lease of a job: renewed in time, and what happens after it was lost; over fakes, on both databases."""

import threading
import time
from collections.abc import Callable, Sequence

import pytest

from ingest.errors import Abandoned, DependencyDown
from ingest.jobs import run
from ingest.jobs.lease import Lease
from ingest.jobs.maintenance import run_maintenance
from ingest.steps.index import Point, PointOwner
from ingest.stores import members
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs


def test_the_heartbeat_renews_the_lease_of_a_long_job(services: FakeServices, clock: Clock) -> None:
    store, _ = attach_texts(services, "slow")
    object.__setattr__(services.settings, "heartbeat_seconds", 0.02)
    renewed = threading.Event()

    def wait_for_a_beat() -> None:
        clock.advance(20)
        for _ in range(200):
            if rows.get_row(services.database, store, file_id).lease_until == clock() + services.settings.lease_seconds:
                renewed.set()
                return
            threading.Event().wait(0.02)

    [file_id] = [file.file_id for file in members.list_page(services, CALLER, store, rows.WINDOW, status=None).items]
    services.embedder.before_embedding = wait_for_a_beat

    assert run_published_jobs(services) == ["completed"]
    assert renewed.is_set()


def freeze_before_upsert(
    services: FakeServices,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: Callable[[], object],
    afterwards: Callable[[], object] = lambda: None,
) -> None:
    """Freeze the next job before it writes points: `meanwhile` runs before the write, `afterwards` after it."""
    write = services.index.upsert

    def late_upsert(owner: PointOwner, points: Sequence[Point]) -> None:
        monkeypatch.setattr(services.index, "upsert", write)
        meanwhile()
        write(owner, points)
        afterwards()

    monkeypatch.setattr(services.index, "upsert", late_upsert)


@pytest.mark.parametrize("end", ["normal", "dependency_down", "stop_requested"])
def test_points_written_by_a_frozen_worker_after_the_last_purge_are_purged(
    services: FakeServices, clock: Clock, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    store, [file_id] = attach_texts(services, "gone")

    def delete_and_purge() -> None:
        members.delete(services, CALLER, store, file_id)
        run_maintenance(services)
        clock.advance(3_600)
        run_maintenance(services)

    def end_job() -> None:
        if end == "dependency_down":
            raise DependencyDown("qdrant", "no answer")
        if end == "stop_requested":
            services.stopping.set()
            raise Abandoned("no longer wanted")

    freeze_before_upsert(services, monkeypatch, delete_and_purge, end_job)

    assert run_published_jobs(services) == ["abandoned"]

    assert len(services.index.points) == 1
    run_maintenance(services)
    assert services.index.points == {}


def test_stale_attributes_written_by_a_frozen_worker_are_replaced(
    services: FakeServices, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, [file_id] = attach_texts(services, "styled")
    row = rows.get_row(services.database, store, file_id).row

    def complete_elsewhere_and_update() -> None:
        clock.advance(services.settings.lease_seconds + 1)
        run_maintenance(services)
        assert run.run_job(services, row, lease_holder="test/2").result == "completed"
        members.update_attributes(services, CALLER, store, file_id, {"v": 2.0})

    freeze_before_upsert(services, monkeypatch, complete_elsewhere_and_update)

    assert run.run_job(services, row, lease_holder="test/1").result == "abandoned"

    run_maintenance(services)
    assert [owner.attributes for owner, _ in services.index.points.values()] == [{"v": 2.0}]
    assert rows.read_counts(services.database, store) == (0, 1, 0, 0)


@pytest.fixture
def lease(services: FakeServices) -> Lease:
    """The lease of a claimed file without a running job."""
    store = rows.create_store(services.database)
    [row] = rows.attach(services.database, store, rows.create_files(services.database, 1))
    return Lease(services, rows.claim(services.database, row))


def lose_lease(services: FakeServices, clock: Clock) -> None:
    """Let every lease expire, and reclaim it."""
    clock.advance(services.settings.lease_seconds + 1)
    run_maintenance(services)


def test_a_job_is_wanted_until_the_worker_must_stop(services: FakeServices, lease: Lease) -> None:
    lease.ensure()
    assert lease.is_wanted()

    services.stopping.set()

    assert not lease.is_wanted()
    with pytest.raises(Abandoned):
        lease.ensure()


def test_a_renewal_that_the_database_refuses_ends_the_job(services: FakeServices, lease: Lease, clock: Clock) -> None:
    lose_lease(services, clock)

    lease._beat()

    assert not lease.is_wanted()
    with pytest.raises(Abandoned):
        lease.ensure()


def test_a_lease_that_could_not_be_renewed_in_time_ends_the_job(
    services: FakeServices, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise DependencyDown("database", "no answer")

    monkeypatch.setattr(services.database, "transaction", fail)
    lease._beat()
    assert lease.is_wanted(), "a heartbeat that fails is tried again"

    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now + services.settings.lease_seconds)

    assert not lease.is_wanted()


def test_a_lease_that_was_just_renewed_is_not_renewed_again(
    services: FakeServices, lease: Lease, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services.database, "transaction", None)

    lease.ensure()

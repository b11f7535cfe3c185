"""What one job does, over fakes, on both databases."""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest.db.models import Outage
from ingest.db.queue.membership import Member
from ingest.errors import Abandoned, DependencyDown, IngestError, InvalidFile
from ingest.jobs import run
from ingest.jobs.maintenance import sweep, work_on_points
from ingest.steps.index import PointOwner, Point
from ingest.stores import batches, files, members, search, vector_stores
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeServices, lose_answer


def store_with(services: FakeServices, *texts: str) -> tuple[str, list[str]]:
    """A store with one attached file for each text; its id and theirs."""
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=None)
    ids = [upload(services, text) for text in texts]
    for file_id in ids:
        members.attach(services, CALLER, store.id, Member(file_id, {}, 800, 400))
    return store.id, ids


def upload(services: FakeServices, text: str) -> str:
    return files.create(
        services, CALLER, filename="a.txt", purpose="assistants", blocks=[text.encode()], expires_after=None
    ).id


def run_all(services: FakeServices) -> list[run.Result]:
    """Do what the broker was told, and what follows from it."""
    results = []
    while told := [message for lane in services.queue.lanes.values() for message in lane]:
        for lane in services.queue.lanes.values():
            lane.clear()
        results += [run.run(services, message.row, owner="test/1").result for message in told]
        services.feeder.top_up()
    return results


def test_an_attached_file_is_completed_and_found(services: FakeServices) -> None:
    store, [file_id] = store_with(services, "A heron stands in the shallow water.")

    assert run_all(services) == ["completed"]

    file = members.retrieve(services, CALLER, store, file_id)
    assert file.status == "completed"
    assert file.usage_bytes > 0
    [found] = search.search(services, CALLER, store, ["heron"], limit=10)
    assert (found.file_id, found.score) == (file_id, 1.0)


def test_a_job_done_twice_is_done_once(services: FakeServices) -> None:
    store, _ = store_with(services, "once")
    [message] = services.queue.lanes["interactive"]

    first, second = (run.run(services, message.row, owner="test/1").result for _ in range(2))

    assert (first, second) == ("completed", "not to be had")
    assert rows.counts(services.database, store) == (0, 1, 0, 0)


def test_a_file_that_cannot_be_read_fails_with_the_reason(services: FakeServices) -> None:
    store, [file_id] = store_with(services, "x")
    services.parser.error = InvalidFile("The file is broken.")

    assert run_all(services) == ["failed"]

    file = members.retrieve(services, CALLER, store, file_id)
    assert (file.status, file.error_code, file.error_message) == ("failed", "invalid_file", "The file is broken.")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_defect_of_ours_fails_the_file_and_not_the_worker(services: FakeServices) -> None:
    store, [file_id] = store_with(services, "x")
    services.parser.error = ZeroDivisionError("oops")

    assert run_all(services) == ["failed"]

    assert members.retrieve(services, CALLER, store, file_id).error_code == "server_error"


def test_a_dependency_that_is_down_delays_a_file_and_never_fails_it(services: FakeServices, clock: Clock) -> None:
    store, [file_id] = store_with(services, "x")
    services.embedder.error = DependencyDown("embedder", "busy", retry_after_seconds=20)

    assert run_all(services) == ["delayed"]

    assert members.retrieve(services, CALLER, store, file_id).status == "in_progress"
    clock.advance(19)
    services.feeder.top_up()
    assert run_all(services) == []
    services.embedder.error = None
    clock.advance(2)
    services.feeder.top_up()
    assert run_all(services) == ["completed"]


def test_a_file_fails_when_its_dependency_has_been_down_for_a_day(services: FakeServices, clock: Clock) -> None:
    """T6, the deadline: however often it was tried, and not a moment earlier."""
    store, [file_id] = store_with(services, "x")
    services.index.down = True
    assert run_all(services) == ["delayed"]
    clock.advance(86_400)
    services.feeder.top_up()
    assert run_all(services) == ["delayed"]
    clock.advance(61)
    services.feeder.top_up()

    assert run_all(services) == ["failed"]

    failed = members.retrieve(services, CALLER, store, file_id)
    assert failed.error_code == "server_error"
    assert "qdrant" in (failed.error_message or "")
    assert rows.counts(services.database, store) == (0, 0, 1, 0)


def test_a_batch_cancelled_while_its_file_is_embedded_publishes_nothing(services: FakeServices) -> None:
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=None).id
    batch = batches.create(services, CALLER, store, [Member(upload(services, "never found"), {}, 800, 400)])
    services.embedder.before = lambda: batches.cancel(services, CALLER, store, batch.id)

    assert run_all(services) == ["abandoned"]

    cancelled = batches.retrieve(services, CALLER, store, batch.id)
    assert (cancelled.in_progress, cancelled.cancelled) == (0, 1)
    assert search.search(services, CALLER, store, ["never found"], limit=10) == []
    work_on_points(services)
    assert services.index.points == {}


def test_a_file_deleted_while_it_is_embedded_leaves_no_points(services: FakeServices, clock: Clock) -> None:
    store, [file_id] = store_with(services, "gone")
    services.embedder.before = lambda: members.delete(services, CALLER, store, file_id)

    assert run_all(services) == ["abandoned"]

    sweep(services)
    clock.advance(3_600)
    sweep(services)
    assert services.index.points == {}
    assert rows.counts(services.database, store) == (0, 0, 0, 0)


def test_a_worker_that_must_stop_gives_its_file_back(services: FakeServices) -> None:
    store, [file_id] = store_with(services, "later")
    services.embedder.before = services.stopping.set

    [message] = services.queue.lanes["interactive"]
    assert run.run(services, message.row, owner="test/1").result == "given back"

    row = rows.row(services.database, store, file_id)
    assert (row.status, row.crashes) == ("queued", 0)


def test_attributes_changed_during_a_job_are_those_of_the_points(services: FakeServices) -> None:
    store, [file_id] = store_with(services, "styled")
    services.embedder.before = lambda: members.update_attributes(services, CALLER, store, file_id, {"v": 2.0})

    assert run_all(services) == ["completed"]

    assert {owner.attributes["v"] for owner, _ in services.index.points.values()} == {2.0}


def test_a_heartbeat_keeps_a_long_job_alive(services: FakeServices, clock: Clock) -> None:
    store, _ = store_with(services, "slow")
    object.__setattr__(services.settings, "heartbeat_seconds", 0.02)
    renewed = threading.Event()

    def wait_for_a_beat() -> None:
        clock.advance(20)
        for _ in range(200):
            if rows.row(services.database, store, file_id).lease_until == clock() + services.settings.lease_seconds:
                renewed.set()
                return
            threading.Event().wait(0.02)

    [file_id] = [file.file_id for file in members.list_page(services, CALLER, store, rows.WINDOW, status=None).items]
    services.embedder.before = wait_for_a_beat

    assert run_all(services) == ["completed"]
    assert renewed.is_set()


def test_two_files_with_the_same_bytes_live_independent_lives(services: FakeServices) -> None:
    store, [first, second] = store_with(services, "the same", "the same")
    run_all(services)

    files.delete(services, CALLER, first)
    sweep(services)

    assert [found.file_id for found in search.search(services, CALLER, store, ["same"], limit=10)] == [second]
    assert b"".join(files.read_content(services, CALLER, second)[1]) == b"the same"


def test_the_bytes_of_a_deleted_file_are_gone(services: FakeServices) -> None:
    file_id = upload(services, "only here")

    files.delete(services, CALLER, file_id)

    assert list(services.blobs.names("raw/")) == []


def test_of_two_changes_of_attributes_that_overtake_each_other_the_last_one_stays(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, [file_id] = store_with(services, "styled")
    run_all(services)
    write = services.index.set_attributes
    slow = [True]

    def set_attributes(owner: PointOwner) -> None:
        if slow.pop() if slow else False:  # the first is on its way while the second is done as a whole
            members.update_attributes(services, CALLER, store, file_id, {"v": 2.0})
        write(owner)

    monkeypatch.setattr(services.index, "set_attributes", set_attributes)
    members.update_attributes(services, CALLER, store, file_id, {"v": 1.0})

    assert {owner.attributes["v"] for owner, _ in services.index.points.values()} == {2.0}


def test_a_database_that_is_away_when_a_file_is_done_costs_neither_the_work_nor_a_kill(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "OUTAGE_PAUSE_SECONDS", 0.01)
    store, [file_id] = store_with(services, "patience")
    transaction = services.database.transaction
    failures = iter([True, True])

    def away() -> AbstractContextManager[Session]:
        if next(failures, False):
            raise DependencyDown("database", "it is away")
        return transaction()

    services.embedder.before = lambda: monkeypatch.setattr(services.database, "transaction", away)

    assert run_all(services) == ["completed"]

    row = rows.row(services.database, store, file_id)
    assert (row.attempts, row.crashes) == (1, 0)


def test_a_file_that_was_taken_without_an_answer_waits_again_and_costs_no_kill(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, [file_id] = store_with(services, "unheard")
    [message] = services.queue.lanes["interactive"]
    lose_answer(services, monkeypatch)

    with pytest.raises(DependencyDown, match="COMMIT"):
        run.run(services, message.row, owner="test/1")

    row = rows.row(services.database, store, file_id)
    assert (row.status, row.crashes, row.published_at) == ("queued", 0, None)
    assert run.run(services, message.row, owner="test/1").result == "completed"


def test_a_failure_whose_answer_was_lost_counts_once(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    store_with(services, "delayed")
    services.embedder.error = DependencyDown("embedder", "busy")
    services.embedder.before = lambda: lose_answer(services, monkeypatch)
    monkeypatch.setattr(run, "OUTAGE_PAUSE_SECONDS", 0.01)

    assert run_all(services) == ["abandoned"]

    with services.database.reading() as session:
        assert [outage.failures for outage in session.scalars(select(Outage))] == [1]


def frozen_before_it_writes(
    services: FakeServices,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: Callable[[], object],
    afterwards: Callable[[], object] = lambda: None,
) -> None:
    """Have the next job stand still before it writes points, while its lease ends and something else happens."""
    write = services.index.upsert

    def late(owner: PointOwner, points: Sequence[Point]) -> None:
        monkeypatch.setattr(services.index, "upsert", write)
        meanwhile()
        write(owner, points)
        afterwards()

    monkeypatch.setattr(services.index, "upsert", late)


@pytest.mark.parametrize("end", ["as usual", "nobody answers it", "it is asked to stop"])
def test_what_a_frozen_worker_writes_after_the_last_purge_is_purged_too(
    services: FakeServices, clock: Clock, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    store, [file_id] = store_with(services, "gone")

    def deleted_and_purged() -> None:
        members.delete(services, CALLER, store, file_id)
        sweep(services)
        clock.advance(3_600)
        sweep(services)

    def ends() -> None:
        if end == "nobody answers it":
            raise DependencyDown("qdrant", "no answer")
        if end == "it is asked to stop":
            services.stopping.set()
            raise Abandoned("no longer wanted")

    frozen_before_it_writes(services, monkeypatch, deleted_and_purged, ends)

    assert run_all(services) == ["abandoned"]

    assert len(services.index.points) == 1
    sweep(services)
    assert services.index.points == {}


def test_attributes_that_a_frozen_worker_brings_back_are_replaced_again(
    services: FakeServices, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, [file_id] = store_with(services, "styled")
    row = rows.row(services.database, store, file_id).row

    def done_by_another_and_restyled() -> None:
        clock.advance(services.settings.lease_seconds + 1)
        sweep(services)
        assert run.run(services, row, owner="test/2").result == "completed"
        members.update_attributes(services, CALLER, store, file_id, {"v": 2.0})

    frozen_before_it_writes(services, monkeypatch, done_by_another_and_restyled)

    assert run.run(services, row, owner="test/1").result == "abandoned"

    sweep(services)
    assert [owner.attributes for owner, _ in services.index.points.values()] == [{"v": 2.0}]
    assert rows.counts(services.database, store) == (0, 1, 0, 0)


def test_attributes_that_cannot_be_written_do_not_hold_up_the_deletion_of_points(
    services: FakeServices, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.jobs.maintenance.POINT_JOBS", 2)
    store, ids = store_with(services, "one", "two", "three")
    run_all(services)

    def refuse(owner: PointOwner) -> None:
        raise IngestError("qdrant: answered 400")

    monkeypatch.setattr(services.index, "set_attributes", refuse)
    for file_id in ids:
        with pytest.raises(IngestError):
            members.update_attributes(services, CALLER, store, file_id, {"v": 1.0})
    clock.advance(60)
    members.delete(services, CALLER, store, ids[0])

    sweep(services)

    assert {row for row, _, _ in services.index.points} == {rows.row(services.database, store, i).row for i in ids[1:]}

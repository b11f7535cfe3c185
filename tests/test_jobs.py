"""What one job does, over fakes, on both databases."""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from ingest import file_batches, files, jobs, search, store_files, vector_stores
from ingest.db.attachments import Member
from ingest.db.models import Outage
from ingest.errors import Abandoned, DependencyDown, IngestError, InvalidFile
from ingest.steps.index import Owner, Point
from ingest.sweep import sweep, work_on_points
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeTools, lose_answer


def store_with(tools: FakeTools, *texts: str) -> tuple[str, list[str]]:
    """A store with one attached file for each text; its id and theirs."""
    store = vector_stores.create(tools, CALLER, name="s", description=None, metadata={}, expires_after_days=None)
    ids = [upload(tools, text) for text in texts]
    for file_id in ids:
        store_files.attach(tools, CALLER, store.id, Member(file_id, {}, 800, 400))
    return store.id, ids


def upload(tools: FakeTools, text: str) -> str:
    return files.create(
        tools, CALLER, filename="a.txt", purpose="assistants", blocks=[text.encode()], expires_after=None
    ).id


def run_all(tools: FakeTools) -> list[jobs.Result]:
    """Do what the broker was told, and what follows from it."""
    results = []
    while told := [message for lane in tools.queue.lanes.values() for message in lane]:
        for lane in tools.queue.lanes.values():
            lane.clear()
        results += [jobs.run(tools, message.row, owner="test/1").result for message in told]
        tools.feeder.top_up()
    return results


def test_an_attached_file_is_completed_and_found(tools: FakeTools) -> None:
    store, [file_id] = store_with(tools, "A heron stands in the shallow water.")

    assert run_all(tools) == ["completed"]

    file = store_files.retrieve(tools, CALLER, store, file_id)
    assert file.status == "completed"
    assert file.usage_bytes > 0
    [found] = search.search(tools, CALLER, store, ["heron"], limit=10)
    assert (found.file_id, found.score) == (file_id, 1.0)


def test_a_job_done_twice_is_done_once(tools: FakeTools) -> None:
    store, _ = store_with(tools, "once")
    [message] = tools.queue.lanes["interactive"]

    first, second = (jobs.run(tools, message.row, owner="test/1").result for _ in range(2))

    assert (first, second) == ("completed", "not to be had")
    assert rows.counts(tools.database, store) == (0, 1, 0, 0)


def test_a_file_that_cannot_be_read_fails_with_the_reason(tools: FakeTools) -> None:
    store, [file_id] = store_with(tools, "x")
    tools.parser.error = InvalidFile("The file is broken.")

    assert run_all(tools) == ["failed"]

    file = store_files.retrieve(tools, CALLER, store, file_id)
    assert (file.status, file.error_code, file.error_message) == ("failed", "invalid_file", "The file is broken.")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_defect_of_ours_fails_the_file_and_not_the_worker(tools: FakeTools) -> None:
    store, [file_id] = store_with(tools, "x")
    tools.parser.error = ZeroDivisionError("oops")

    assert run_all(tools) == ["failed"]

    assert store_files.retrieve(tools, CALLER, store, file_id).error_code == "server_error"


def test_a_dependency_that_is_down_delays_a_file_and_never_fails_it(tools: FakeTools, clock: Clock) -> None:
    store, [file_id] = store_with(tools, "x")
    tools.embedder.error = DependencyDown("embedder", "busy", retry_after_seconds=20)

    assert run_all(tools) == ["delayed"]

    assert store_files.retrieve(tools, CALLER, store, file_id).status == "in_progress"
    clock.advance(19)
    tools.feeder.top_up()
    assert run_all(tools) == []
    tools.embedder.error = None
    clock.advance(2)
    tools.feeder.top_up()
    assert run_all(tools) == ["completed"]


def test_a_file_fails_when_its_dependency_has_been_down_for_a_day(tools: FakeTools, clock: Clock) -> None:
    """T6, the deadline: however often it was tried, and not a moment earlier."""
    store, [file_id] = store_with(tools, "x")
    tools.index.down = True
    assert run_all(tools) == ["delayed"]
    clock.advance(86_400)
    tools.feeder.top_up()
    assert run_all(tools) == ["delayed"]
    clock.advance(61)
    tools.feeder.top_up()

    assert run_all(tools) == ["failed"]

    failed = store_files.retrieve(tools, CALLER, store, file_id)
    assert failed.error_code == "server_error"
    assert "qdrant" in (failed.error_message or "")
    assert rows.counts(tools.database, store) == (0, 0, 1, 0)


def test_a_batch_cancelled_while_its_file_is_embedded_publishes_nothing(tools: FakeTools) -> None:
    store = vector_stores.create(tools, CALLER, name="s", description=None, metadata={}, expires_after_days=None).id
    batch = file_batches.create(tools, CALLER, store, [Member(upload(tools, "never found"), {}, 800, 400)])
    tools.embedder.before = lambda: file_batches.cancel(tools, CALLER, store, batch.id)

    assert run_all(tools) == ["abandoned"]

    cancelled = file_batches.retrieve(tools, CALLER, store, batch.id)
    assert (cancelled.in_progress, cancelled.cancelled) == (0, 1)
    assert search.search(tools, CALLER, store, ["never found"], limit=10) == []
    work_on_points(tools)
    assert tools.index.points == {}


def test_a_file_deleted_while_it_is_embedded_leaves_no_points(tools: FakeTools, clock: Clock) -> None:
    store, [file_id] = store_with(tools, "gone")
    tools.embedder.before = lambda: store_files.delete(tools, CALLER, store, file_id)

    assert run_all(tools) == ["abandoned"]

    sweep(tools)
    clock.advance(3_600)
    sweep(tools)
    assert tools.index.points == {}
    assert rows.counts(tools.database, store) == (0, 0, 0, 0)


def test_a_worker_that_must_stop_gives_its_file_back(tools: FakeTools) -> None:
    store, [file_id] = store_with(tools, "later")
    tools.embedder.before = tools.stopping.set

    [message] = tools.queue.lanes["interactive"]
    assert jobs.run(tools, message.row, owner="test/1").result == "given back"

    row = rows.row(tools.database, store, file_id)
    assert (row.status, row.kills) == ("queued", 0)


def test_attributes_changed_during_a_job_are_those_of_the_points(tools: FakeTools) -> None:
    store, [file_id] = store_with(tools, "styled")
    tools.embedder.before = lambda: store_files.update_attributes(tools, CALLER, store, file_id, {"v": 2.0})

    assert run_all(tools) == ["completed"]

    assert {owner.attributes["v"] for owner, _ in tools.index.points.values()} == {2.0}


def test_a_heartbeat_keeps_a_long_job_alive(tools: FakeTools, clock: Clock) -> None:
    store, _ = store_with(tools, "slow")
    object.__setattr__(tools.settings, "heartbeat_seconds", 0.02)
    renewed = threading.Event()

    def wait_for_a_beat() -> None:
        clock.advance(20)
        for _ in range(200):
            if rows.row(tools.database, store, file_id).lease_until == clock() + tools.settings.lease_seconds:
                renewed.set()
                return
            threading.Event().wait(0.02)

    [file_id] = [file.file_id for file in store_files.listed(tools, CALLER, store, rows.WINDOW, status=None).items]
    tools.embedder.before = wait_for_a_beat

    assert run_all(tools) == ["completed"]
    assert renewed.is_set()


def test_two_files_with_the_same_bytes_live_independent_lives(tools: FakeTools) -> None:
    store, [first, second] = store_with(tools, "the same", "the same")
    run_all(tools)

    files.delete(tools, CALLER, first)
    sweep(tools)

    assert [found.file_id for found in search.search(tools, CALLER, store, ["same"], limit=10)] == [second]
    assert b"".join(files.content(tools, CALLER, second)[1]) == b"the same"


def test_the_bytes_of_a_deleted_file_are_gone(tools: FakeTools) -> None:
    file_id = upload(tools, "only here")

    files.delete(tools, CALLER, file_id)

    assert list(tools.blobs.names("raw/")) == []


def test_of_two_changes_of_attributes_that_overtake_each_other_the_last_one_stays(
    tools: FakeTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, [file_id] = store_with(tools, "styled")
    run_all(tools)
    write = tools.index.set_attributes
    slow = [True]

    def set_attributes(owner: Owner) -> None:
        if slow.pop() if slow else False:  # the first is on its way while the second is done as a whole
            store_files.update_attributes(tools, CALLER, store, file_id, {"v": 2.0})
        write(owner)

    monkeypatch.setattr(tools.index, "set_attributes", set_attributes)
    store_files.update_attributes(tools, CALLER, store, file_id, {"v": 1.0})

    assert {owner.attributes["v"] for owner, _ in tools.index.points.values()} == {2.0}


def test_a_database_that_is_away_when_a_file_is_done_costs_neither_the_work_nor_a_kill(
    tools: FakeTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "OUTAGE_PAUSE_SECONDS", 0.01)
    store, [file_id] = store_with(tools, "patience")
    transaction = tools.database.transaction
    failures = iter([True, True])

    def away() -> AbstractContextManager[Session]:
        if next(failures, False):
            raise DependencyDown("database", "it is away")
        return transaction()

    tools.embedder.before = lambda: monkeypatch.setattr(tools.database, "transaction", away)

    assert run_all(tools) == ["completed"]

    row = rows.row(tools.database, store, file_id)
    assert (row.attempts, row.kills) == (1, 0)


def test_a_file_that_was_taken_without_an_answer_waits_again_and_costs_no_kill(
    tools: FakeTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, [file_id] = store_with(tools, "unheard")
    [message] = tools.queue.lanes["interactive"]
    lose_answer(tools, monkeypatch)

    with pytest.raises(DependencyDown, match="COMMIT"):
        jobs.run(tools, message.row, owner="test/1")

    row = rows.row(tools.database, store, file_id)
    assert (row.status, row.kills, row.published_at) == ("queued", 0, None)
    assert jobs.run(tools, message.row, owner="test/1").result == "completed"


def test_a_failure_whose_answer_was_lost_counts_once(tools: FakeTools, monkeypatch: pytest.MonkeyPatch) -> None:
    store_with(tools, "delayed")
    tools.embedder.error = DependencyDown("embedder", "busy")
    tools.embedder.before = lambda: lose_answer(tools, monkeypatch)
    monkeypatch.setattr(jobs, "OUTAGE_PAUSE_SECONDS", 0.01)

    assert run_all(tools) == ["abandoned"]

    with tools.database.reading() as session:
        assert [outage.failures for outage in session.scalars(select(Outage))] == [1]


def frozen_before_it_writes(
    tools: FakeTools,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: Callable[[], object],
    afterwards: Callable[[], object] = lambda: None,
) -> None:
    """Have the next job stand still before it writes points, while its lease ends and something else happens."""
    write = tools.index.upsert

    def late(owner: Owner, points: Sequence[Point]) -> None:
        monkeypatch.setattr(tools.index, "upsert", write)
        meanwhile()
        write(owner, points)
        afterwards()

    monkeypatch.setattr(tools.index, "upsert", late)


@pytest.mark.parametrize("end", ["as usual", "nobody answers it", "it is asked to stop"])
def test_what_a_frozen_worker_writes_after_the_last_purge_is_purged_too(
    tools: FakeTools, clock: Clock, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    store, [file_id] = store_with(tools, "gone")

    def deleted_and_purged() -> None:
        store_files.delete(tools, CALLER, store, file_id)
        sweep(tools)
        clock.advance(3_600)
        sweep(tools)

    def ends() -> None:
        if end == "nobody answers it":
            raise DependencyDown("qdrant", "no answer")
        if end == "it is asked to stop":
            tools.stopping.set()
            raise Abandoned("no longer wanted")

    frozen_before_it_writes(tools, monkeypatch, deleted_and_purged, ends)

    assert run_all(tools) == ["abandoned"]

    assert len(tools.index.points) == 1
    sweep(tools)
    assert tools.index.points == {}


def test_attributes_that_a_frozen_worker_brings_back_are_replaced_again(
    tools: FakeTools, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, [file_id] = store_with(tools, "styled")
    row = rows.row(tools.database, store, file_id).row

    def done_by_another_and_restyled() -> None:
        clock.advance(tools.settings.lease_seconds + 1)
        sweep(tools)
        assert jobs.run(tools, row, owner="test/2").result == "completed"
        store_files.update_attributes(tools, CALLER, store, file_id, {"v": 2.0})

    frozen_before_it_writes(tools, monkeypatch, done_by_another_and_restyled)

    assert jobs.run(tools, row, owner="test/1").result == "abandoned"

    sweep(tools)
    assert [owner.attributes for owner, _ in tools.index.points.values()] == [{"v": 2.0}]
    assert rows.counts(tools.database, store) == (0, 1, 0, 0)


def test_attributes_that_cannot_be_written_do_not_hold_up_the_deletion_of_points(
    tools: FakeTools, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.sweep.POINT_JOBS", 2)
    store, ids = store_with(tools, "one", "two", "three")
    run_all(tools)

    def refuse(owner: Owner) -> None:
        raise IngestError("qdrant: answered 400")

    monkeypatch.setattr(tools.index, "set_attributes", refuse)
    for file_id in ids:
        with pytest.raises(IngestError):
            store_files.update_attributes(tools, CALLER, store, file_id, {"v": 1.0})
    clock.advance(60)
    store_files.delete(tools, CALLER, store, ids[0])

    sweep(tools)

    assert {row for row, _, _ in tools.index.points} == {rows.row(tools.database, store, i).row for i in ids[1:]}

"""Stores go from one embedding model to another and back, over fakes, on both databases (deploy/decisions/0011)."""

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy.orm import Session

from ingest import file_batches, jobs, reindexing, search, store_files, vector_stores
from ingest.config import LOCAL_MODEL, Settings
from ingest.db import attachments, moves, point_jobs
from ingest.db.attachments import Member
from ingest.db.counters import Sizes
from ingest.db.models import FileBatch, StoreFile, VectorStore
from ingest.db.session import Database
from ingest.errors import DependencyDown, InvalidFile, InvalidRequest, ModelMissing, RequestError
from ingest.reindexing import Into
from ingest.search import Weights
from ingest.steps.embed import Vectors
from ingest.sweep import sweep, work_on_points
from ingest.vector_stores import Chunking
from ingest.verify import verify
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeIndex, FakeTools
from tests.test_jobs import run_all, store_with, upload

OTHER, THIRD = "other", "third"
HERONS = ("A heron in the water.", "A heron on the roof.", "A heron at night.")
DAY = 86_400


@pytest.fixture
def tools(settings: Settings, database: Database) -> FakeTools:
    return FakeTools(with_models(settings, {OTHER: 5, THIRD: 12}), database)


def with_models(settings: Settings, dimensions: dict[str, int]) -> Settings:
    given = [{"model": name, "url": f"http://{name}/v1", "dimensions": size} for name, size in dimensions.items()]
    return Settings(**{**settings.model_dump(), "embedding_models": given})


def found(tools: FakeTools, store: str) -> list[str]:
    return sorted(passage.text for passage in search.search(tools, CALLER, store, ["heron"], limit=50))


def move(tools: FakeTools, store: str, model: str = OTHER, *, at_once: bool = False) -> FileBatch:
    return file_batches.reindex(tools, CALLER, store, "all", None, Into(model, at_once))


def state(tools: FakeTools, store: str) -> tuple[str, str | None, str | None]:
    models = reindexing.models(tools, CALLER, store)
    return models.model, models.other_model, models.state


def generations(tools: FakeTools, model: str) -> set[tuple[int, int]]:
    """Rows and generations of the points of a model."""
    index = tools.index_of(model)
    assert isinstance(index, FakeIndex)
    return {(row, generation) for row, generation, _ in index.points}


def run_all_but_the_first(tools: FakeTools) -> None:
    """Work off the queue; the other model refuses the file that is first in it."""
    other = tools.embedder_of(OTHER)
    other.error = InvalidFile("The embedding model says a part of the text is too long")  # type: ignore[attr-defined]
    jobs.run(tools, tools.queue.lanes["bulk"].pop(0).row, owner="test/1")
    other.error = None  # type: ignore[attr-defined]
    run_all(tools)


def settle(tools: FakeTools) -> None:
    """Everything that waits is done."""
    for _ in range(6):
        sweep(tools)
        run_all(tools)


def agrees(tools: FakeTools) -> None:
    report = verify(tools, running=False)
    assert report.findings == []


def moved(tools: FakeTools, *texts: str) -> tuple[str, list[str]]:
    """A store that has gone over to the other model, and its files."""
    store, files = store_with(tools, *texts)
    run_all(tools)
    move(tools, store)
    run_all(tools)
    sweep(tools)
    assert state(tools, store) == (OTHER, LOCAL_MODEL, "kept")
    return store, files


def test_a_store_goes_over_as_a_whole_when_all_its_files_are_ready(tools: FakeTools) -> None:
    store, _ = store_with(tools, *HERONS)
    run_all(tools)
    sizes = vector_stores.retrieve(tools, CALLER, store).usage_bytes
    batch = move(tools, store)
    seen = [found(tools, store)]
    for message in tools.queue.lanes["bulk"]:
        assert state(tools, store) == (LOCAL_MODEL, OTHER, "staging")
        jobs.run(tools, message.row, owner="test/1")
        seen.append(found(tools, store))
    embedded = tools.embedder.embedded

    sweep(tools)

    assert file_batches.retrieve(tools, CALLER, store, batch.id).completed == 3
    assert state(tools, store) == (OTHER, LOCAL_MODEL, "kept")
    seen.append(found(tools, store))
    assert seen == [sorted(HERONS)] * 5
    assert tools.embedder.embedded == embedded  # the query too was embedded by the other model
    assert len(generations(tools, OTHER)) == len(generations(tools, LOCAL_MODEL)) == 3
    assert vector_stores.retrieve(tools, CALLER, store).usage_bytes == sizes - 3 * 4 * (8 - 5)
    agrees(tools)


def test_a_store_can_go_back_at_once_while_the_old_points_are_kept(tools: FakeTools) -> None:
    store, _ = moved(tools, *HERONS)
    embedded = tools.embedder.embedded

    batch = file_batches.go_back(tools, CALLER, store)

    assert batch.in_progress == batch.completed == 0
    assert state(tools, store) == (LOCAL_MODEL, OTHER, "kept")
    assert tools.embedder.embedded == embedded
    assert found(tools, store) == sorted(HERONS)
    agrees(tools)


def test_files_that_came_since_are_made_with_the_old_model_before_a_store_goes_back(tools: FakeTools) -> None:
    store, _ = moved(tools, *HERONS)
    store_files.attach(tools, CALLER, store, Member(upload(tools, "A heron that came late."), {}, 800, 400))
    run_all(tools)

    batch = file_batches.go_back(tools, CALLER, store)

    assert batch.in_progress == 1
    assert state(tools, store) == (OTHER, LOCAL_MODEL, "staging")
    assert len(found(tools, store)) == 4
    run_all(tools)
    sweep(tools)
    assert state(tools, store) == (LOCAL_MODEL, OTHER, "kept")
    assert len(found(tools, store)) == 4
    agrees(tools)


def test_what_is_kept_is_deleted_after_some_days(tools: FakeTools, clock: Clock) -> None:
    store, _ = moved(tools, *HERONS)
    until = reindexing.models(tools, CALLER, store).kept_until

    clock.advance(7 * DAY - 1)
    settle(tools)
    assert len(generations(tools, LOCAL_MODEL)) == 3
    clock.advance(1)
    assert until == clock()
    settle(tools)

    assert state(tools, store) == (OTHER, None, None)
    assert generations(tools, LOCAL_MODEL) == set()
    assert found(tools, store) == sorted(HERONS)
    with pytest.raises(InvalidRequest, match="nothing to go back to"):
        file_batches.go_back(tools, CALLER, store)
    agrees(tools)


def test_what_is_kept_can_be_deleted_at_once(tools: FakeTools) -> None:
    store, _ = moved(tools, *HERONS)

    assert reindexing.forget_old(tools, CALLER, store).state == "dropping"
    settle(tools)

    assert state(tools, store) == (OTHER, None, None)
    assert generations(tools, LOCAL_MODEL) == set()
    agrees(tools)


def test_files_that_come_during_a_move_are_found_at_once_and_come_along(tools: FakeTools) -> None:
    store, [first, *_] = store_with(tools, *HERONS)
    run_all(tools)
    move(tools, store)
    store_files.attach(tools, CALLER, store, Member(upload(tools, "A heron that came late."), {}, 800, 400))
    store_files.attach(tools, CALLER, store, Member(first, {"colour": "grey"}, 300, 0))

    run_all(tools)

    assert len(found(tools, store)) == 4
    assert state(tools, store)[2] == "staging"
    for _ in range(3):  # what has come since, then the move
        sweep(tools)
        run_all(tools)
        assert len(found(tools, store)) == 4
    assert state(tools, store) == (OTHER, LOCAL_MODEL, "kept")
    assert store_files.retrieve(tools, CALLER, store, first).chunk_tokens == 300
    agrees(tools)


def test_a_file_that_fails_keeps_its_store_where_it_is_until_it_is_tried_again(tools: FakeTools) -> None:
    tools.parser.kind = "pdf"
    store, _ = store_with(tools, *HERONS)
    run_all(tools)
    batch = move(tools, store)
    run_all_but_the_first(tools)

    settle(tools)

    assert file_batches.retrieve(tools, CALLER, store, batch.id).failed == 1
    assert state(tools, store) == (LOCAL_MODEL, OTHER, "staging")
    assert found(tools, store) == sorted(HERONS)
    agrees(tools)
    retried = file_batches.retry(tools, CALLER, store, ["failed"], batch_id=batch.id)
    assert retried.batch is not None
    assert retried.batch.in_progress == 1
    settle(tools)
    assert state(tools, store) == (OTHER, LOCAL_MODEL, "kept")
    assert found(tools, store) == sorted(HERONS)
    agrees(tools)


def silenced(tools: FakeTools, model: str) -> None:
    """The model's embedder does not answer queries any more."""

    def no_answer(text: str) -> Vectors:
        raise DependencyDown("embedder", "it is down")

    tools.embedder_of(model).embed_query = no_answer  # type: ignore[method-assign]


def test_the_model_that_a_store_is_about_to_go_over_to_is_not_asked_before_a_file_has_gone_over(
    tools: FakeTools,
) -> None:
    store, _ = store_with(tools, *HERONS)
    run_all(tools)
    silenced(tools, OTHER)

    move(tools, store, at_once=True)

    assert state(tools, store) == (OTHER, LOCAL_MODEL, "mixed")
    assert found(tools, store) == sorted(HERONS)


def test_the_model_that_all_files_of_a_store_have_left_is_not_asked_any_more(tools: FakeTools) -> None:
    store, _ = store_with(tools, *HERONS)
    run_all(tools)
    move(tools, store, at_once=True)
    run_all(tools)
    silenced(tools, LOCAL_MODEL)

    assert state(tools, store) == (OTHER, LOCAL_MODEL, "mixed")
    assert found(tools, store) == sorted(HERONS)


def test_both_models_are_asked_while_a_store_has_files_of_both(tools: FakeTools) -> None:
    store, _ = store_with(tools, *HERONS)
    run_all(tools)
    move(tools, store, at_once=True)
    jobs.run(tools, tools.queue.lanes["bulk"].pop(0).row, owner="test/1")
    silenced(tools, LOCAL_MODEL)

    with pytest.raises(DependencyDown):
        found(tools, store)


def test_a_store_without_files_that_is_mixed_has_nothing_to_find(tools: FakeTools) -> None:
    store, files = store_with(tools, *HERONS)
    run_all(tools)
    move(tools, store, at_once=True)
    for file_id in files:
        store_files.delete(tools, CALLER, store, file_id)

    assert state(tools, store) == (OTHER, LOCAL_MODEL, "mixed")
    assert found(tools, store) == []


def test_the_first_file_that_goes_over_while_a_search_is_made_is_found_as_it_was(tools: FakeTools) -> None:
    store, _ = store_with(tools, *HERONS)
    run_all(tools)
    move(tools, store, at_once=True)
    before = tools.index.search

    def overtaken(*given: object, **named: object) -> object:
        hits = before(*given, **named)  # type: ignore[arg-type]
        run_all(tools)
        return hits

    tools.index.search = overtaken  # type: ignore[method-assign, assignment]

    assert found(tools, store) == sorted(HERONS)
    assert reindexing.models(tools, CALLER, store).ready == 3


def test_in_a_mixed_store_a_passage_has_the_score_of_its_own_point_not_of_one_that_is_about_to_be_purged(
    tools: FakeTools,
) -> None:
    store, [first, *_] = store_with(tools, "heron heron heron", "zzz", "qqq")
    run_all(tools)
    move(tools, store, at_once=True)
    for message in tools.queue.lanes["bulk"][:2]:
        jobs.run(tools, message.row, owner="test/1")
    index = tools.index_of(OTHER)
    assert isinstance(index, FakeIndex)
    before = {key: value for key, value in index.points.items() if value[0].file_id == first}
    store_files.attach(tools, CALLER, store, Member(first, None, 300, 0))
    jobs.run(tools, rows.row(tools.database, store, first).row, owner="test/1")
    [(key, (owner, point))] = before.items()
    index.points[key] = (owner, replace(point, windows=point.windows * np.float32(0.5)))

    [best, *_] = search.search(tools, CALLER, store, ["heron heron heron"], limit=3, weights=Weights(1, 0))

    assert len(index.points) == 3
    assert best.file_id == first
    assert best.score == pytest.approx(1.0)


def test_a_store_goes_over_file_by_file_when_asked(tools: FakeTools) -> None:
    store, _ = store_with(tools, *HERONS)
    run_all(tools)
    move(tools, store, at_once=True)
    assert state(tools, store) == (OTHER, LOCAL_MODEL, "mixed")

    for ready, message in enumerate(list(tools.queue.lanes["bulk"])):
        assert reindexing.models(tools, CALLER, store).ready == ready
        assert found(tools, store) == sorted(HERONS)
        jobs.run(tools, message.row, owner="test/1")
    assert found(tools, store) == sorted(HERONS)
    sweep(tools)

    assert state(tools, store) == (OTHER, LOCAL_MODEL, "kept")
    assert found(tools, store) == sorted(HERONS)
    agrees(tools)


def test_what_is_ready_can_be_shown_at_once_and_the_rest_stays_found_as_it_was(tools: FakeTools) -> None:
    store, _ = store_with(tools, *HERONS)
    run_all(tools)
    move(tools, store)
    jobs.run(tools, tools.queue.lanes["bulk"].pop(0).row, owner="test/1")

    move(tools, store, at_once=True)

    models = reindexing.models(tools, CALLER, store)
    assert (models.state, models.ready, models.files) == ("mixed", 1, 3)
    assert found(tools, store) == sorted(HERONS)
    settle(tools)
    assert state(tools, store) == (OTHER, LOCAL_MODEL, "kept")
    agrees(tools)


def test_a_store_that_goes_over_file_by_file_can_turn_round(tools: FakeTools) -> None:
    store, _ = store_with(tools, *HERONS)
    run_all(tools)
    move(tools, store, at_once=True)
    jobs.run(tools, tools.queue.lanes["bulk"].pop(0).row, owner="test/1")

    file_batches.go_back(tools, CALLER, store)

    assert found(tools, store) == sorted(HERONS)
    settle(tools)
    assert state(tools, store) == (LOCAL_MODEL, OTHER, "kept")
    assert found(tools, store) == sorted(HERONS)
    agrees(tools)


def test_a_cancelled_move_leaves_the_store_where_it_is_and_nothing_behind(tools: FakeTools) -> None:
    store, _ = store_with(tools, *HERONS)
    run_all(tools)
    batch = move(tools, store)
    jobs.run(tools, tools.queue.lanes["bulk"].pop(0).row, owner="test/1")

    file_batches.cancel(tools, CALLER, store, batch.id)
    settle(tools)

    assert state(tools, store) == (LOCAL_MODEL, None, None)
    assert generations(tools, OTHER) == set()
    assert found(tools, store) == sorted(HERONS)
    agrees(tools)
    retried = file_batches.retry(tools, CALLER, store, ["cancelled"], batch_id=batch.id)
    assert retried.batch is not None
    settle(tools)
    assert state(tools, store) == (OTHER, LOCAL_MODEL, "kept")
    assert found(tools, store) == sorted(HERONS)
    agrees(tools)


def test_a_cancelled_way_back_keeps_what_there_was_to_go_back_to(tools: FakeTools) -> None:
    store, _ = moved(tools, *HERONS)
    store_files.attach(tools, CALLER, store, Member(upload(tools, "A heron that came late."), {}, 800, 400))
    run_all(tools)
    batch = file_batches.go_back(tools, CALLER, store)

    file_batches.cancel(tools, CALLER, store, batch.id)
    settle(tools)

    assert state(tools, store) == (OTHER, LOCAL_MODEL, "kept")
    assert len(generations(tools, LOCAL_MODEL)) == 3
    agrees(tools)


@pytest.mark.parametrize("kind", ["a new file", "a file that is found"])
def test_what_a_worker_makes_while_its_store_goes_over_is_made_again(tools: FakeTools, kind: str) -> None:
    store, [first, *_] = store_with(tools, *HERONS)
    run_all(tools)
    move(tools, store)
    run_all(tools)
    if kind == "a new file":
        late = upload(tools, "A heron that came late.")
        store_files.attach(tools, CALLER, store, Member(late, {}, 800, 400))
    else:
        store_files.attach(tools, CALLER, store, Member(first, {}, 300, 0))
    [message] = tools.queue.lanes["interactive"]
    tools.queue.lanes["interactive"].clear()
    tools.embedder.before = lambda: reindexing.advance(tools, store)

    ended = jobs.run(tools, message.row, owner="test/1")

    tools.embedder.before = lambda: None
    assert ended.result == "given back"
    assert state(tools, store) == (OTHER, LOCAL_MODEL, "kept")
    settle(tools)
    texts = found(tools, store)
    assert len(texts) == len(set(texts)) == (4 if kind == "a new file" else 3)
    with tools.database.reading() as session:
        assert all(row.model == OTHER and row.kills == 0 for row in session.query(StoreFile))
    agrees(tools)


def test_a_file_that_completes_in_the_midst_of_a_switch_undoes_it(
    tools: FakeTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _ = store_with(tools, *HERONS)
    run_all(tools)
    move(tools, store)
    run_all(tools)
    late = upload(tools, "A heron that came late.")
    store_files.attach(tools, CALLER, store, Member(late, {}, 800, 400))
    [message] = tools.queue.lanes["interactive"]
    tools.queue.lanes["interactive"].clear()
    worker = threading.Thread(target=jobs.run, args=(tools, message.row), kwargs={"owner": "test/1"})
    swap = moves.swap

    def swap_late(session: Session, store: VectorStore) -> Sizes:
        worker.start()
        worker.join(5 if session.get_bind().dialect.name == "postgresql" else 0.2)  # SQLite has it wait for us
        return swap(session, store)

    monkeypatch.setattr(moves, "swap", swap_late)
    reindexing.advance(tools, store)
    monkeypatch.undo()
    worker.join(10)
    assert not worker.is_alive()

    assert len(found(tools, store)) == 4
    settle(tools)
    assert state(tools, store) == (OTHER, LOCAL_MODEL, "kept")
    assert len(found(tools, store)) == 4
    agrees(tools)


def test_a_worker_that_dies_while_its_store_goes_over_leaves_no_points_of_two_models(
    tools: FakeTools, clock: Clock
) -> None:
    store, _ = store_with(tools, *HERONS)
    run_all(tools)
    late = upload(tools, "A heron that came late.")
    store_files.attach(tools, CALLER, store, Member(late, {}, 800, 400))
    [message] = tools.queue.lanes["interactive"]
    killed = rows.claimed(tools.database, message.row)
    tools.queue.lanes["interactive"].clear()
    move(tools, store)
    run_all(tools)
    sweep(tools)
    assert state(tools, store) == (OTHER, LOCAL_MODEL, "kept")

    clock.advance(60)
    settle(tools)

    row = rows.row(tools.database, store, late)
    assert (killed.model, row.model, row.generation) == (LOCAL_MODEL, OTHER, killed.generation + 1)
    assert len(found(tools, store)) == 4
    agrees(tools)


def test_a_worker_that_wakes_late_takes_nothing_of_what_another_made_ready(tools: FakeTools) -> None:
    store, [first] = store_with(tools, HERONS[0])
    run_all(tools)
    move(tools, store)
    run_all(tools)
    row = rows.row(tools.database, store, first).row

    with tools.database.transaction() as session:
        point_jobs.plan_after_loss(session, store, row, 2)
    work_on_points(tools)

    assert generations(tools, OTHER) == {(row, 2)}


FAULTS: dict[str, Callable[[FakeIndex], object]] = {
    "points missing": lambda index: index.points.popitem(),
    "points left over": lambda index: index.points.update(
        {(row, generation + 2, number): value for (row, generation, number), value in index.points.items()}
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("model", [LOCAL_MODEL, OTHER])
@pytest.mark.parametrize("where", ["staging", "kept"])
def test_verify_finds_and_repairs_the_points_of_either_model(
    tools: FakeTools, fault: str, model: str, where: str
) -> None:
    store, _ = store_with(tools, *HERONS)
    run_all(tools)
    move(tools, store)
    run_all(tools)
    if where == "kept":
        sweep(tools)
    index = tools.index_of(model)
    assert isinstance(index, FakeIndex)
    agrees(tools)

    FAULTS[fault](index)

    assert verify(tools, running=False).counts == {fault: 1 if fault == "points missing" else 3}
    assert all(finding.repair for finding in verify(tools, repair=True, running=False).findings)
    settle(tools)
    agrees(tools)
    assert state(tools, store) == (OTHER, LOCAL_MODEL, "kept")
    assert found(tools, store) == sorted(HERONS)


def test_points_in_the_collection_of_another_model_are_left_over(tools: FakeTools) -> None:
    moved(tools, HERONS[0])
    here, there = tools.index_of(OTHER), tools.index
    assert isinstance(here, FakeIndex)
    there.points.update(here.points)

    assert verify(tools, repair=True, running=False).counts == {"points left over": 1}

    settle(tools)
    agrees(tools)
    assert (len(here.points), len(there.points)) == (1, 1)


@pytest.mark.parametrize("model", [OTHER, LOCAL_MODEL])
def test_points_in_the_collection_of_a_third_model_are_left_over_and_those_of_the_two_stay(
    tools: FakeTools, model: str
) -> None:
    store, _ = moved(tools, HERONS[0])
    third, there = tools.index_of(THIRD), tools.index_of(model)
    assert isinstance(third, FakeIndex)
    assert isinstance(there, FakeIndex)
    third.points.update(there.points)

    assert verify(tools, repair=True, running=False).counts == {"points left over": 1}

    settle(tools)
    agrees(tools)
    assert [len(generations(tools, each)) for each in (OTHER, LOCAL_MODEL, THIRD)] == [1, 1, 0]
    assert state(tools, store) == (OTHER, LOCAL_MODEL, "kept")


def test_points_that_are_kept_and_made_once_more_replace_those_before(tools: FakeTools) -> None:
    store, [_] = store_with(tools, HERONS[0])
    run_all(tools)
    first = move(tools, store)
    tools.parser.error = InvalidFile("It is broken.")
    run_all(tools)
    tools.parser.error = None
    move(tools, store)
    settle(tools)
    reindexing.forget_old(tools, CALLER, store)
    settle(tools)
    move(tools, store, LOCAL_MODEL)
    settle(tools)
    assert state(tools, store) == (LOCAL_MODEL, OTHER, "kept")
    file_batches.reindex(tools, CALLER, store, "all", None)
    tools.parser.error = InvalidFile("It is broken.")
    run_all(tools)
    tools.parser.error = None
    [(row, kept)] = generations(tools, OTHER)
    [(_, shown)] = generations(tools, LOCAL_MODEL)
    assert kept < shown

    file_batches.retry(tools, CALLER, store, ["failed"], batch_id=first.id)
    run_all(tools)
    work_on_points(tools)

    assert generations(tools, LOCAL_MODEL) == {(row, shown)}
    [(_, made)] = generations(tools, OTHER)
    assert made > shown
    agrees(tools)


def test_a_file_that_is_deleted_during_a_move_leaves_no_points_of_either_model(tools: FakeTools) -> None:
    store, [first, *_] = store_with(tools, *HERONS)
    run_all(tools)
    move(tools, store)
    run_all(tools)
    row = rows.row(tools.database, store, first).row

    store_files.delete(tools, CALLER, store, first)
    settle(tools)

    assert {row} & {number for model in (OTHER, LOCAL_MODEL) for number, _ in generations(tools, model)} == set()
    assert state(tools, store) == (OTHER, LOCAL_MODEL, "kept")
    assert len(found(tools, store)) == 2
    agrees(tools)


def test_attributes_reach_the_points_of_both_models(tools: FakeTools) -> None:
    store, [first, *_] = moved(tools, *HERONS)

    store_files.update_attributes(tools, CALLER, store, first, {"colour": "grey"})

    row = rows.row(tools.database, store, first).row
    for model in (OTHER, LOCAL_MODEL):
        index = tools.index_of(model)
        assert isinstance(index, FakeIndex)
        assert [owner.attributes for key, (owner, _) in index.points.items() if key[0] == row] == [{"colour": "grey"}]


def test_files_of_a_plain_reindex_during_a_move_come_along(tools: FakeTools) -> None:
    store, _ = store_with(tools, *HERONS)
    run_all(tools)
    move(tools, store)
    run_all(tools)
    file_batches.reindex(tools, CALLER, store, "all", Chunking(300, 0))

    settle(tools)

    assert state(tools, store) == (OTHER, LOCAL_MODEL, "kept")
    files = store_files.listed(tools, CALLER, store, rows.WINDOW, status=None).items
    assert [file.chunk_tokens for file in files] == [300] * 3
    agrees(tools)


def test_a_move_takes_new_chunks_along(tools: FakeTools) -> None:
    store, [first, *_] = store_with(tools, *HERONS)
    run_all(tools)
    file_batches.reindex(tools, CALLER, store, "all", Chunking(300, 0), Into(OTHER))
    settle(tools)
    assert store_files.retrieve(tools, CALLER, store, first).chunk_tokens == 300

    file_batches.go_back(tools, CALLER, store)

    assert store_files.retrieve(tools, CALLER, store, first).chunk_tokens == 800


def test_a_search_that_is_overtaken_by_its_store_is_made_again(tools: FakeTools) -> None:
    store, _ = store_with(tools, *HERONS)
    run_all(tools)
    move(tools, store)
    run_all(tools)
    before = tools.index.search

    def overtaken(*given: object, **named: object) -> object:
        hits = before(*given, **named)  # type: ignore[arg-type]
        reindexing.advance(tools, store)
        return hits

    tools.index.search = overtaken  # type: ignore[method-assign, assignment]

    assert found(tools, store) == sorted(HERONS)
    assert state(tools, store)[0] == OTHER


@pytest.mark.parametrize("end", ["fails", "is cancelled", "is cancelled and begun again before its rows are rewritten"])
def test_a_plain_reindex_that_does_not_complete_takes_nothing_of_what_is_ready(tools: FakeTools, end: str) -> None:
    store, [file_id] = store_with(tools, HERONS[0])
    run_all(tools)
    move(tools, store)
    run_all(tools)
    batch = file_batches.reindex(tools, CALLER, store, "all", None)
    [message] = tools.queue.lanes["bulk"]
    if end == "fails":
        tools.embedder.error = InvalidFile("It is broken.")
        tools.index.points = {key: point for key, point in tools.index.points.items() if key[1] != 1}  # embedded anew
        jobs.run(tools, message.row, owner="test/1")
    else:
        rows.claimed(tools.database, message.row)
        if end == "is cancelled":
            file_batches.cancel(tools, CALLER, store, batch.id)
        else:
            with tools.database.transaction() as session:
                attachments.cancel(session, batch)
            file_batches.reindex(tools, CALLER, store, "all", None)

    work_on_points(tools)

    assert generations(tools, OTHER) == {(message.row, 2)}
    row = rows.row(tools.database, store, file_id)
    assert (row.live_generation, row.aside_generation) == (1, 2)


def test_a_file_that_goes_over_between_the_two_models_of_a_search_is_found_once(tools: FakeTools) -> None:
    store, _ = store_with(tools, *HERONS)
    run_all(tools)
    move(tools, store, at_once=True)
    jobs.run(tools, tools.queue.lanes["bulk"].pop(0).row, owner="test/1")
    index = tools.index_of(OTHER)
    assert isinstance(index, FakeIndex)
    before = index.search

    def overtaken(*given: object, **named: object) -> object:
        hits = before(*given, **named)  # type: ignore[arg-type]
        for message in tools.queue.lanes["bulk"][:1]:
            tools.queue.lanes["bulk"].remove(message)
            jobs.run(tools, message.row, owner="test/1")
        return hits

    index.search = overtaken  # type: ignore[method-assign, assignment]

    for ready in (2, 3):
        assert found(tools, store) == sorted(HERONS)
        assert reindexing.models(tools, CALLER, store).ready == ready


def test_a_store_without_files_goes_over_at_once(tools: FakeTools) -> None:
    store, _ = store_with(tools)

    move(tools, store)

    assert state(tools, store) == (OTHER, LOCAL_MODEL, "kept")


def test_more_files_than_a_batch_takes_follow_by_themselves(settings: Settings, database: Database) -> None:
    few = with_models(settings.model_copy(update={"max_batch_files": 2}), {OTHER: 5})
    tools = FakeTools(few, database)
    store, _ = store_with(tools, *HERONS)
    run_all(tools)

    assert move(tools, store).in_progress == 2
    settle(tools)

    assert state(tools, store) == (OTHER, LOCAL_MODEL, "kept")
    assert found(tools, store) == sorted(HERONS)


REFUSED: dict[str, Callable[[FakeTools, str], object]] = {
    "Unknown embedding model": lambda tools, store: move(tools, store, "nobody's"),
    "purge them first": lambda tools, store: move(tools, store, THIRD),
    "does not go with": lambda tools, store: file_batches.reindex(
        tools, CALLER, store, "stale", None, Into(LOCAL_MODEL)
    ),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_cannot_be_is_refused_and_changes_nothing(tools: FakeTools, why: str) -> None:
    store, _ = moved(tools, *HERONS)

    with pytest.raises(InvalidRequest, match=why):
        REFUSED[why](tools, store)

    assert state(tools, store) == (OTHER, LOCAL_MODEL, "kept")
    agrees(tools)


def test_a_store_whose_model_is_not_configured_says_so(settings: Settings, tools: FakeTools) -> None:
    store, _ = moved(tools, *HERONS)
    without = FakeTools(settings, tools.database)
    without.index = tools.index
    late = upload(without, "A heron that came late.")
    store_files.attach(without, CALLER, store, Member(late, {}, 800, 400))

    assert reindexing.missing(without) == [OTHER]
    with pytest.raises(ModelMissing, match="embedding model 'other', which is not configured"):
        found(without, store)
    assert run_all(without)[:1] == ["delayed"]
    assert store_files.retrieve(without, CALLER, store, late).status == "in_progress"
    file_batches.go_back(without, CALLER, store)  # from a model that is gone


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_every_file_is_found_once_and_all_agrees(tools: FakeTools, clock: Clock, seed: int) -> None:
    luck = random.Random(seed)
    store, files = store_with(tools, *HERONS)
    run_all(tools)
    texts = dict(zip(files, HERONS, strict=True))

    def attach() -> None:
        text = f"A heron, number {len(files)}."
        file_id = upload(tools, text)
        files.append(file_id)
        texts[file_id] = text
        store_files.attach(tools, CALLER, store, Member(file_id, {}, 800, 400))

    def again() -> None:
        if texts:
            member = Member(luck.choice(sorted(texts)), {}, luck.choice([800, 300]), 0)
            store_files.attach(tools, CALLER, store, member)

    def delete() -> None:
        if texts:
            gone = luck.choice(sorted(texts))
            del texts[gone]
            store_files.delete(tools, CALLER, store, gone)

    def work() -> None:
        for lane in tools.queue.lanes.values():
            if lane:
                jobs.run(tools, lane.pop(luck.randrange(len(lane))).row, owner="test/1")

    def work_in_vain() -> None:
        tools.parser.error = InvalidFile("It is broken.")
        work()
        tools.parser.error = None

    def retry_a_batch() -> None:
        with tools.database.reading() as session:
            batch = luck.choice([batch.id for batch in session.query(FileBatch).order_by(FileBatch.row)] or [""])
        file_batches.retry(tools, CALLER, store, ["failed", "cancelled"], batch_id=batch)

    def lose_a_worker() -> None:
        for lane in tools.queue.lanes.values():
            if lane:
                rows.claim(tools.database, lane.pop().row)
                clock.advance(40)

    def cancel() -> None:
        with tools.database.reading() as session:
            batches = [batch.id for batch in session.query(FileBatch) if batch.in_progress]
        if batches:
            file_batches.cancel(tools, CALLER, store, luck.choice(batches))

    def refused(step: Callable[[], object]) -> Callable[[], None]:
        def try_it() -> None:
            with suppress(RequestError):
                step()

        return try_it

    steps: list[Callable[[], object]] = [
        *(attach, again, delete, lose_a_worker, cancel, work_in_vain, retry_a_batch),
        *[work] * 6,
        *[lambda: sweep(tools)] * 3,
        lambda: clock.advance(2 * DAY),
        lambda: file_batches.reindex(tools, CALLER, store, "all", Chunking(luck.choice([800, 300]), 0)),
        lambda: file_batches.retry(tools, CALLER, store, ["failed", "cancelled"]),
        *[lambda: move(tools, store, luck.choice([LOCAL_MODEL, OTHER, THIRD]), at_once=luck.random() < 0.3)] * 2,
        lambda: file_batches.go_back(tools, CALLER, store, at_once=luck.random() < 0.5),
        lambda: reindexing.forget_old(tools, CALLER, store),
    ]
    before: set[str] = set(HERONS)
    for _ in range(120):
        refused(luck.choice(steps))()
        seen = found(tools, store)
        assert len(seen) == len(set(seen)), "a file was found twice"
        if luck.random() < 0.1:
            agrees(tools)
        with tools.database.reading() as session:
            live = {row.file_id for row in session.query(StoreFile) if row.live_generation is not None}
        assert before & {texts[f] for f in live & texts.keys()} <= set(seen), "a file was not found any more"
        before = set(seen)
    settle(tools)
    clock.advance(120)
    settle(tools)
    agrees(tools)
    with tools.database.reading() as session:
        live = {row.file_id for row in session.query(StoreFile) if row.live_generation is not None}
    assert {texts[file_id] for file_id in live} == set(found(tools, store))


def test_what_a_file_is_attached_anew_with_survives_a_switch(tools: FakeTools) -> None:
    store, files = store_with(tools, *HERONS)
    run_all(tools)
    move(tools, store)
    run_all(tools)
    store_files.attach(tools, CALLER, store, Member(files[0], None, 400, 100))

    sweep(tools)
    settle(tools)

    assert state(tools, store) == (OTHER, LOCAL_MODEL, "kept")
    file = store_files.retrieve(tools, CALLER, store, files[0])
    assert (file.status, file.chunk_tokens, file.chunk_overlap) == ("completed", 400, 100)
    agrees(tools)


def failed_once(tools: FakeTools) -> tuple[str, list[str], FileBatch]:
    """A store whose first file fails with the other model, so that it stays on the way; its files and the batch."""
    store, files = store_with(tools, *HERONS)
    run_all(tools)
    batch = move(tools, store)
    run_all_but_the_first(tools)
    settle(tools)
    assert state(tools, store) == (LOCAL_MODEL, OTHER, "staging")
    return store, files, batch


def test_a_file_that_failed_once_and_then_did_not_comes_along_again(tools: FakeTools) -> None:
    store, files, batch = failed_once(tools)
    file_batches.retry(tools, CALLER, store, ["failed"], batch_id=batch.id)
    run_all(tools)
    store_files.attach(tools, CALLER, store, Member(files[0], None, 400, 100))

    run_all(tools)
    settle(tools)

    assert state(tools, store) == (OTHER, LOCAL_MODEL, "kept")
    agrees(tools)


def test_a_store_that_a_failed_file_holds_up_can_be_left_where_it_is(tools: FakeTools) -> None:
    store, _, batch = failed_once(tools)

    file_batches.cancel(tools, CALLER, store, batch.id)
    settle(tools)

    assert state(tools, store) == (LOCAL_MODEL, None, None)
    assert found(tools, store) == sorted(HERONS)
    assert generations(tools, OTHER) == set()
    agrees(tools)


def test_a_way_back_that_cannot_be_finished_at_once_is_finished_by_the_sweep(
    tools: FakeTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _ = moved(tools, *HERONS)

    def busy(*_: object) -> None:
        raise DependencyDown("database", "lock timeout")

    with monkeypatch.context() as patched:
        patched.setattr(reindexing, "advance", busy)
        file_batches.go_back(tools, CALLER, store)
    sweep(tools)

    assert state(tools, store) == (LOCAL_MODEL, OTHER, "kept")

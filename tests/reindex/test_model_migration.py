"""Stores go from one embedding model to another and back, over fakes, on both databases (deploy/decisions/0011)."""

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from sqlalchemy.orm import Session

from ingest.config import LOCAL_MODEL, Settings
from ingest.db.models import FileBatch, StoreFile, VectorStore
from ingest.db.queue import membership, model_migration, point_jobs
from ingest.db.queue.counters import Sizes
from ingest.db.queue.membership import Member
from ingest.db.session import Database
from ingest.errors import DependencyDown, InvalidFile, InvalidRequest, ModelMissing, RequestError
from ingest.jobs import run
from ingest.jobs.maintenance import sweep, work_on_points
from ingest.reindex import batches as rerun_batches
from ingest.reindex import reindexing
from ingest.reindex.reindexing import Into
from ingest.steps.embed import Vectors
from ingest.stores import batches as file_batches
from ingest.stores import members, search, vector_stores
from ingest.stores.search import FusionWeights
from ingest.stores.vector_stores import ChunkSizes
from ingest.verify import verify
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeIndex, FakeServices
from tests.jobs.test_run import run_all, store_with, upload

OTHER, THIRD = "other", "third"
HERONS = ("A heron in the water.", "A heron on the roof.", "A heron at night.")
DAY = 86_400


@pytest.fixture
def services(settings: Settings, database: Database) -> FakeServices:
    return FakeServices(with_models(settings, {OTHER: 5, THIRD: 12}), database)


def with_models(settings: Settings, dimensions: dict[str, int]) -> Settings:
    given = [{"model": name, "url": f"http://{name}/v1", "dimensions": size} for name, size in dimensions.items()]
    return Settings(**{**settings.model_dump(), "embedding_models": given})


def found(services: FakeServices, store: str) -> list[str]:
    return sorted(passage.text for passage in search.search(services, CALLER, store, ["heron"], limit=50))


def move(services: FakeServices, store: str, model: str = OTHER, *, at_once: bool = False) -> FileBatch:
    return rerun_batches.reindex(services, CALLER, store, "all", None, Into(model, at_once))


def state(services: FakeServices, store: str) -> tuple[str, str | None, str | None]:
    models = reindexing.models(services, CALLER, store)
    return models.model, models.other_model, models.state


def generations(services: FakeServices, model: str) -> set[tuple[int, int]]:
    """Rows and generations of the points of a model."""
    index = services.index_of(model)
    assert isinstance(index, FakeIndex)
    return {(row, generation) for row, generation, _ in index.points}


def run_all_but_the_first(services: FakeServices) -> None:
    """Work off the queue; the other model refuses the file that is first in it."""
    other = services.embedder_of(OTHER)
    other.error = InvalidFile("The embedding model says a part of the text is too long")  # type: ignore[attr-defined]
    run.run(services, services.queue.lanes["bulk"].pop(0).row, owner="test/1")
    other.error = None  # type: ignore[attr-defined]
    run_all(services)


def settle(services: FakeServices) -> None:
    """Everything that waits is done."""
    for _ in range(6):
        sweep(services)
        run_all(services)


def agrees(services: FakeServices) -> None:
    report = verify(services, running=False)
    assert report.findings == []


def moved(services: FakeServices, *texts: str) -> tuple[str, list[str]]:
    """A store that has gone over to the other model, and its files."""
    store, files = store_with(services, *texts)
    run_all(services)
    move(services, store)
    run_all(services)
    sweep(services)
    assert state(services, store) == (OTHER, LOCAL_MODEL, "kept")
    return store, files


def test_a_store_goes_over_as_a_whole_when_all_its_files_are_ready(services: FakeServices) -> None:
    store, _ = store_with(services, *HERONS)
    run_all(services)
    sizes = vector_stores.retrieve(services, CALLER, store).usage_bytes
    batch = move(services, store)
    seen = [found(services, store)]
    for message in services.queue.lanes["bulk"]:
        assert state(services, store) == (LOCAL_MODEL, OTHER, "staging")
        run.run(services, message.row, owner="test/1")
        seen.append(found(services, store))
    embedded = services.embedder.embedded

    sweep(services)

    assert file_batches.retrieve(services, CALLER, store, batch.id).completed == 3
    assert state(services, store) == (OTHER, LOCAL_MODEL, "kept")
    seen.append(found(services, store))
    assert seen == [sorted(HERONS)] * 5
    assert services.embedder.embedded == embedded  # the query too was embedded by the other model
    assert len(generations(services, OTHER)) == len(generations(services, LOCAL_MODEL)) == 3
    assert vector_stores.retrieve(services, CALLER, store).usage_bytes == sizes - 3 * 4 * (8 - 5)
    agrees(services)


def test_a_store_can_go_back_at_once_while_the_old_points_are_kept(services: FakeServices) -> None:
    store, _ = moved(services, *HERONS)
    embedded = services.embedder.embedded

    batch = rerun_batches.go_back(services, CALLER, store)

    assert batch.in_progress == batch.completed == 0
    assert state(services, store) == (LOCAL_MODEL, OTHER, "kept")
    assert services.embedder.embedded == embedded
    assert found(services, store) == sorted(HERONS)
    agrees(services)


def test_files_that_came_since_are_made_with_the_old_model_before_a_store_goes_back(services: FakeServices) -> None:
    store, _ = moved(services, *HERONS)
    members.attach(services, CALLER, store, Member(upload(services, "A heron that came late."), {}, 800, 400))
    run_all(services)

    batch = rerun_batches.go_back(services, CALLER, store)

    assert batch.in_progress == 1
    assert state(services, store) == (OTHER, LOCAL_MODEL, "staging")
    assert len(found(services, store)) == 4
    run_all(services)
    sweep(services)
    assert state(services, store) == (LOCAL_MODEL, OTHER, "kept")
    assert len(found(services, store)) == 4
    agrees(services)


def test_what_is_kept_is_deleted_after_some_days(services: FakeServices, clock: Clock) -> None:
    store, _ = moved(services, *HERONS)
    until = reindexing.models(services, CALLER, store).kept_until

    clock.advance(7 * DAY - 1)
    settle(services)
    assert len(generations(services, LOCAL_MODEL)) == 3
    clock.advance(1)
    assert until == clock()
    settle(services)

    assert state(services, store) == (OTHER, None, None)
    assert generations(services, LOCAL_MODEL) == set()
    assert found(services, store) == sorted(HERONS)
    with pytest.raises(InvalidRequest, match="nothing to go back to"):
        rerun_batches.go_back(services, CALLER, store)
    agrees(services)


def test_what_is_kept_can_be_deleted_at_once(services: FakeServices) -> None:
    store, _ = moved(services, *HERONS)

    assert reindexing.forget_old(services, CALLER, store).state == "dropping"
    settle(services)

    assert state(services, store) == (OTHER, None, None)
    assert generations(services, LOCAL_MODEL) == set()
    agrees(services)


def test_files_that_come_during_a_move_are_found_at_once_and_come_along(services: FakeServices) -> None:
    store, [first, *_] = store_with(services, *HERONS)
    run_all(services)
    move(services, store)
    members.attach(services, CALLER, store, Member(upload(services, "A heron that came late."), {}, 800, 400))
    members.attach(services, CALLER, store, Member(first, {"colour": "grey"}, 300, 0))

    run_all(services)

    assert len(found(services, store)) == 4
    assert state(services, store)[2] == "staging"
    for _ in range(3):  # what has come since, then the move
        sweep(services)
        run_all(services)
        assert len(found(services, store)) == 4
    assert state(services, store) == (OTHER, LOCAL_MODEL, "kept")
    assert members.retrieve(services, CALLER, store, first).chunk_tokens == 300
    agrees(services)


def test_a_file_that_fails_keeps_its_store_where_it_is_until_it_is_tried_again(services: FakeServices) -> None:
    services.parser.kind = "pdf"
    store, _ = store_with(services, *HERONS)
    run_all(services)
    batch = move(services, store)
    run_all_but_the_first(services)

    settle(services)

    assert file_batches.retrieve(services, CALLER, store, batch.id).failed == 1
    assert state(services, store) == (LOCAL_MODEL, OTHER, "staging")
    assert found(services, store) == sorted(HERONS)
    agrees(services)
    retried = rerun_batches.retry(services, CALLER, store, ["failed"], batch_id=batch.id)
    assert retried.batch is not None
    assert retried.batch.in_progress == 1
    settle(services)
    assert state(services, store) == (OTHER, LOCAL_MODEL, "kept")
    assert found(services, store) == sorted(HERONS)
    agrees(services)


def silenced(services: FakeServices, model: str) -> None:
    """The model's embedder does not answer queries any more."""

    def no_answer(text: str) -> Vectors:
        raise DependencyDown("embedder", "it is down")

    services.embedder_of(model).embed_query = no_answer  # type: ignore[method-assign]


def test_the_model_that_a_store_is_about_to_go_over_to_is_not_asked_before_a_file_has_gone_over(
    services: FakeServices,
) -> None:
    store, _ = store_with(services, *HERONS)
    run_all(services)
    silenced(services, OTHER)

    move(services, store, at_once=True)

    assert state(services, store) == (OTHER, LOCAL_MODEL, "mixed")
    assert found(services, store) == sorted(HERONS)


def test_the_model_that_all_files_of_a_store_have_left_is_not_asked_any_more(services: FakeServices) -> None:
    store, _ = store_with(services, *HERONS)
    run_all(services)
    move(services, store, at_once=True)
    run_all(services)
    silenced(services, LOCAL_MODEL)

    assert state(services, store) == (OTHER, LOCAL_MODEL, "mixed")
    assert found(services, store) == sorted(HERONS)


def test_both_models_are_asked_while_a_store_has_files_of_both(services: FakeServices) -> None:
    store, _ = store_with(services, *HERONS)
    run_all(services)
    move(services, store, at_once=True)
    run.run(services, services.queue.lanes["bulk"].pop(0).row, owner="test/1")
    silenced(services, LOCAL_MODEL)

    with pytest.raises(DependencyDown):
        found(services, store)


def test_a_store_without_files_that_is_mixed_has_nothing_to_find(services: FakeServices) -> None:
    store, files = store_with(services, *HERONS)
    run_all(services)
    move(services, store, at_once=True)
    for file_id in files:
        members.delete(services, CALLER, store, file_id)

    assert state(services, store) == (OTHER, LOCAL_MODEL, "mixed")
    assert found(services, store) == []


def test_the_first_file_that_goes_over_while_a_search_is_made_is_found_as_it_was(services: FakeServices) -> None:
    store, _ = store_with(services, *HERONS)
    run_all(services)
    move(services, store, at_once=True)
    before = services.index.search

    def overtaken(*given: object, **named: object) -> object:
        hits = before(*given, **named)  # type: ignore[arg-type]
        run_all(services)
        return hits

    services.index.search = overtaken  # type: ignore[method-assign, assignment]

    assert found(services, store) == sorted(HERONS)
    assert reindexing.models(services, CALLER, store).ready == 3


def test_in_a_mixed_store_a_passage_has_the_score_of_its_own_point_not_of_one_that_is_about_to_be_purged(
    services: FakeServices,
) -> None:
    store, [first, *_] = store_with(services, "heron heron heron", "zzz", "qqq")
    run_all(services)
    move(services, store, at_once=True)
    for message in services.queue.lanes["bulk"][:2]:
        run.run(services, message.row, owner="test/1")
    index = services.index_of(OTHER)
    assert isinstance(index, FakeIndex)
    before = {key: value for key, value in index.points.items() if value[0].file_id == first}
    members.attach(services, CALLER, store, Member(first, None, 300, 0))
    run.run(services, rows.row(services.database, store, first).row, owner="test/1")
    [(key, (owner, point))] = before.items()
    index.points[key] = (owner, replace(point, windows=point.dense * np.float32(0.5)))

    [best, *_] = search.search(services, CALLER, store, ["heron heron heron"], limit=3, weights=FusionWeights(1, 0))

    assert len(index.points) == 3
    assert best.file_id == first
    assert best.score == pytest.approx(1.0)


def test_a_store_goes_over_file_by_file_when_asked(services: FakeServices) -> None:
    store, _ = store_with(services, *HERONS)
    run_all(services)
    move(services, store, at_once=True)
    assert state(services, store) == (OTHER, LOCAL_MODEL, "mixed")

    for ready, message in enumerate(list(services.queue.lanes["bulk"])):
        assert reindexing.models(services, CALLER, store).ready == ready
        assert found(services, store) == sorted(HERONS)
        run.run(services, message.row, owner="test/1")
    assert found(services, store) == sorted(HERONS)
    sweep(services)

    assert state(services, store) == (OTHER, LOCAL_MODEL, "kept")
    assert found(services, store) == sorted(HERONS)
    agrees(services)


def test_what_is_ready_can_be_shown_at_once_and_the_rest_stays_found_as_it_was(services: FakeServices) -> None:
    store, _ = store_with(services, *HERONS)
    run_all(services)
    move(services, store)
    run.run(services, services.queue.lanes["bulk"].pop(0).row, owner="test/1")

    move(services, store, at_once=True)

    models = reindexing.models(services, CALLER, store)
    assert (models.state, models.ready, models.files) == ("mixed", 1, 3)
    assert found(services, store) == sorted(HERONS)
    settle(services)
    assert state(services, store) == (OTHER, LOCAL_MODEL, "kept")
    agrees(services)


def test_a_store_that_goes_over_file_by_file_can_turn_round(services: FakeServices) -> None:
    store, _ = store_with(services, *HERONS)
    run_all(services)
    move(services, store, at_once=True)
    run.run(services, services.queue.lanes["bulk"].pop(0).row, owner="test/1")

    rerun_batches.go_back(services, CALLER, store)

    assert found(services, store) == sorted(HERONS)
    settle(services)
    assert state(services, store) == (LOCAL_MODEL, OTHER, "kept")
    assert found(services, store) == sorted(HERONS)
    agrees(services)


def test_a_cancelled_move_leaves_the_store_where_it_is_and_nothing_behind(services: FakeServices) -> None:
    store, _ = store_with(services, *HERONS)
    run_all(services)
    batch = move(services, store)
    run.run(services, services.queue.lanes["bulk"].pop(0).row, owner="test/1")

    file_batches.cancel(services, CALLER, store, batch.id)
    settle(services)

    assert state(services, store) == (LOCAL_MODEL, None, None)
    assert generations(services, OTHER) == set()
    assert found(services, store) == sorted(HERONS)
    agrees(services)
    retried = rerun_batches.retry(services, CALLER, store, ["cancelled"], batch_id=batch.id)
    assert retried.batch is not None
    settle(services)
    assert state(services, store) == (OTHER, LOCAL_MODEL, "kept")
    assert found(services, store) == sorted(HERONS)
    agrees(services)


def test_a_cancelled_way_back_keeps_what_there_was_to_go_back_to(services: FakeServices) -> None:
    store, _ = moved(services, *HERONS)
    members.attach(services, CALLER, store, Member(upload(services, "A heron that came late."), {}, 800, 400))
    run_all(services)
    batch = rerun_batches.go_back(services, CALLER, store)

    file_batches.cancel(services, CALLER, store, batch.id)
    settle(services)

    assert state(services, store) == (OTHER, LOCAL_MODEL, "kept")
    assert len(generations(services, LOCAL_MODEL)) == 3
    agrees(services)


@pytest.mark.parametrize("kind", ["a new file", "a file that is found"])
def test_what_a_worker_makes_while_its_store_goes_over_is_made_again(services: FakeServices, kind: str) -> None:
    store, [first, *_] = store_with(services, *HERONS)
    run_all(services)
    move(services, store)
    run_all(services)
    if kind == "a new file":
        late = upload(services, "A heron that came late.")
        members.attach(services, CALLER, store, Member(late, {}, 800, 400))
    else:
        members.attach(services, CALLER, store, Member(first, {}, 300, 0))
    [message] = services.queue.lanes["interactive"]
    services.queue.lanes["interactive"].clear()
    services.embedder.before = lambda: reindexing.advance(services, store)

    ended = run.run(services, message.row, owner="test/1")

    services.embedder.before = lambda: None
    assert ended.result == "given back"
    assert state(services, store) == (OTHER, LOCAL_MODEL, "kept")
    settle(services)
    texts = found(services, store)
    assert len(texts) == len(set(texts)) == (4 if kind == "a new file" else 3)
    with services.database.reading() as session:
        assert all(row.model == OTHER and row.crashes == 0 for row in session.query(StoreFile))
    agrees(services)


def test_a_file_that_completes_in_the_midst_of_a_switch_undoes_it(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _ = store_with(services, *HERONS)
    run_all(services)
    move(services, store)
    run_all(services)
    late = upload(services, "A heron that came late.")
    members.attach(services, CALLER, store, Member(late, {}, 800, 400))
    [message] = services.queue.lanes["interactive"]
    services.queue.lanes["interactive"].clear()
    worker = threading.Thread(target=run.run, args=(services, message.row), kwargs={"owner": "test/1"})
    swap = model_migration.swap

    def swap_late(session: Session, store: VectorStore) -> Sizes:
        worker.start()
        worker.join(5 if session.get_bind().dialect.name == "postgresql" else 0.2)  # SQLite has it wait for us
        return swap(session, store)

    monkeypatch.setattr(model_migration, "swap", swap_late)
    reindexing.advance(services, store)
    monkeypatch.undo()
    worker.join(10)
    assert not worker.is_alive()

    assert len(found(services, store)) == 4
    settle(services)
    assert state(services, store) == (OTHER, LOCAL_MODEL, "kept")
    assert len(found(services, store)) == 4
    agrees(services)


def test_a_worker_that_dies_while_its_store_goes_over_leaves_no_points_of_two_models(
    services: FakeServices, clock: Clock
) -> None:
    store, _ = store_with(services, *HERONS)
    run_all(services)
    late = upload(services, "A heron that came late.")
    members.attach(services, CALLER, store, Member(late, {}, 800, 400))
    [message] = services.queue.lanes["interactive"]
    killed = rows.claimed(services.database, message.row)
    services.queue.lanes["interactive"].clear()
    move(services, store)
    run_all(services)
    sweep(services)
    assert state(services, store) == (OTHER, LOCAL_MODEL, "kept")

    clock.advance(60)
    settle(services)

    row = rows.row(services.database, store, late)
    assert (killed.model, row.model, row.generation) == (LOCAL_MODEL, OTHER, killed.generation + 1)
    assert len(found(services, store)) == 4
    agrees(services)


def test_a_worker_that_wakes_late_takes_nothing_of_what_another_made_ready(services: FakeServices) -> None:
    store, [first] = store_with(services, HERONS[0])
    run_all(services)
    move(services, store)
    run_all(services)
    row = rows.row(services.database, store, first).row

    with services.database.transaction() as session:
        point_jobs.plan_after_loss(session, store, row, 2)
    work_on_points(services)

    assert generations(services, OTHER) == {(row, 2)}


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
    services: FakeServices, fault: str, model: str, where: str
) -> None:
    store, _ = store_with(services, *HERONS)
    run_all(services)
    move(services, store)
    run_all(services)
    if where == "kept":
        sweep(services)
    index = services.index_of(model)
    assert isinstance(index, FakeIndex)
    agrees(services)

    FAULTS[fault](index)

    assert verify(services, running=False).counts == {fault: 1 if fault == "points missing" else 3}
    assert all(finding.repair for finding in verify(services, repair=True, running=False).findings)
    settle(services)
    agrees(services)
    assert state(services, store) == (OTHER, LOCAL_MODEL, "kept")
    assert found(services, store) == sorted(HERONS)


def test_points_in_the_collection_of_another_model_are_left_over(services: FakeServices) -> None:
    moved(services, HERONS[0])
    here, there = services.index_of(OTHER), services.index
    assert isinstance(here, FakeIndex)
    there.points.update(here.points)

    assert verify(services, repair=True, running=False).counts == {"points left over": 1}

    settle(services)
    agrees(services)
    assert (len(here.points), len(there.points)) == (1, 1)


@pytest.mark.parametrize("model", [OTHER, LOCAL_MODEL])
def test_points_in_the_collection_of_a_third_model_are_left_over_and_those_of_the_two_stay(
    services: FakeServices, model: str
) -> None:
    store, _ = moved(services, HERONS[0])
    third, there = services.index_of(THIRD), services.index_of(model)
    assert isinstance(third, FakeIndex)
    assert isinstance(there, FakeIndex)
    third.points.update(there.points)

    assert verify(services, repair=True, running=False).counts == {"points left over": 1}

    settle(services)
    agrees(services)
    assert [len(generations(services, each)) for each in (OTHER, LOCAL_MODEL, THIRD)] == [1, 1, 0]
    assert state(services, store) == (OTHER, LOCAL_MODEL, "kept")


def test_points_that_are_kept_and_made_once_more_replace_those_before(services: FakeServices) -> None:
    store, [_] = store_with(services, HERONS[0])
    run_all(services)
    first = move(services, store)
    services.parser.error = InvalidFile("It is broken.")
    run_all(services)
    services.parser.error = None
    move(services, store)
    settle(services)
    reindexing.forget_old(services, CALLER, store)
    settle(services)
    move(services, store, LOCAL_MODEL)
    settle(services)
    assert state(services, store) == (LOCAL_MODEL, OTHER, "kept")
    rerun_batches.reindex(services, CALLER, store, "all", None)
    services.parser.error = InvalidFile("It is broken.")
    run_all(services)
    services.parser.error = None
    [(row, kept)] = generations(services, OTHER)
    [(_, shown)] = generations(services, LOCAL_MODEL)
    assert kept < shown

    rerun_batches.retry(services, CALLER, store, ["failed"], batch_id=first.id)
    run_all(services)
    work_on_points(services)

    assert generations(services, LOCAL_MODEL) == {(row, shown)}
    [(_, made)] = generations(services, OTHER)
    assert made > shown
    agrees(services)


def test_a_file_that_is_deleted_during_a_move_leaves_no_points_of_either_model(services: FakeServices) -> None:
    store, [first, *_] = store_with(services, *HERONS)
    run_all(services)
    move(services, store)
    run_all(services)
    row = rows.row(services.database, store, first).row

    members.delete(services, CALLER, store, first)
    settle(services)

    assert {row} & {number for model in (OTHER, LOCAL_MODEL) for number, _ in generations(services, model)} == set()
    assert state(services, store) == (OTHER, LOCAL_MODEL, "kept")
    assert len(found(services, store)) == 2
    agrees(services)


def test_attributes_reach_the_points_of_both_models(services: FakeServices) -> None:
    store, [first, *_] = moved(services, *HERONS)

    members.update_attributes(services, CALLER, store, first, {"colour": "grey"})

    row = rows.row(services.database, store, first).row
    for model in (OTHER, LOCAL_MODEL):
        index = services.index_of(model)
        assert isinstance(index, FakeIndex)
        assert [owner.attributes for key, (owner, _) in index.points.items() if key[0] == row] == [{"colour": "grey"}]


def test_files_of_a_plain_reindex_during_a_move_come_along(services: FakeServices) -> None:
    store, _ = store_with(services, *HERONS)
    run_all(services)
    move(services, store)
    run_all(services)
    rerun_batches.reindex(services, CALLER, store, "all", ChunkSizes(300, 0))

    settle(services)

    assert state(services, store) == (OTHER, LOCAL_MODEL, "kept")
    files = members.list_page(services, CALLER, store, rows.WINDOW, status=None).items
    assert [file.chunk_tokens for file in files] == [300] * 3
    agrees(services)


def test_a_move_takes_new_chunks_along(services: FakeServices) -> None:
    store, [first, *_] = store_with(services, *HERONS)
    run_all(services)
    rerun_batches.reindex(services, CALLER, store, "all", ChunkSizes(300, 0), Into(OTHER))
    settle(services)
    assert members.retrieve(services, CALLER, store, first).chunk_tokens == 300

    rerun_batches.go_back(services, CALLER, store)

    assert members.retrieve(services, CALLER, store, first).chunk_tokens == 800


def test_a_search_that_is_overtaken_by_its_store_is_made_again(services: FakeServices) -> None:
    store, _ = store_with(services, *HERONS)
    run_all(services)
    move(services, store)
    run_all(services)
    before = services.index.search

    def overtaken(*given: object, **named: object) -> object:
        hits = before(*given, **named)  # type: ignore[arg-type]
        reindexing.advance(services, store)
        return hits

    services.index.search = overtaken  # type: ignore[method-assign, assignment]

    assert found(services, store) == sorted(HERONS)
    assert state(services, store)[0] == OTHER


@pytest.mark.parametrize("end", ["fails", "is cancelled", "is cancelled and begun again before its rows are rewritten"])
def test_a_plain_reindex_that_does_not_complete_takes_nothing_of_what_is_ready(
    services: FakeServices, end: str
) -> None:
    store, [file_id] = store_with(services, HERONS[0])
    run_all(services)
    move(services, store)
    run_all(services)
    batch = rerun_batches.reindex(services, CALLER, store, "all", None)
    [message] = services.queue.lanes["bulk"]
    if end == "fails":
        services.embedder.error = InvalidFile("It is broken.")
        services.index.points = {
            key: point for key, point in services.index.points.items() if key[1] != 1
        }  # embedded anew
        run.run(services, message.row, owner="test/1")
    else:
        rows.claimed(services.database, message.row)
        if end == "is cancelled":
            file_batches.cancel(services, CALLER, store, batch.id)
        else:
            with services.database.transaction() as session:
                membership.cancel(session, batch)
            rerun_batches.reindex(services, CALLER, store, "all", None)

    work_on_points(services)

    assert generations(services, OTHER) == {(message.row, 2)}
    row = rows.row(services.database, store, file_id)
    assert (row.live_generation, row.aside_generation) == (1, 2)


def test_a_file_that_goes_over_between_the_two_models_of_a_search_is_found_once(services: FakeServices) -> None:
    store, _ = store_with(services, *HERONS)
    run_all(services)
    move(services, store, at_once=True)
    run.run(services, services.queue.lanes["bulk"].pop(0).row, owner="test/1")
    index = services.index_of(OTHER)
    assert isinstance(index, FakeIndex)
    before = index.search

    def overtaken(*given: object, **named: object) -> object:
        hits = before(*given, **named)  # type: ignore[arg-type]
        for message in services.queue.lanes["bulk"][:1]:
            services.queue.lanes["bulk"].remove(message)
            run.run(services, message.row, owner="test/1")
        return hits

    index.search = overtaken  # type: ignore[method-assign, assignment]

    for ready in (2, 3):
        assert found(services, store) == sorted(HERONS)
        assert reindexing.models(services, CALLER, store).ready == ready


def test_a_store_without_files_goes_over_at_once(services: FakeServices) -> None:
    store, _ = store_with(services)

    move(services, store)

    assert state(services, store) == (OTHER, LOCAL_MODEL, "kept")


def test_more_files_than_a_batch_takes_follow_by_themselves(settings: Settings, database: Database) -> None:
    few = with_models(settings.model_copy(update={"max_batch_files": 2}), {OTHER: 5})
    services = FakeServices(few, database)
    store, _ = store_with(services, *HERONS)
    run_all(services)

    assert move(services, store).in_progress == 2
    settle(services)

    assert state(services, store) == (OTHER, LOCAL_MODEL, "kept")
    assert found(services, store) == sorted(HERONS)


REFUSED: dict[str, Callable[[FakeServices, str], object]] = {
    "Unknown embedding model": lambda services, store: move(services, store, "nobody's"),
    "purge them first": lambda services, store: move(services, store, THIRD),
    "does not go with": lambda services, store: rerun_batches.reindex(
        services, CALLER, store, "stale", None, Into(LOCAL_MODEL)
    ),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_cannot_be_is_refused_and_changes_nothing(services: FakeServices, why: str) -> None:
    store, _ = moved(services, *HERONS)

    with pytest.raises(InvalidRequest, match=why):
        REFUSED[why](services, store)

    assert state(services, store) == (OTHER, LOCAL_MODEL, "kept")
    agrees(services)


def test_a_store_whose_model_is_not_configured_says_so(settings: Settings, services: FakeServices) -> None:
    store, _ = moved(services, *HERONS)
    without = FakeServices(settings, services.database)
    without.index = services.index
    late = upload(without, "A heron that came late.")
    members.attach(without, CALLER, store, Member(late, {}, 800, 400))

    assert reindexing.missing(without) == [OTHER]
    with pytest.raises(ModelMissing, match="embedding model 'other', which is not configured"):
        found(without, store)
    assert run_all(without)[:1] == ["delayed"]
    assert members.retrieve(without, CALLER, store, late).status == "in_progress"
    rerun_batches.go_back(without, CALLER, store)  # from a model that is gone


@pytest.mark.parametrize("seed", range(8))
def test_whatever_happens_every_file_is_found_once_and_all_agrees(
    services: FakeServices, clock: Clock, seed: int
) -> None:
    luck = random.Random(seed)
    store, files = store_with(services, *HERONS)
    run_all(services)
    texts = dict(zip(files, HERONS, strict=True))

    def attach() -> None:
        text = f"A heron, number {len(files)}."
        file_id = upload(services, text)
        files.append(file_id)
        texts[file_id] = text
        members.attach(services, CALLER, store, Member(file_id, {}, 800, 400))

    def again() -> None:
        if texts:
            member = Member(luck.choice(sorted(texts)), {}, luck.choice([800, 300]), 0)
            members.attach(services, CALLER, store, member)

    def delete() -> None:
        if texts:
            gone = luck.choice(sorted(texts))
            del texts[gone]
            members.delete(services, CALLER, store, gone)

    def work() -> None:
        for lane in services.queue.lanes.values():
            if lane:
                run.run(services, lane.pop(luck.randrange(len(lane))).row, owner="test/1")

    def work_in_vain() -> None:
        services.parser.error = InvalidFile("It is broken.")
        work()
        services.parser.error = None

    def retry_a_batch() -> None:
        with services.database.reading() as session:
            batch = luck.choice([batch.id for batch in session.query(FileBatch).order_by(FileBatch.row)] or [""])
        rerun_batches.retry(services, CALLER, store, ["failed", "cancelled"], batch_id=batch)

    def lose_a_worker() -> None:
        for lane in services.queue.lanes.values():
            if lane:
                rows.claim(services.database, lane.pop().row)
                clock.advance(40)

    def cancel() -> None:
        with services.database.reading() as session:
            batches = [batch.id for batch in session.query(FileBatch) if batch.in_progress]
        if batches:
            file_batches.cancel(services, CALLER, store, luck.choice(batches))

    def refused(step: Callable[[], object]) -> Callable[[], None]:
        def try_it() -> None:
            with suppress(RequestError):
                step()

        return try_it

    steps: list[Callable[[], object]] = [
        *(attach, again, delete, lose_a_worker, cancel, work_in_vain, retry_a_batch),
        *[work] * 6,
        *[lambda: sweep(services)] * 3,
        lambda: clock.advance(2 * DAY),
        lambda: rerun_batches.reindex(services, CALLER, store, "all", ChunkSizes(luck.choice([800, 300]), 0)),
        lambda: rerun_batches.retry(services, CALLER, store, ["failed", "cancelled"]),
        *[lambda: move(services, store, luck.choice([LOCAL_MODEL, OTHER, THIRD]), at_once=luck.random() < 0.3)] * 2,
        lambda: rerun_batches.go_back(services, CALLER, store, at_once=luck.random() < 0.5),
        lambda: reindexing.forget_old(services, CALLER, store),
    ]
    before: set[str] = set(HERONS)
    for _ in range(120):
        refused(luck.choice(steps))()
        seen = found(services, store)
        assert len(seen) == len(set(seen)), "a file was found twice"
        if luck.random() < 0.1:
            agrees(services)
        with services.database.reading() as session:
            live = {row.file_id for row in session.query(StoreFile) if row.live_generation is not None}
        assert before & {texts[f] for f in live & texts.keys()} <= set(seen), "a file was not found any more"
        before = set(seen)
    settle(services)
    clock.advance(120)
    settle(services)
    agrees(services)
    with services.database.reading() as session:
        live = {row.file_id for row in session.query(StoreFile) if row.live_generation is not None}
    assert {texts[file_id] for file_id in live} == set(found(services, store))


def test_what_a_file_is_attached_anew_with_survives_a_switch(services: FakeServices) -> None:
    store, files = store_with(services, *HERONS)
    run_all(services)
    move(services, store)
    run_all(services)
    members.attach(services, CALLER, store, Member(files[0], None, 400, 100))

    sweep(services)
    settle(services)

    assert state(services, store) == (OTHER, LOCAL_MODEL, "kept")
    file = members.retrieve(services, CALLER, store, files[0])
    assert (file.status, file.chunk_tokens, file.chunk_overlap) == ("completed", 400, 100)
    agrees(services)


def failed_once(services: FakeServices) -> tuple[str, list[str], FileBatch]:
    """A store whose first file fails with the other model, so that it stays on the way; its files and the batch."""
    store, files = store_with(services, *HERONS)
    run_all(services)
    batch = move(services, store)
    run_all_but_the_first(services)
    settle(services)
    assert state(services, store) == (LOCAL_MODEL, OTHER, "staging")
    return store, files, batch


def test_a_file_that_failed_once_and_then_did_not_comes_along_again(services: FakeServices) -> None:
    store, files, batch = failed_once(services)
    rerun_batches.retry(services, CALLER, store, ["failed"], batch_id=batch.id)
    run_all(services)
    members.attach(services, CALLER, store, Member(files[0], None, 400, 100))

    run_all(services)
    settle(services)

    assert state(services, store) == (OTHER, LOCAL_MODEL, "kept")
    agrees(services)


def test_a_store_that_a_failed_file_holds_up_can_be_left_where_it_is(services: FakeServices) -> None:
    store, _, batch = failed_once(services)

    file_batches.cancel(services, CALLER, store, batch.id)
    settle(services)

    assert state(services, store) == (LOCAL_MODEL, None, None)
    assert found(services, store) == sorted(HERONS)
    assert generations(services, OTHER) == set()
    agrees(services)


def test_a_way_back_that_cannot_be_finished_at_once_is_finished_by_the_sweep(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _ = moved(services, *HERONS)

    def busy(*_: object) -> None:
        raise DependencyDown("database", "lock timeout")

    with monkeypatch.context() as patched:
        patched.setattr(reindexing, "advance", busy)
        rerun_batches.go_back(services, CALLER, store)
    sweep(services)

    assert state(services, store) == (LOCAL_MODEL, OTHER, "kept")

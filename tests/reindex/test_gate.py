"""Gates of migrations: golden queries hold a store back at its current index."""

from collections.abc import Sequence

import pytest
from sqlalchemy import select

from ingest.config import LOCAL_MODEL
from ingest.db.models import ReindexGate
from ingest.db.queue.membership import Member
from ingest.errors import DependencyDown, InvalidRequest
from ingest.jobs.maintenance import run_maintenance
from ingest.reindex import gate, migration, rerun_batches
from ingest.reindex.gate import GateRequest
from ingest.reindex.reindexing import ModelTarget
from ingest.search import search
from ingest.search.evaluation.golden import Expected, GoldenQuery
from ingest.search.options import SearchOptions
from ingest.stores import batches as file_batches
from ingest.stores import members, vector_stores
from tests.fakes import CALLER, FakeIndex, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs, upload_text
from tests.reindex.scenes import (
    HERONS,
    OTHER_MODEL,
    assert_consistent,
    finish_all_work,
    migrate,
    migrated_store,
    model_state,
    point_generations,
    search_texts,
)

STAYED, CUT_OVER = (LOCAL_MODEL, OTHER_MODEL, "staging"), (OTHER_MODEL, LOCAL_MODEL, "kept")
GOLDEN = [GoldenQuery(text, (Expected(text=text),)) for text in HERONS]


def migrate_with_gate(
    services: FakeServices, store: str, queries: Sequence[GoldenQuery] = GOLDEN, tolerance: float = 0.0
) -> None:
    target = ModelTarget(OTHER_MODEL, gate=GateRequest(queries, tolerance))
    rerun_batches.reindex(services, CALLER, store, "all", None, target)
    run_published_jobs(services)


def gated_store(services: FakeServices, tolerance: float = 0.0) -> str:
    """Return a store with a gate, all of whose files are ready."""
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)
    migrate_with_gate(services, store, tolerance=tolerance)
    return store


def lose_in_the_new_index(services: FakeServices, *texts: str) -> None:
    """Let searches of the new index find everything but these texts, which stay in the index."""
    index = services.index_of(OTHER_MODEL)
    assert isinstance(index, FakeIndex)
    original = index.search

    def search_without(*args: object, **kwargs: object) -> object:
        found = original(*args, **kwargs)  # type: ignore[arg-type] # passes on whatever it gets
        return tuple([hit for hit in hits if hit.text not in texts] for hits in found)

    index.search = search_without  # type: ignore[method-assign, assignment] # a fake


def find_again(services: FakeServices) -> None:
    """Undo `lose_in_the_new_index`."""
    vars(services.index_of(OTHER_MODEL)).pop("search")


def gate_of(services: FakeServices, store: str) -> ReindexGate:
    found = migration.get_migration_status(services, CALLER, store).gate
    assert found is not None
    return found


def test_a_store_cuts_over_when_its_golden_queries_find_as_much(services: FakeServices) -> None:
    store = gated_store(services)
    assert gate_of(services, store).state == "waiting"
    assert model_state(services, store) == STAYED

    run_maintenance(services)

    assert model_state(services, store) == CUT_OVER
    passed = gate_of(services, store)
    assert (passed.state, passed.reason) == ("passed", None)
    assert passed.result is not None
    assert (passed.result["current"], passed.result["staged"], passed.result["queries"]) == (1.0, 1.0, 3)
    assert_consistent(services)


def test_a_store_stays_with_its_index_when_its_golden_queries_find_less(services: FakeServices) -> None:
    store = gated_store(services)
    lose_in_the_new_index(services, HERONS[1])

    finish_all_work(services)

    assert model_state(services, store) == STAYED
    assert search_texts(services, store) == sorted(HERONS)
    failed = gate_of(services, store)
    assert failed.state == "failed"
    assert failed.reason == (
        "With the new index, recall@10 of 3 golden queries falls from 1.0000 to 0.6667; the tolerance is 0. "
        "Worse are 1 queries, first 'A heron on the roof.'."
    )
    assert failed.result is not None
    assert failed.result["worse_queries"] == [{"query": HERONS[1], "current": 1.0, "staged": 0.0}]
    assert_consistent(services)


def test_a_loss_within_the_tolerance_passes(services: FakeServices) -> None:
    store = gated_store(services, tolerance=0.34)
    lose_in_the_new_index(services, HERONS[1])

    run_maintenance(services)

    assert model_state(services, store) == CUT_OVER


def test_a_failed_gate_is_not_evaluated_again_until_files_change(services: FakeServices) -> None:
    store = gated_store(services)
    lose_in_the_new_index(services, HERONS[1])
    run_maintenance(services)
    find_again(services)

    run_maintenance(services)

    assert gate_of(services, store).state == "failed"
    members.attach(services, CALLER, store, Member(upload_text(services, "A heron, later."), {}, 800, 400))
    finish_all_work(services)
    assert model_state(services, store) == CUT_OVER
    assert_consistent(services)


def test_a_repeated_request_evaluates_the_gate_again(services: FakeServices) -> None:
    store = gated_store(services)
    lose_in_the_new_index(services, HERONS[1])
    run_maintenance(services)
    find_again(services)

    migrate(services, store)

    assert gate_of(services, store).state == "waiting"
    run_maintenance(services)
    assert model_state(services, store) == CUT_OVER


def test_another_gate_replaces_one_that_failed(services: FakeServices) -> None:
    store = gated_store(services)
    lose_in_the_new_index(services, HERONS[1])
    run_maintenance(services)

    migrate_with_gate(services, store, GOLDEN[:1])
    run_maintenance(services)

    assert model_state(services, store) == CUT_OVER


def test_force_overrides_a_failed_gate(services: FakeServices) -> None:
    store = gated_store(services)
    lose_in_the_new_index(services, HERONS[1])
    run_maintenance(services)

    rerun_batches.reindex(services, CALLER, store, "all", None, ModelTarget(OTHER_MODEL, force=True))

    assert model_state(services, store) == CUT_OVER
    assert gate_of(services, store).state == "overridden"
    assert_consistent(services)


def test_force_goes_file_by_file_with_now(services: FakeServices) -> None:
    store = gated_store(services)
    with pytest.raises(InvalidRequest, match="needs 'force'"):
        migrate(services, store, rolling=True)

    rerun_batches.reindex(services, CALLER, store, "all", None, ModelTarget(OTHER_MODEL, rolling=True, force=True))

    assert model_state(services, store) == CUT_OVER
    assert migration.get_migration_status(services, CALLER, store).gate is None


@pytest.mark.parametrize("end", ["purge", "cancel"])
def test_the_new_index_of_a_failed_gate_can_be_dropped(services: FakeServices, end: str) -> None:
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)
    batch = rerun_batches.reindex(
        services, CALLER, store, "all", None, ModelTarget(OTHER_MODEL, gate=GateRequest(GOLDEN))
    )
    run_published_jobs(services)
    lose_in_the_new_index(services, HERONS[1])
    run_maintenance(services)

    if end == "purge":
        migration.purge_previous_model(services, CALLER, store)
    else:
        file_batches.cancel(services, CALLER, store, batch.id)

    finish_all_work(services)
    assert model_state(services, store) == (LOCAL_MODEL, None, None)
    assert point_generations(services, OTHER_MODEL) == set()
    assert search_texts(services, store) == sorted(HERONS)
    assert_consistent(services)


def test_a_new_index_whose_gate_has_not_failed_is_not_purged(services: FakeServices) -> None:
    store = gated_store(services)

    with pytest.raises(InvalidRequest, match="nothing of it can be deleted"):
        migration.purge_previous_model(services, CALLER, store)


def test_a_retry_that_resumes_a_migration_keeps_its_gate(services: FakeServices) -> None:
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)
    batch = rerun_batches.reindex(
        services, CALLER, store, "all", None, ModelTarget(OTHER_MODEL, gate=GateRequest(GOLDEN))
    )
    file_batches.cancel(services, CALLER, store, batch.id)
    finish_all_work(services)
    lose_in_the_new_index(services, HERONS[1])

    rerun_batches.retry(services, CALLER, store, ["cancelled"], batch_id=batch.id)

    finish_all_work(services)
    assert model_state(services, store) == STAYED
    assert gate_of(services, store).state == "failed"


def test_a_later_migration_without_a_gate_has_none(services: FakeServices) -> None:
    store = gated_store(services)
    run_maintenance(services)
    rerun_batches.roll_back(services, CALLER, store)
    lose_in_the_new_index(services, *HERONS)

    migrate(services, store)

    assert model_state(services, store) == CUT_OVER
    assert migration.get_migration_status(services, CALLER, store).gate is None


def test_a_dependency_that_is_down_delays_the_cut_over(services: FakeServices) -> None:
    store = gated_store(services)
    index = services.index_of(OTHER_MODEL)
    assert isinstance(index, FakeIndex)
    index.is_down = True

    run_maintenance(services)

    assert model_state(services, store) == STAYED
    delayed = gate_of(services, store)
    assert delayed.state == "waiting"
    assert (delayed.reason or "").startswith("The golden queries cannot be evaluated at present: ")
    index.is_down = False
    run_maintenance(services)
    assert model_state(services, store) == CUT_OVER
    assert gate_of(services, store).reason is None


def test_a_defect_in_one_gate_does_not_stop_other_migrations(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = gated_store(services)
    other, _ = attach_texts(services, "A stork.")
    run_published_jobs(services)
    migrate(services, other)
    run_published_jobs(services)
    monkeypatch.setattr(gate, "rank_expected", lambda *_: 1 / 0)

    run_maintenance(services)

    assert model_state(services, store) == STAYED
    assert "crashed" in (gate_of(services, store).reason or "")
    assert model_state(services, other) == CUT_OVER


def test_a_process_that_dies_after_the_evaluation_leaves_it_to_be_repeated(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = gated_store(services)

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(gate, "_record", die)
        with pytest.raises(KeyboardInterrupt):
            gate.evaluate(services, store)
    assert model_state(services, store) == STAYED
    assert gate_of(services, store).recalls == []

    run_maintenance(services)

    assert model_state(services, store) == CUT_OVER


def test_a_process_that_dies_before_the_cut_over_leaves_it_to_the_next(services: FakeServices) -> None:
    store = gated_store(services)
    gate.evaluate(services, store)
    assert (model_state(services, store), gate_of(services, store).state) == (STAYED, "passed")

    lose_in_the_new_index(services, HERONS[1])  # the verdict stands: it is not evaluated again
    run_maintenance(services)

    assert model_state(services, store) == CUT_OVER


def test_a_verdict_does_not_count_for_files_that_came_later(services: FakeServices) -> None:
    store = gated_store(services)
    gate.evaluate(services, store)
    members.attach(services, CALLER, store, Member(upload_text(services, "A heron, later."), {}, 800, 400))
    run_published_jobs(services)
    lose_in_the_new_index(services, HERONS[1])

    finish_all_work(services)

    assert model_state(services, store) == STAYED
    assert gate_of(services, store).state == "failed"


def test_a_long_evaluation_continues_in_the_next_run(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "SECONDS_PER_RUN", 0.0)
    store = gated_store(services)

    progress = []
    for _ in range(3):
        progress.append((len(gate_of(services, store).recalls), model_state(services, store)))
        run_maintenance(services)

    assert progress == [(0, STAYED), (1, STAYED), (2, STAYED)]
    assert model_state(services, store) == CUT_OVER


def test_two_processes_that_evaluate_at_once_count_each_query_once(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "SECONDS_PER_RUN", 0.0)
    store = gated_store(services)
    original = search.search_store
    calls: list[int] = []

    def search_while_another_evaluates(*args: object) -> object:
        if not calls:
            calls.append(1)
            gate.evaluate(services, store)
        return original(*args)  # type: ignore[arg-type] # passes on whatever it gets

    monkeypatch.setattr(search, "search_store", search_while_another_evaluates)

    gate.evaluate(services, store)

    assert gate_of(services, store).recalls == [[1.0, 1.0]]


def test_an_override_during_the_evaluation_stands(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    store = gated_store(services)
    lose_in_the_new_index(services, HERONS[1])
    original = gate._evaluate_slice

    def override_meanwhile(*args: object) -> object:
        rerun_batches.reindex(services, CALLER, store, "all", None, ModelTarget(OTHER_MODEL, force=True))
        return original(*args)  # type: ignore[arg-type] # passes on whatever it gets

    monkeypatch.setattr(gate, "_evaluate_slice", override_meanwhile)

    run_maintenance(services)

    assert (model_state(services, store), gate_of(services, store).state) == (CUT_OVER, "overridden")


@pytest.mark.parametrize("moment", ["before", "during"])
def test_a_store_that_is_deleted_meanwhile_loses_its_gate(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    store = gated_store(services)
    if moment == "before":
        vector_stores.delete(services, CALLER, store)
    else:
        original = gate._evaluate_slice

        def delete_meanwhile(*args: object) -> object:
            vector_stores.delete(services, CALLER, store)
            return original(*args)  # type: ignore[arg-type] # passes on whatever it gets

        monkeypatch.setattr(gate, "_evaluate_slice", delete_meanwhile)

    for _ in range(3):
        run_maintenance(services)

    with services.database.reading() as session:
        assert session.scalars(select(ReindexGate)).all() == []
    assert_consistent(services)


def test_expected_files_that_no_longer_exist_are_left_out_and_named(services: FakeServices) -> None:
    store, [first, second, _] = attach_texts(services, *HERONS)
    run_published_jobs(services)
    queries = [
        GoldenQuery(HERONS[0], (Expected(first), Expected("gone.pdf"))),
        GoldenQuery(HERONS[1], (Expected(second),)),
    ]
    members.delete(services, CALLER, store, second)

    migrate_with_gate(services, store, queries)
    run_maintenance(services)

    assert model_state(services, store) == CUT_OVER
    result = gate_of(services, store).result
    assert result is not None
    assert (result["current"], result["staged"], result["queries"], result["left_out"]) == (1.0, 1.0, 1, 1)
    assert result["missing_files"] == ["gone.pdf", second]


@pytest.mark.parametrize("expected", [Expected("gone.pdf"), Expected(text="no such text")])
def test_golden_queries_that_find_nothing_never_let_a_store_cut_over(
    services: FakeServices, expected: Expected
) -> None:
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)

    migrate_with_gate(services, store, [GoldenQuery("heron", (expected,))])
    run_maintenance(services)

    assert model_state(services, store) == STAYED
    assert "they measure nothing" in (gate_of(services, store).reason or "")


def test_filters_of_golden_queries_apply(services: FakeServices) -> None:
    store, [first, *_] = attach_texts(services, *HERONS)
    run_published_jobs(services)
    members.update_attributes(services, CALLER, store, first, {"year": 2021})
    condition = {"type": "eq", "key": "year", "value": 2021}

    migrate_with_gate(services, store, [GoldenQuery("heron", (Expected(text=text),), condition) for text in HERONS])
    run_maintenance(services)

    result = gate_of(services, store).result
    assert result is not None
    assert (result["current"], result["staged"]) == pytest.approx((1 / 3, 1 / 3))


def test_a_gate_needs_another_model_and_a_cut_over_as_a_whole(services: FakeServices) -> None:
    store, _ = migrated_store(services, *HERONS)
    request = GateRequest(GOLDEN)

    for target in (ModelTarget(OTHER_MODEL, gate=request), ModelTarget(LOCAL_MODEL, rolling=True, gate=request)):
        with pytest.raises(InvalidRequest, match="'gate' goes with a model"):
            rerun_batches.reindex(services, CALLER, store, "all", None, target)
    with pytest.raises(InvalidRequest, match="there is nothing to force"):
        rerun_batches.reindex(services, CALLER, store, "all", None, ModelTarget(OTHER_MODEL, force=True))


def test_the_queries_of_a_gate_are_bounded() -> None:
    many = GateRequest([GOLDEN[0]] * (gate.MAX_QUERIES + 1))
    long = GateRequest([GoldenQuery("x" * 30_000, (Expected("a"),))] * 40)

    for request in (many, long, GateRequest([])):
        with pytest.raises(InvalidRequest):
            request.rows()


def test_the_other_index_of_a_store_can_be_searched(services: FakeServices) -> None:
    store = gated_store(services)
    lose_in_the_new_index(services, HERONS[1])

    found = search.search_store(services, CALLER, store, ["heron"], SearchOptions(index="other")).results

    assert sorted(result.text for result in found) == sorted([HERONS[0], HERONS[2]])


def test_a_store_without_another_index_refuses_to_search_it(services: FakeServices) -> None:
    store, _ = attach_texts(services, *HERONS)

    with pytest.raises(InvalidRequest, match="no other index"):
        search.search_store(services, CALLER, store, ["heron"], SearchOptions(index="other"))


def test_a_gate_that_waits_does_not_touch_a_store_of_another_state(services: FakeServices) -> None:
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)
    services.embedder_of(OTHER_MODEL).error = DependencyDown("embedder", "it is down")  # type: ignore[attr-defined] # a FakeEmbedder
    migrate_with_gate(services, store)

    gate.evaluate(services, store)  # files are not ready

    assert (gate_of(services, store).state, gate_of(services, store).recalls) == ("waiting", [])

"""Search over fakes: fusion, and hits joined with what the database says."""

import pytest

from ingest.db.queue.membership import Member
from ingest.errors import NotFound
from ingest.steps.filters import Comparison
from ingest.stores import batches, members, search, vector_stores
from ingest.stores.search import FusionWeights, fuse
from tests.fakes import CALLER, FakeRewriter, FakeServices
from tests.jobs.test_run import run_all, store_with, upload

A, B, C = (1, 0), (2, 0), (3, 0)


def test_each_list_is_scaled_to_its_own_range_and_weighted() -> None:
    fused = fuse({A: 0.9, B: 0.8, C: 0.7}, {B: 12.0, C: 2.0}, FusionWeights(0.5, 0.5))

    assert fused == {A: pytest.approx(0.5), B: pytest.approx(0.75), C: pytest.approx(0.0)}


def test_weights_need_not_add_up_to_one() -> None:
    assert fuse({A: 1.0, B: 0.0}, {B: 1.0, A: 0.0}, FusionWeights(3, 1)) == {A: 0.75, B: 0.25}


def test_a_list_of_equal_scores_counts_in_full() -> None:
    assert fuse({A: 0.3, B: 0.3}, {}, FusionWeights(1, 0)) == {A: 1.0, B: 1.0}


def test_results_carry_the_uploaded_files_id_its_name_and_attributes(services: FakeServices) -> None:
    store, [file_id] = store_with(services, "The heron fishes at dawn.")
    members.update_attributes(services, CALLER, store, file_id, {"year": 2024.0})
    run_all(services)

    [found] = search.search(services, CALLER, store, ["heron"], limit=3)

    assert (found.file_id, found.filename, found.attributes) == (file_id, "a.txt", {"year": 2024.0})
    assert found.text == "The heron fishes at dawn."


def test_several_queries_give_one_list_without_repetition(services: FakeServices) -> None:
    store, ids = store_with(services, "heron at dawn", "otter at dusk")
    run_all(services)

    found = search.search(services, CALLER, store, ["heron", "otter"], limit=10)

    assert sorted(passage.file_id for passage in found) == sorted(ids)


def test_a_threshold_leaves_out_what_scores_lower(services: FakeServices) -> None:
    store, [heron, _] = store_with(services, "heron heron heron", "zzz")
    run_all(services)

    found = search.search(services, CALLER, store, ["heron"], limit=10, score_threshold=0.9)

    assert [passage.file_id for passage in found] == [heron]


def test_points_that_lag_behind_the_database_are_not_found(services: FakeServices) -> None:
    store, [first, second] = store_with(services, "kept words", "deleted words")
    run_all(services)

    members.delete(services, CALLER, store, second)  # its points are still there: no sweep has run

    assert [passage.file_id for passage in search.search(services, CALLER, store, ["words"], limit=10)] == [first]
    assert len(services.index.points) == 2


def test_filters_follow_the_database_even_when_points_lag(services: FakeServices) -> None:
    store, [file_id] = store_with(services, "painted red")
    run_all(services)
    services.index.down = True
    members.update_attributes(services, CALLER, store, file_id, {"colour": "blue"})
    services.index.down = False

    red = search.search(services, CALLER, store, ["painted"], limit=10, filters=Comparison("ne", "colour", "blue"))

    assert red == []


def test_a_search_looks_deeper_when_its_first_hits_are_all_stale(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "DEPTH", 2)
    store, ids = store_with(services, *["word " * (10 - n) for n in range(8)])
    run_all(services)
    for file_id in ids[:6]:
        members.delete(services, CALLER, store, file_id)

    found = search.search(services, CALLER, store, ["word"], limit=2)

    assert sorted(passage.file_id for passage in found) == sorted(ids[6:])


def test_files_of_a_cancelled_batch_that_were_found_before_are_not_found(services: FakeServices) -> None:
    store, [file_id] = store_with(services, "re-chunked")
    run_all(services)
    batch = batches.create(services, CALLER, store, [Member(file_id, None, 100, 0)])
    assert len(search.search(services, CALLER, store, ["re-chunked"], limit=5)) == 1

    batches.cancel(services, CALLER, store, batch.id)

    assert search.search(services, CALLER, store, ["re-chunked"], limit=5) == []


def test_a_store_that_does_not_exist_is_not_searched(services: FakeServices) -> None:
    with pytest.raises(NotFound):
        search.search(services, CALLER, "vs_none", ["x"], limit=1)


def test_a_search_moves_the_time_of_last_use(services: FakeServices) -> None:
    store, _ = store_with(services)
    before = vector_stores.retrieve(services, CALLER, store).last_active_at
    clock = services.database._clock
    assert clock is not None
    clock.advance(5)  # type: ignore[attr-defined]

    search.search(services, CALLER, store, ["x"], limit=1)

    assert vector_stores.retrieve(services, CALLER, store).last_active_at == before + 5


def test_upload_is_not_search(services: FakeServices) -> None:
    store, _ = store_with(services, "attached")
    upload(services, "not attached")
    run_all(services)

    assert len(search.search(services, CALLER, store, ["attached"], limit=10)) == 1


def test_a_query_given_twice_counts_once(services: FakeServices) -> None:
    store, _ = store_with(services, "heron at dawn", "otter at dusk")
    run_all(services)

    assert search.search(services, CALLER, store, ["heron", "heron"], limit=10) == search.search(
        services, CALLER, store, ["heron"], limit=10
    )


def test_of_several_queries_a_passage_has_its_best_score(services: FakeServices) -> None:
    store, _ = store_with(services, "heron at dawn", "otter at dusk", "heron and otter")
    run_all(services)

    alone = [search.search(services, CALLER, store, [query], limit=10) for query in ("heron", "otter")]
    together = search.search(services, CALLER, store, ["heron", "otter"], limit=10)

    best = {found.text: max(f.score for one in alone for f in one if f.text == found.text) for found in together}
    assert {found.text: found.score for found in together} == best
    assert [found.score for found in together] == sorted(best.values(), reverse=True)


def test_words_alone_find_nothing_for_a_query_without_words(services: FakeServices) -> None:
    store, _ = store_with(services, "the heron")
    run_all(services)

    assert search.search(services, CALLER, store, ["?!"], limit=10, weights=FusionWeights(0, 1)) == []


def test_meaning_alone_needs_no_common_word(services: FakeServices) -> None:
    store, [file_id] = store_with(services, "heron")
    run_all(services)

    found = search.search(services, CALLER, store, ["zebra"], limit=10, weights=FusionWeights(1, 0))

    assert [passage.file_id for passage in found] == [file_id]


@pytest.mark.parametrize(("threshold", "count"), [(0.0, 2), (1.0, 1)])
def test_a_threshold_is_met_by_what_equals_it(services: FakeServices, threshold: float, count: int) -> None:
    store, _ = store_with(services, "heron heron heron", "zzz")
    run_all(services)

    assert len(search.search(services, CALLER, store, ["heron"], limit=10, score_threshold=threshold)) == count


def test_a_query_is_rewritten_for_a_store_that_exists(services: FakeServices) -> None:
    store, _ = store_with(services)
    services.rewriter = FakeRewriter("table")

    assert search.rewrite_queries(services, CALLER, store, ["tide", "fare"]) == ["tide table", "fare table"]
    with pytest.raises(NotFound):
        search.rewrite_queries(services, CALLER, "vs_none", ["tide"])

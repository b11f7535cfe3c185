"""Hybrid search of a store, over fakes."""

from collections.abc import Iterator

import pytest

from ingest.config import Settings
from ingest.db.queue.membership import Member
from ingest.errors import NotFound
from ingest.search import retrieval, search
from ingest.search.fusion import FusionWeights
from ingest.steps.embed.local import LocalEmbedder
from ingest.steps.filters import Comparison
from ingest.stores import batches, members, vector_stores
from tests.fakes import CALLER, FakeRewriter, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs, upload_text


def test_a_result_has_the_id_the_name_and_the_attributes_of_the_uploaded_file(services: FakeServices) -> None:
    store, [file_id] = attach_texts(services, "The heron fishes at dawn.")
    members.update_attributes(services, CALLER, store, file_id, {"year": 2024.0})
    run_published_jobs(services)

    [result] = search.search(services, CALLER, store, ["heron"], limit=3)

    assert (result.file_id, result.filename, result.attributes) == (file_id, "a.txt", {"year": 2024.0})
    assert result.text == "The heron fishes at dawn."


def test_the_results_of_several_queries_are_merged_without_duplicates(services: FakeServices) -> None:
    store, ids = attach_texts(services, "heron at dawn", "otter at dusk")
    run_published_jobs(services)

    results = search.search(services, CALLER, store, ["heron", "otter"], limit=10)

    assert sorted(result.file_id for result in results) == sorted(ids)


def test_results_below_the_score_threshold_are_left_out(services: FakeServices) -> None:
    store, [heron, _] = attach_texts(services, "heron heron heron", "zzz")
    run_published_jobs(services)

    results = search.search(services, CALLER, store, ["heron"], limit=10, score_threshold=0.5)

    assert [result.file_id for result in results] == [heron]


def test_points_of_a_removed_file_are_not_found_before_their_purge(services: FakeServices) -> None:
    store, [first, second] = attach_texts(services, "kept words", "deleted words")
    run_published_jobs(services)

    members.delete(services, CALLER, store, second)  # maintenance has not purged its points yet

    assert [result.file_id for result in search.search(services, CALLER, store, ["words"], limit=10)] == [first]
    assert len(services.index.points) == 2


def test_a_filter_applies_to_the_attributes_in_the_database_when_points_are_outdated(services: FakeServices) -> None:
    store, [file_id] = attach_texts(services, "painted red")
    run_published_jobs(services)
    services.index.is_down = True
    members.update_attributes(services, CALLER, store, file_id, {"colour": "blue"})
    services.index.is_down = False

    red = search.search(services, CALLER, store, ["painted"], limit=10, filters=Comparison("ne", "colour", "blue"))

    assert red == []


def test_a_search_requests_more_candidates_when_too_few_are_current(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retrieval, "FIRST_DEPTH", 2)
    store, ids = attach_texts(services, *["word " * (10 - n) for n in range(8)])
    run_published_jobs(services)
    for file_id in ids[:6]:
        members.delete(services, CALLER, store, file_id)

    results = search.search(services, CALLER, store, ["word"], limit=2)

    assert sorted(result.file_id for result in results) == sorted(ids[6:])


def test_files_of_a_cancelled_batch_are_not_found_any_more(services: FakeServices) -> None:
    store, [file_id] = attach_texts(services, "re-chunked")
    run_published_jobs(services)
    batch = batches.create(services, CALLER, store, [Member(file_id, None, 100, 0)])
    assert len(search.search(services, CALLER, store, ["re-chunked"], limit=5)) == 1

    batches.cancel(services, CALLER, store, batch.id)

    assert search.search(services, CALLER, store, ["re-chunked"], limit=5) == []


def test_a_search_of_an_unknown_store_raises_not_found(services: FakeServices) -> None:
    with pytest.raises(NotFound):
        search.search(services, CALLER, "vs_none", ["x"], limit=1)


def test_a_search_updates_the_time_of_last_activity(services: FakeServices) -> None:
    store, _ = attach_texts(services)
    before = vector_stores.retrieve(services, CALLER, store).last_active_at
    clock = services.database._clock
    assert clock is not None
    clock.advance(5)  # type: ignore[attr-defined] # the test clock

    search.search(services, CALLER, store, ["x"], limit=1)

    assert vector_stores.retrieve(services, CALLER, store).last_active_at == before + 5


def test_a_file_that_is_not_attached_is_not_found(services: FakeServices) -> None:
    store, _ = attach_texts(services, "attached")
    upload_text(services, "not attached")
    run_published_jobs(services)

    assert len(search.search(services, CALLER, store, ["attached"], limit=10)) == 1


def test_a_repeated_query_counts_once(services: FakeServices) -> None:
    store, _ = attach_texts(services, "heron at dawn", "otter at dusk")
    run_published_jobs(services)

    assert search.search(services, CALLER, store, ["heron", "heron"], limit=10) == search.search(
        services, CALLER, store, ["heron"], limit=10
    )


def test_a_passage_has_the_best_of_its_scores_for_several_queries(services: FakeServices) -> None:
    store, _ = attach_texts(services, "heron at dawn", "otter at dusk", "heron and otter")
    run_published_jobs(services)

    alone = [search.search(services, CALLER, store, [query], limit=10) for query in ("heron", "otter")]
    together = search.search(services, CALLER, store, ["heron", "otter"], limit=10)

    best = {result.text: max(r.score for one in alone for r in one if r.text == result.text) for result in together}
    assert {result.text: result.score for result in together} == best
    assert [result.score for result in together] == sorted(best.values(), reverse=True)


def test_a_lexical_search_finds_nothing_for_a_query_without_terms(services: FakeServices) -> None:
    store, _ = attach_texts(services, "the heron")
    run_published_jobs(services)

    assert search.search(services, CALLER, store, ["?!"], limit=10, weights=FusionWeights(0, 1)) == []


def test_a_dense_search_needs_no_common_term(services: FakeServices) -> None:
    store, [file_id] = attach_texts(services, "heron")
    run_published_jobs(services)

    results = search.search(services, CALLER, store, ["zebra"], limit=10, weights=FusionWeights(1, 0))

    assert [result.file_id for result in results] == [file_id]


def test_a_score_equal_to_the_threshold_passes(services: FakeServices) -> None:
    store, _ = attach_texts(services, "heron heron heron", "zzz")
    run_published_jobs(services)
    [best, last] = search.search(services, CALLER, store, ["heron"], limit=10)

    for threshold, count in ((0.0, 2), (last.score, 2), (best.score, 1)):
        assert len(search.search(services, CALLER, store, ["heron"], limit=10, score_threshold=threshold)) == count


def test_queries_are_rewritten_for_an_existing_store_only(services: FakeServices) -> None:
    store, _ = attach_texts(services)
    services.rewriter = FakeRewriter("table")

    assert search.rewrite_queries(services, CALLER, store, ["tide", "fare"]) == ["tide table", "fare table"]
    with pytest.raises(NotFound):
        search.rewrite_queries(services, CALLER, "vs_none", ["tide"])


# --- with the default model ---


VITAMINS = (
    "Sailors without vitamin C got scurvy.",
    "Sailors without vitamin B got beriberi.",
    "Sailors without vitamin D got rickets.",
    "Sailors without vitamin A got night blindness.",
)
UNRELATED = (
    "The ferry leaves at six.",
    "Bread needs ten minutes of kneading.",
    "The tenant pays the deposit in March.",
    "Glaciers carve valleys.",
)


@pytest.fixture(scope="module")
def embedder() -> Iterator[LocalEmbedder]:
    embedder = LocalEmbedder(Settings())
    yield embedder
    embedder.close()


@pytest.fixture
def with_model(services: FakeServices, embedder: LocalEmbedder) -> FakeServices:
    """Services with the default model and its own cosine floor."""
    services.embedder = embedder  # type: ignore[assignment] # not a fake
    services.cosine_floors.clear()
    return services


def test_the_meaning_decides_between_texts_with_the_same_words(with_model: FakeServices) -> None:
    store, files = attach_texts(with_model, *VITAMINS)
    run_published_jobs(with_model)

    for letter, file_id in zip("CBDA", files, strict=True):
        query = f"Which illness did sailors get from a lack of vitamin {letter}?"
        assert search.search(with_model, CALLER, store, [query], limit=4)[0].file_id == file_id


@pytest.mark.parametrize("query", ["zebra quantum banana", "purple elephant algebra", "who won the match on Sunday"])
def test_nothing_in_the_store_about_a_query_scores_low(with_model: FakeServices, query: str) -> None:
    store, _ = attach_texts(with_model, *UNRELATED)
    run_published_jobs(with_model)

    assert search.search(with_model, CALLER, store, [query], limit=4, score_threshold=0.25) == []


@pytest.mark.parametrize(
    ("query", "place"), [("When does the boat depart?", 0), ("How long must dough be worked?", 1), ("rent security", 2)]
)
def test_an_answer_in_other_words_scores_clearly_higher(with_model: FakeServices, query: str, place: int) -> None:
    store, files = attach_texts(with_model, *UNRELATED)
    run_published_jobs(with_model)

    best, second, *_ = search.search(with_model, CALLER, store, [query], limit=4)

    assert best.file_id == files[place]
    assert best.score > 0.2
    assert best.score > second.score + 0.1


def test_the_same_text_scores_nearly_one(with_model: FakeServices) -> None:
    store, files = attach_texts(with_model, *UNRELATED)
    run_published_jobs(with_model)

    [best] = search.search(with_model, CALLER, store, [UNRELATED[0]], limit=1)

    assert best.file_id == files[0]
    assert best.score > 0.85

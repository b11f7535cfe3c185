"""Reranking of a search: which passages are asked about, in which order they follow, and what a failure changes."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from ingest.config import Settings
from ingest.errors import DependencyDown
from ingest.net.breaker import FAILURES_TO_OPEN
from ingest.search import reranking
from ingest.search.options import Ranker, SearchOptions
from ingest.search.passages import SearchResult
from ingest.search.search import search_store
from ingest.steps.rerank import PairsRefused
from tests.fakes import CALLER, FakeReranker, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs
from tests.search.passages import passages_of

TEXTS = ("zzz heron", "heron and an egret at dawn", "otter otter heron dawn")
QUERY = "otter dawn heron"


@pytest.fixture
def offline(settings: Settings) -> FakeServices:
    """Services with a reranker, for a stage that needs no database."""
    services = FakeServices(settings, None)  # type: ignore[arg-type] # it is not used
    services.reranker = FakeReranker()
    return services


@pytest.fixture
def reranker(offline: FakeServices) -> FakeReranker:
    assert isinstance(offline.reranker, FakeReranker)
    return offline.reranker


def store_with_texts(services: FakeServices) -> str:
    store, _ = attach_texts(services, *TEXTS)
    run_published_jobs(services)
    services.reranker = FakeReranker()
    return store


def search(services: FakeServices, store: str, *queries: str, options: SearchOptions) -> list[SearchResult]:
    return search_store(services, CALLER, store, queries or (QUERY,), options).results


def reranks(result: str) -> float:
    return REGISTRY.get_sample_value("ingest_reranks_total", {"result": result}) or 0.0


def test_the_reranker_decides_the_order_and_the_scores_of_a_search(services: FakeServices) -> None:
    store = store_with_texts(services)

    results = search(services, store, options=SearchOptions())
    above = search(services, store, options=SearchOptions(score_threshold=0.9))
    [best] = search(services, store, options=SearchOptions(limit=1))

    assert [(result.text, result.score) for result in results] == [
        (TEXTS[2], 1.0), (TEXTS[1], pytest.approx(2 / 3)), (TEXTS[0], pytest.approx(1 / 3))
    ]  # fmt: skip
    assert [result.text for result in above] == [TEXTS[2]], "the threshold applies to the reranker's score"
    assert best.text == TEXTS[2], "the reranker sees more passages than the limit"


def test_each_passage_is_read_with_the_query_that_found_it_best(services: FakeServices) -> None:
    store = store_with_texts(services)

    search(services, store, "egret dawn", "zzz", options=SearchOptions())

    [pairs] = services.reranker.asked  # type: ignore[union-attr] # it is a FakeReranker
    assert ("egret dawn", TEXTS[1]) in pairs
    assert ("zzz", TEXTS[0]) in pairs
    assert len(pairs) == 3


@pytest.mark.parametrize("ranker", ["none", "rrf"])
def test_a_request_may_do_without_the_reranker(offline: FakeServices, reranker: FakeReranker, ranker: Ranker) -> None:
    passages = passages_of(1, 2)

    assert reranking.rerank(offline, passages, SearchOptions(ranker=ranker)) == passages
    assert reranker.asked == []


@pytest.mark.parametrize("ranker", ["auto", "default-2024-11-15", "default-2024-08-21"])
def test_every_other_ranker_uses_it(offline: FakeServices, reranker: FakeReranker, ranker: Ranker) -> None:
    before = reranks("completed")

    reranking.rerank(offline, passages_of(1, 2), SearchOptions(ranker=ranker))

    assert [len(pairs) for pairs in reranker.asked] == [2]
    assert reranks("completed") == before + 1


def test_without_a_reranker_the_fusion_ranks(settings: Settings) -> None:
    services = FakeServices(settings, None)  # type: ignore[arg-type] # it is not used

    assert services.reranker is None
    assert reranking.rerank(services, passages_of(1, 2), SearchOptions()) == passages_of(1, 2)


def test_no_more_than_the_best_fifty_are_asked_about(offline: FakeServices, reranker: FakeReranker) -> None:
    ranked = reranking.rerank(offline, passages_of(*range(60), query="text"), SearchOptions())

    assert [text for _, text in reranker.asked[0]] == [f"text {number}" for number in range(50)]
    assert [passage.hit.number for passage in ranked[50:]] == list(range(50, 60))


def test_without_passages_nothing_is_asked(offline: FakeServices, reranker: FakeReranker) -> None:
    assert reranking.rerank(offline, [], SearchOptions()) == []
    assert reranker.asked == []


@pytest.mark.parametrize("error", [DependencyDown("reranker", "no answer"), PairsRefused("too long")])
def test_a_failing_reranker_leaves_the_order_of_the_fusion(
    offline: FakeServices, reranker: FakeReranker, error: Exception
) -> None:
    reranker.error, before = error, reranks("failed")

    with capture_logs() as records:
        ranked = reranking.rerank(offline, passages_of(1, 2, 3), SearchOptions())

    assert ranked == passages_of(1, 2, 3)
    assert reranks("failed") == before + 1
    [record] = [record for record in records if record["event"] == "search_not_reranked"]
    assert (record["log_level"], record["passages"], record["reason"]) == ("warning", 3, str(error))


def test_a_reranker_that_keeps_failing_is_no_longer_asked(offline: FakeServices, reranker: FakeReranker) -> None:
    reranker.error = DependencyDown("reranker", "no answer")
    for _ in range(FAILURES_TO_OPEN + 3):
        assert len(reranking.rerank(offline, passages_of(1, 2), SearchOptions())) == 2

    assert len(reranker.asked) == FAILURES_TO_OPEN
    assert offline.breakers["reranker"].is_open


def test_refused_texts_do_not_open_the_breaker(offline: FakeServices, reranker: FakeReranker) -> None:
    reranker.error = PairsRefused("too long")
    for _ in range(FAILURES_TO_OPEN + 3):
        reranking.rerank(offline, passages_of(1, 2), SearchOptions())

    assert len(reranker.asked) == FAILURES_TO_OPEN + 3


def test_passages_without_a_score_follow_the_others(offline: FakeServices, reranker: FakeReranker) -> None:
    reranker.max_scores, before = 1, reranks("partial")

    with capture_logs() as records:
        ranked = reranking.rerank(offline, passages_of(1, 2, 3, query="q text 0 0"), SearchOptions())

    assert [(passage.hit.row, passage.score) for passage in ranked] == [(1, 0.75), (2, 0.75), (3, 0.75)]
    assert reranks("partial") == before + 1
    assert [record["passages"] for record in records if record["event"] == "search_not_reranked"] == [2]


def test_a_reranked_passage_keeps_its_fused_score_and_gets_the_rank_of_the_reranker() -> None:
    first, second = reranking.reorder(passages_of(1, 2, scores=[0.9, 0.8]), [0.1, 0.7])

    assert (first.hit.row, first.score, first.fused_score) == (2, 0.7, 0.8)
    assert (second.hit.row, second.score, second.fused_score) == (1, 0.1, 0.9)
    assert [passage.rerank.rank for passage in (first, second) if passage.rerank] == [1, 2]


def test_equal_scores_keep_the_order_of_the_fusion() -> None:
    ranked = reranking.reorder(passages_of(1, 2, 3), [0.5, 0.9, 0.5])

    assert [passage.hit.row for passage in ranked] == [2, 1, 3]


def test_without_any_score_nothing_changes() -> None:
    passages = passages_of(1, 2)

    assert reranking.reorder(passages, []) == passages
    assert reranking.reorder(passages, [None, None]) == passages


@given(st.lists(st.none() | st.floats(0, 1), max_size=12), st.integers(0, 5))
def test_the_list_has_the_same_passages_and_falling_scores(scores: Sequence[float | None], more: int) -> None:
    passages = passages_of(*range(len(scores) + more))

    ranked = reranking.reorder(passages, scores)

    assert sorted(passage.key for passage in ranked) == sorted(passage.key for passage in passages)
    assert all(before.score >= after.score for before, after in pairwise(ranked))
    reranked = [passage for passage in ranked if passage.rerank is not None]
    assert ranked[: len(reranked)] == reranked
    assert len(reranked) == sum(score is not None for score in scores)

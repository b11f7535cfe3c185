"""Ranking of the candidates of one query."""

import pytest

from ingest.caller import DEFAULT_PROJECT
from ingest.db.content.members import LiveFile
from ingest.db.queue.model_migration import SearchModels
from ingest.search import fusion
from ingest.search.candidates import Candidate, LeastScores, PartScore
from ingest.search.fusion import FusionWeights
from ingest.search.options import SearchOptions
from ingest.search.retrieval import Query, Retrieved, StoreState
from ingest.search.scoring import rank
from ingest.steps.index import Hit
from tests.fakes import FakeServices

FILE = LiveFile(generation=1, file_id="file-1", filename="a.txt", attributes={}, model="m")


def candidate(number: int, dense: tuple[float, int] | None, lexical: tuple[float, int] | None) -> Candidate:
    hit = Hit(row=1, generation=1, number=number, text="", score=0.0)
    return Candidate(hit, "m", dense and PartScore(*dense), lexical and PartScore(*lexical))


def ranking(services: FakeServices, options: SearchOptions, *candidates: Candidate) -> list[tuple[int, float]]:
    """Return the numbers and scores of the candidates, best first. The BM25 score that counts as 1 is 2 ln 10."""
    services.cosine_floors["m"] = 0.5
    store = StoreState(DEFAULT_PROJECT, "vs_1", SearchModels(("m",), False, 0), chunks=9, languages=0)
    found = {(1, each.hit.number): each for each in candidates}
    retrieved = Retrieved(store, found, {1: FILE}, LeastScores({"m": 1.0}, {"m": 0.0}))
    ranked = rank(services, Query("two words", ("en",), None, 2.0), retrieved, options, None)
    assert all(passage.score == passage.fused_score for passage in ranked.passages)
    return [(passage.hit.number, passage.score) for passage in ranked.passages]


def test_candidates_are_ranked_by_the_absolute_rule(services: FakeServices) -> None:
    ceiling = fusion.lexical_ceiling(2.0, 9)
    options = SearchOptions(weights=FusionWeights(1, 1))

    found = ranking(services, options, candidate(0, (0.75, 1), None), candidate(1, (0.6, 2), (ceiling / 2, 1)))

    assert [number for number, _ in found] == [1, 0]
    assert [score for _, score in found] == pytest.approx([0.35, 0.25])


def test_a_score_below_the_floor_is_negative_until_it_is_shown(services: FakeServices) -> None:
    options = SearchOptions(weights=FusionWeights(1, 0))

    found = ranking(services, options, candidate(0, (0.2, 2), None), candidate(1, (0.4, 1), None))

    assert [number for number, _ in found] == [1, 0]
    assert [score for _, score in found] == pytest.approx([-0.2, -0.6])


def test_a_hair_of_bm25_does_not_outweigh_the_meaning(services: FakeServices) -> None:
    """Both have the same words, so nearly the same BM25 scores. Scaled to the range of the hits, they would be 1 and 0."""
    options = SearchOptions(weights=FusionWeights(1, 1))

    found = ranking(services, options, candidate(0, (0.70, 2), (0.301, 1)), candidate(1, (0.75, 1), (0.300, 2)))

    assert [number for number, _ in found] == [1, 0]


def test_ranks_alone_decide_with_the_ranker_rrf(services: FakeServices) -> None:
    options = SearchOptions(ranker="rrf", weights=FusionWeights(1, 1))
    candidates = (candidate(0, (0.9, 1), None), candidate(1, (0.6, 2), (0.1, 1)), candidate(2, None, (0.05, 2)))

    found = ranking(services, options, *candidates)

    assert [number for number, _ in found] == [1, 0, 2]
    assert found[0][1] == pytest.approx(fusion.reciprocal_rank_score(2, 1, FusionWeights(1, 1)))


def test_equal_scores_keep_the_order_of_the_lists(services: FakeServices) -> None:
    options = SearchOptions(weights=FusionWeights(1, 0))

    found = ranking(services, options, *(candidate(number, (0.7, number + 1), None) for number in range(5)))

    assert [number for number, _ in found] == [0, 1, 2, 3, 4]

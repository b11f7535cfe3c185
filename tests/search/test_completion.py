"""Scores of passages that only one list has."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from ingest.caller import DEFAULT_PROJECT
from ingest.db.queue.model_migration import SearchModels
from ingest.search.candidates import Candidate, LeastScores, PartScore, PassageKey
from ingest.search.completion import complete
from ingest.search.fusion import FusionWeights
from ingest.search.retrieval import Query, Retrieved, StoreState
from ingest.search.scale import Scale
from ingest.steps.index import Hit, Point, PointKey, PointOwner
from ingest.steps.vectors import SparseVector, Vectors
from tests.fakes import FakeEmbedder, FakeServices

MODEL = "m"
TEXTS = ("heron", "gannet", "otter", "wren")
SCALE = Scale(FusionWeights(1, 1), {MODEL: 0.0}, ceiling=10.0)


@pytest.fixture
def filled(services: FakeServices) -> FakeServices:
    """Services whose index has the texts as chunks of row 1. The requests for scores are counted in `asked`."""
    owner = PointOwner(1, 1, DEFAULT_PROJECT, "vs_1", "file-1", "a.txt", {})
    embedder = FakeEmbedder()
    points = [Point(n, text, embedder.embed([text])[0], SparseVector([], [])) for n, text in enumerate(TEXTS)]
    services.index.upsert(owner, points)
    services.index_of = lambda model: services.index  # type: ignore[method-assign] # one index for all models
    services.embedder_of = lambda model: embedder  # type: ignore[method-assign] # a fake
    return services


def dense_only(number: int, cosine: float) -> Candidate:
    return Candidate(Hit(1, 1, number, TEXTS[number], cosine), MODEL, dense=PartScore(cosine, number + 1))


def lexical_only(number: int, bm25: float) -> Candidate:
    return Candidate(Hit(1, 1, number, TEXTS[number], bm25), MODEL, lexical=PartScore(bm25, number + 1))


def completed(
    services: FakeServices,
    candidates: Sequence[Candidate],
    *,
    least: tuple[float, float],
    needed: int | None = None,
    scale: Scale = SCALE,
) -> dict[PassageKey, Candidate]:
    """Complete candidates of lists that end with these cosine and BM25 scores, for the query "heron"."""
    store = StoreState(DEFAULT_PROJECT, "vs_1", SearchModels((MODEL,), False, 0), chunks=4, languages=0)
    found = Retrieved(
        store,
        {(1, each.hit.number): each for each in candidates},
        {},
        LeastScores({MODEL: least[0]}, {MODEL: least[1]}),
    )
    return complete(services, Query("heron", ("en",), None, 1.0), found, scale, needed)


def test_a_passage_that_the_dense_list_lacks_has_its_exact_cosine(filled: FakeServices) -> None:
    found = completed(filled, [lexical_only(0, 4.0)], least=(0.2, 1.0))

    [candidate] = found.values()
    assert candidate.dense is not None
    assert candidate.dense.score == pytest.approx(1.0)
    assert candidate.dense.rank is None
    assert candidate.lexical == PartScore(4.0, 1)


def test_a_passage_that_a_full_lexical_list_lacks_has_half_of_its_last_score(filled: FakeServices) -> None:
    found = completed(filled, [dense_only(1, 0.5)], least=(0.2, 3.0))

    assert found[1, 1].lexical == PartScore(1.5, None)


def test_a_passage_that_a_lexical_list_with_all_matches_lacks_has_no_lexical_score(filled: FakeServices) -> None:
    assert completed(filled, [dense_only(1, 0.5)], least=(0.2, 0.0))[1, 1].lexical is None


def test_a_list_without_weight_is_not_completed(filled: FakeServices) -> None:
    by_words = replace(SCALE, weights=FusionWeights(0, 1), floors={})
    by_meaning = replace(SCALE, ceiling=0.0)

    assert completed(filled, [lexical_only(0, 4.0)], least=(1.0, 1.0), scale=by_words)[1, 0].dense is None
    assert completed(filled, [dense_only(0, 0.4)], least=(1.0, 0.0), scale=by_meaning)[1, 0].lexical is None


def test_passages_that_cannot_be_among_the_needed_are_not_asked_for(
    filled: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[PointKey] = []
    score_points = filled.index.score_points

    def count_points(points: Sequence[PointKey], dense: Vectors) -> dict[PointKey, float]:
        asked.extend(points)
        return score_points(points, dense)

    monkeypatch.setattr(filled.index, "score_points", count_points)
    candidates = [dense_only(0, 0.9), dense_only(1, 0.6), lexical_only(2, 5.0), lexical_only(3, 1.0)]

    # Of the two that are known, the second scores .325. The others score at most .35 and .15.
    found = completed(filled, candidates, least=(0.2, 1.0), needed=2)

    assert asked == [PointKey(1, 1, 2)]
    assert found[1, 3].dense == PartScore(0.2, None)
    assert len(found) == 4


def test_a_point_that_is_gone_has_no_dense_score(filled: FakeServices) -> None:
    filled.index.points.clear()

    assert completed(filled, [lexical_only(0, 4.0)], least=(0.2, 1.0))[1, 0].dense is None

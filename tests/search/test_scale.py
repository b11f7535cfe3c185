"""The scale of a query's scores."""

from math import log

import pytest

from ingest.db.queue.model_migration import SearchModels
from ingest.search.candidates import Candidate, PartScore
from ingest.search.fusion import FusionWeights
from ingest.search.retrieval import Query, StoreState
from ingest.search.scale import Scale, make_scale
from ingest.steps.index import Hit
from tests.fakes import FakeServices

HIT = Hit(row=1, generation=1, number=0, text="", score=0.0)
STORE = StoreState("project", "vs_1", SearchModels(("old", "new"), True, 0), chunks=99, languages=0)


def candidate(cosine: float | None, bm25: float | None, model: str = "new") -> Candidate:
    dense = None if cosine is None else PartScore(cosine, 1)
    return Candidate(HIT, model, dense, None if bm25 is None else PartScore(bm25, 1))


def test_both_parts_of_a_candidate_are_weighted() -> None:
    scale = Scale(FusionWeights(3, 1), {"new": 0.5}, ceiling=10.0)

    assert scale.score(candidate(0.75, 2.0)) == pytest.approx(0.75 * 0.5 + 0.25 * 0.2)


def test_a_part_that_a_candidate_lacks_counts_as_zero() -> None:
    scale = Scale(FusionWeights(1, 1), {"new": 0.5}, ceiling=10.0)

    assert scale.score(candidate(None, 2.0)) == pytest.approx(0.1)
    assert scale.score(candidate(0.75, None)) == pytest.approx(0.25)


def test_candidates_of_two_models_are_measured_from_the_floor_of_each() -> None:
    scale = Scale(FusionWeights(1, 0), {"old": 0.8, "new": 0.2}, ceiling=0.0)

    assert scale.score(candidate(0.9, None, "old")) == pytest.approx(0.5)
    assert scale.score(candidate(0.6, None, "new")) == pytest.approx(0.5)


def test_a_scale_has_the_floors_of_the_stores_models_and_counts_all_its_chunks(services: FakeServices) -> None:
    services.cosine_floors.update({"old": 0.3, "new": 0.4})

    scale = make_scale(services, STORE, Query("heron fee", ("en",), None, 2.0), FusionWeights(1, 3))

    assert scale.floors == {"old": 0.3, "new": 0.4}
    assert scale.ceiling == pytest.approx(2 * log(100))
    assert scale.weights == FusionWeights(1, 3)


def test_a_search_by_words_alone_needs_no_floor(services: FakeServices) -> None:
    assert make_scale(services, STORE, Query("heron", ("en",), None, 1.0), FusionWeights(0, 1)).floors == {}

"""Explanations of results."""

from math import log

import pytest

from ingest.db.content.members import LiveFile
from ingest.search import search
from ingest.search.candidates import Candidate
from ingest.search.explanation import Explanation, matched_terms
from ingest.search.fusion import FusionWeights
from ingest.search.options import SearchOptions
from ingest.search.retrieval import Query
from ingest.steps import bm25
from ingest.steps.filters import Comparison
from ingest.steps.index import Hit
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs

TEXTS = ("The heron fishes at dawn.", "An otter swims at dusk.", "A gannet dives.")


def explanations(services: FakeServices, queries: list[str], options: SearchOptions) -> list[Explanation]:
    store, _ = attach_texts(services, *TEXTS)
    run_published_jobs(services)
    results = search.search_store(services, CALLER, store, queries, options).results
    assert [result.explanation.rank for result in results] == list(range(1, len(results) + 1))
    return [result.explanation for result in results]


def test_a_result_is_explained_by_its_ranks_scores_and_terms(services: FakeServices) -> None:
    services.cosine_floors[services.settings.default_model] = 0.25

    best, *_ = explanations(services, ["fishing herons"], SearchOptions(explain=True, weights=FusionWeights(1, 3)))

    assert (best.query, best.fusion, best.fused_rank, best.rerank, best.filter) == (
        "fishing herons",
        "absolute",
        1,
        None,
        None,
    )
    assert best.dense is not None
    assert best.lexical is not None
    assert (best.dense.floor, best.dense.weight, best.lexical.rank, best.lexical.weight) == (0.25, 0.25, 1, 0.75)
    assert best.dense.part == pytest.approx((best.dense.cosine - 0.25) / 0.75)
    assert best.lexical.ceiling == pytest.approx(2 * log(4))
    assert best.lexical.part == pytest.approx(best.lexical.bm25 / best.lexical.ceiling)
    assert {"heron", "fish"} <= set(best.lexical.matched_terms)
    assert best.score == best.fused_score == pytest.approx(0.25 * best.dense.part + 0.75 * best.lexical.part)


def test_a_passage_without_a_word_of_the_query_has_no_lexical_part(services: FakeServices) -> None:
    explained = explanations(services, ["heron"], SearchOptions(explain=True))

    assert [each.lexical is None for each in explained] == [False, True, True]


def test_a_list_that_is_not_searched_is_not_explained(services: FakeServices) -> None:
    [only] = explanations(services, ["heron"], SearchOptions(explain=True, weights=FusionWeights(0, 1)))

    assert (only.dense, only.lexical is not None) == (None, True)


def test_a_result_of_several_queries_names_the_one_that_ranked_it_best(services: FakeServices) -> None:
    best, second, _ = explanations(services, ["otter swims", "heron fishes"], SearchOptions(explain=True))

    assert {best.query, second.query} == {"otter swims", "heron fishes"}


def test_fusion_by_ranks_and_a_filter_are_named(services: FakeServices) -> None:
    options = SearchOptions(explain=True, ranker="rrf", filters=Comparison("ne", "year", 2024.0))

    best, *_ = explanations(services, ["heron"], options)

    assert (best.fusion, best.filter) == ("rrf", "matched")
    assert best.score == best.fused_score


def test_results_are_explained_only_on_request(services: FakeServices) -> None:
    store, _ = attach_texts(services, *TEXTS)
    run_published_jobs(services)

    plain = search.search_store(services, CALLER, store, ["heron"], SearchOptions())
    explained = search.search_store(services, CALLER, store, ["heron"], SearchOptions(explain=True))

    assert plain.files is None
    assert [result.explanation for result in plain.results] == [None] * 3
    assert [result.score for result in plain.results] == [result.score for result in explained.results]


def test_terms_of_the_files_name_and_of_headings_match_too() -> None:
    terms = bm25.query_terms("lease of Schulze, heating")
    query = Query("lease of Schulze, heating", ("en",), terms.vector, terms.primary_weight, terms.words)
    hit = Hit(1, 1, 0, "The tenant pays.", 1.0, {"start": 0, "end": 16, "headings": ["Heating"]})
    file = LiveFile(1, "file-1", "lease-schulze.pdf", {}, "m")

    assert set(matched_terms(query, Candidate(hit, "m"), file.filename)) >= {
        "leas (title)",
        "schulz (title)",
        "heat (title)",
    }

"""Retrieval of the confirmed candidates of one query."""

import pytest

from ingest.caller import DEFAULT_PROJECT
from ingest.errors import NotFound
from ingest.search import retrieval
from ingest.search.fusion import FusionWeights
from ingest.search.options import SearchOptions
from ingest.search.retrieval import Retrieved, StoreState
from ingest.stores import members
from tests.db import rows
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs

TEXTS = ("heron at dawn", "otter at dusk", "heron and otter")
BY_WORDS = SearchOptions(weights=FusionWeights(0, 1))


def state_of(services: FakeServices, store_id: str) -> StoreState:
    with services.database.reading() as session:
        return retrieval.read_store_state(session, DEFAULT_PROJECT, store_id)[1]


def retrieve(services: FakeServices, store_id: str, text: str, options: SearchOptions, enough: int) -> Retrieved:
    store = state_of(services, store_id)
    query = retrieval.make_query(store, text, options)
    return retrieval.retrieve(services, CALLER, store, query, options, lambda found: len(found) >= enough)


def texts_of(found: Retrieved) -> set[str]:
    return {candidate.hit.text for candidate in found.candidates.values()}


def test_the_state_of_a_store_has_its_models_and_its_chunks(services: FakeServices) -> None:
    store, _ = attach_texts(services, *TEXTS)
    run_published_jobs(services)

    state = state_of(services, store)

    assert (state.store_id, state.chunks, state.models.models) == (store, 3, (services.settings.default_model,))
    with pytest.raises(NotFound):
        state_of(services, "vs_none")


def test_a_query_has_terms_only_if_words_count(services: FakeServices) -> None:
    store, _ = attach_texts(services)
    state = state_of(services, store)

    by_words = retrieval.make_query(state, "heron fees", BY_WORDS)
    by_meaning = retrieval.make_query(state, "heron fees", SearchOptions(weights=FusionWeights(1, 0)))

    assert (by_words.primary_weight, by_words.sparse is not None) == (2.0, True)
    assert {"heron", "fee"} <= set(by_words.words.values())
    assert (by_meaning.primary_weight, by_meaning.sparse) == (0.0, None)


def test_candidates_have_their_files_and_their_scores(services: FakeServices) -> None:
    store, files = attach_texts(services, *TEXTS)
    run_published_jobs(services)

    found = retrieve(services, store, "heron", BY_WORDS, 1)

    assert texts_of(found) == {TEXTS[0], TEXTS[2]}
    assert {file.file_id for file in found.files.values()} == {files[0], files[2]}
    assert all(each.dense is None and each.lexical is not None for each in found.candidates.values())
    assert set(found.least_scores.lexical.values()) == {0.0}


def test_a_search_goes_deeper_until_there_is_enough(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retrieval, "FIRST_DEPTH", 1)
    store, _ = attach_texts(services, *["heron " * (6 - n) for n in range(6)])
    run_published_jobs(services)
    options = SearchOptions(limit=1, weights=FusionWeights(0, 1))

    assert len(retrieve(services, store, "heron", options, 1).candidates) == 1
    assert len(retrieve(services, store, "heron", options, 4).candidates) == 4
    assert len(retrieve(services, store, "heron", options, 100).candidates) == 6


def test_the_candidates_of_one_file_are_found_wherever_they_rank(services: FakeServices) -> None:
    store, files = attach_texts(services, *TEXTS)
    run_published_jobs(services)
    state = state_of(services, store)
    query = retrieval.make_query(state, "heron", SearchOptions())
    row = rows.get_row(services.database, store, files[1]).row

    assert texts_of(retrieval.retrieve_file(services, state, query, SearchOptions(), row)) == {TEXTS[1]}


def test_the_vector_of_a_query_is_made_once(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    store, _ = attach_texts(services)
    query = retrieval.make_query(state_of(services, store), "heron", SearchOptions())
    model = services.settings.default_model
    first = retrieval.query_vector(services, query, model)
    monkeypatch.setattr(services.embedder, "embed_query", lambda text: pytest.fail("asked again"))

    assert retrieval.query_vector(services, query, model) is first


def test_files_that_left_the_store_are_no_candidates(services: FakeServices) -> None:
    store, files = attach_texts(services, *TEXTS)
    run_published_jobs(services)
    members.delete(services, CALLER, store, files[0])

    assert texts_of(retrieve(services, store, "heron", BY_WORDS, 1)) == {TEXTS[2]}

"""Search over HTTP: every spelling of its options (contract section 7)."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.calls import refusal, upload, work
from tests.fakes import FakeRewriter, FakeServices


@pytest.fixture
def birds(services: FakeServices, client: TestClient, store: str) -> str:
    """A store with three files."""
    for text in ("The heron stands in the water.", "The gannet dives.", "zzz"):
        client.post(f"/v1/vector_stores/{store}/files", json={"file_id": upload(client, text)})
    work(services)
    return store


def search(client: TestClient, store: str, query: Any = "heron", **options: Any) -> Any:
    answer = client.post(f"/v1/vector_stores/{store}/search", json={"query": query, **options})
    assert answer.status_code == 200, answer.text
    return answer.json()


def ranked(client: TestClient, store: str, **options: Any) -> list[tuple[str, float]]:
    page = search(client, store, ranking_options=options)
    return [(hit["file_id"], hit["score"]) for hit in page["data"]]


def test_ten_passages_are_answered_unless_asked_otherwise(
    services: FakeServices, client: TestClient, store: str
) -> None:
    files = [upload(client, f"heron number {n}") for n in range(12)]
    client.post(f"/v1/vector_stores/{store}/file_batches", json={"file_ids": files})
    work(services)

    assert len(search(client, store)["data"]) == 10
    assert len(search(client, store, max_num_results=1)["data"]) == 1
    assert len(search(client, store, max_num_results=50)["data"]) == 12


def test_a_page_of_results_has_every_key_and_is_the_only_one(client: TestClient, birds: str) -> None:
    page = search(client, birds)

    assert (page["object"], page["has_more"], page["next_page"]) == ("vector_store.search_results.page", False, None)
    assert set(page) == {"object", "search_query", "data", "has_more", "next_page"}
    for hit in page["data"]:
        assert set(hit) == {"file_id", "filename", "score", "attributes", "content"}
        assert 0 <= hit["score"] <= 1
        assert [part["type"] for part in hit["content"]] == ["text"]
    scores = [hit["score"] for hit in page["data"]]
    assert scores == sorted(scores, reverse=True)


def test_what_is_ready_is_found_while_the_store_is_in_progress(
    services: FakeServices, client: TestClient, birds: str
) -> None:
    client.post(f"/v1/vector_stores/{birds}/files", json={"file_id": upload(client, "a heron that waits")})

    assert client.get(f"/v1/vector_stores/{birds}").json()["status"] == "in_progress"
    assert [hit["content"][0]["text"] for hit in search(client, birds, max_num_results=1)["data"]] == [
        "The heron stands in the water."
    ]
    work(services)
    assert len(search(client, birds)["data"]) == 4


def test_a_query_that_is_echoed_is_always_a_list(client: TestClient, birds: str) -> None:
    assert search(client, birds, "heron")["search_query"] == ["heron"]
    assert search(client, birds, ["heron", "gannet"])["search_query"] == ["heron", "gannet"]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        ({"type": "ne", "key": "kind", "value": "x"}, 3),
        ({"type": "nin", "key": "kind", "value": ["x"]}, 3),
        ({"type": "eq", "key": "kind", "value": "x"}, 0),
        ({"type": "gt", "key": "filename", "value": 1}, 0),
        ({"type": "eq", "property": "filename", "value": "heron.txt"}, 3),
        ({"type": "in", "property": "filename", "value": ["a.txt"]}, 0),
    ],
)
def test_missing_attributes_other_types_and_file_names_are_compared_as_documented(
    client: TestClient, birds: str, filters: dict[str, Any], found: int
) -> None:
    assert len(search(client, birds, filters=filters)["data"]) == found


@pytest.mark.parametrize("ranker", ["none", "auto", "default-2024-11-15", "default-2024-08-21"])
def test_every_ranker_ranks_alike(client: TestClient, birds: str, ranker: str) -> None:
    assert ranked(client, birds, ranker=ranker) == ranked(client, birds) != []


def test_both_spellings_of_weights_mean_the_same(client: TestClient, birds: str) -> None:
    plain = ranked(client, birds, hybrid_search={"embedding_weight": 3, "text_weight": 1})
    guide = ranked(client, birds, hybrid_search={"rrf_embedding_weight": 3, "rrf_text_weight": 1})

    assert plain == guide != ranked(client, birds)


def test_the_plain_spelling_wins_over_the_guides(client: TestClient, birds: str) -> None:
    plain = {"embedding_weight": 1, "text_weight": 3}
    both = plain | {"rrf_embedding_weight": 9, "rrf_text_weight": 1}

    assert ranked(client, birds, hybrid_search=both) == ranked(client, birds, hybrid_search=plain)


def test_only_the_proportion_of_weights_counts(client: TestClient, birds: str) -> None:
    assert ranked(client, birds, hybrid_search={"embedding_weight": 0.5, "text_weight": 0.5}) == ranked(client, birds)
    assert ranked(client, birds, hybrid_search={"embedding_weight": 1e9, "text_weight": 1e9}) == ranked(client, birds)


def test_weights_of_nothing_are_refused(client: TestClient, birds: str) -> None:
    path = f"/v1/vector_stores/{birds}/search"

    for weights in ({}, {"embedding_weight": 0}, {"rrf_embedding_weight": 0, "rrf_text_weight": 0}):
        body = {"query": "x", "ranking_options": {"hybrid_search": weights}}
        refusal(client.post(path, json=body), 400)


@pytest.mark.parametrize("threshold", [0, 0.0, 0.5, 1, 1.0])
def test_no_result_scores_below_the_threshold(client: TestClient, birds: str, threshold: float) -> None:
    everything = ranked(client, birds)

    assert ranked(client, birds, score_threshold=threshold) == [hit for hit in everything if hit[1] >= threshold]


@pytest.mark.parametrize("absent", ["filters", "ranking_options"])
def test_null_is_as_good_as_absent(client: TestClient, birds: str, absent: str) -> None:
    assert search(client, birds, **{absent: None}) == search(client, birds)


def test_a_query_stays_as_it_is_unless_asked_otherwise(services: FakeServices, client: TestClient, birds: str) -> None:
    services.rewriter = FakeRewriter("bird")

    assert search(client, birds)["search_query"] == ["heron"]
    assert search(client, birds, rewrite_query=False)["search_query"] == ["heron"]


def test_the_answer_names_the_rewritten_queries(services: FakeServices, client: TestClient, birds: str) -> None:
    services.rewriter = FakeRewriter("gannet")

    one = search(client, birds, "diving", rewrite_query=True)
    two = search(client, birds, ["diving", "sea"], rewrite_query=True)

    assert one["search_query"] == ["diving gannet"]
    assert one["data"][0]["content"][0]["text"] == "The gannet dives."
    assert two["search_query"] == ["diving gannet", "sea gannet"]


def test_without_a_chat_model_a_query_is_used_as_it_is(client: TestClient, birds: str) -> None:
    assert search(client, birds, rewrite_query=True) == search(client, birds)


def test_nothing_is_rewritten_for_a_store_that_does_not_exist(services: FakeServices, client: TestClient) -> None:
    answer = client.post("/v1/vector_stores/vs_none/search", json={"query": "x", "rewrite_query": True})

    refusal(answer, 404)

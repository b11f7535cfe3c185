"""The search route and its options (deploy/docs/api-contract.md section 7)."""

import hashlib
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.schemas.search import Search
from ingest.errors import DependencyDown
from tests.api.calls import error_of, run_jobs, upload
from tests.fakes import FakeReranker, FakeRewriter, FakeServices


@pytest.fixture
def birds(services: FakeServices, client: TestClient, store: str) -> str:
    """A store with three files."""
    for text in ("The heron stands in the water.", "The gannet dives.", "zzz"):
        client.post(f"/v1/vector_stores/{store}/files", json={"file_id": upload(client, text)})
    run_jobs(services)
    return store


def search(client: TestClient, store: str, query: Any = "heron", **options: Any) -> Any:
    answer = client.post(f"/v1/vector_stores/{store}/search", json={"query": query, **options})
    assert answer.status_code == 200, answer.text
    return answer.json()


def ranking_of(client: TestClient, store: str, **options: Any) -> list[tuple[str, float]]:
    page = search(client, store, ranking_options=options)
    return [(hit["file_id"], hit["score"]) for hit in page["data"]]


def test_the_default_number_of_results_is_ten(services: FakeServices, client: TestClient, store: str) -> None:
    files = [upload(client, f"heron number {n}") for n in range(12)]
    client.post(f"/v1/vector_stores/{store}/file_batches", json={"file_ids": files})
    run_jobs(services)

    assert len(search(client, store)["data"]) == 10
    assert len(search(client, store, max_num_results=1)["data"]) == 1
    assert len(search(client, store, max_num_results=50)["data"]) == 12


def test_results_are_one_page_with_all_keys(client: TestClient, birds: str) -> None:
    page = search(client, birds)

    assert (page["object"], page["has_more"], page["next_page"]) == ("vector_store.search_results.page", False, None)
    assert set(page) == {"object", "search_query", "data", "has_more", "next_page"}
    for hit in page["data"]:
        assert set(hit) == {"file_id", "filename", "score", "attributes", "content", "location"}
        assert 0 <= hit["score"] <= 1
        assert [part["type"] for part in hit["content"]] == ["text"]
    scores = [hit["score"] for hit in page["data"]]
    assert scores == sorted(scores, reverse=True)


def test_a_result_says_where_its_passage_is(services: FakeServices, client: TestClient, store: str) -> None:
    table = "Name,Eggs\n" + "".join(f"heron {n},{n} eggs\n" for n in range(1, 400))
    file = upload(client, table, "birds.csv")
    client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file})
    run_jobs(services)
    text = client.get(f"/v1/vector_stores/{store}/files/{file}/content").json()["data"][0]["text"]

    hits = search(client, store, max_num_results=50)["data"]

    assert len(hits) > 3
    for hit in hits:
        passage, location = hit["content"][0]["text"], hit["location"]
        header = text[slice(*location["header"])] + "\n" if location["header"] else ""
        assert passage == header + text[location["start"] : location["end"]]
        assert header in ("", "Name,Eggs\n")
        assert bool(header) == (location["start"] > 0)
        first, last = location["rows"]
        assert (f"heron {last - 1}," in passage, 1 <= first <= last <= 400) == (True, True)
        assert location["content_hash"] == hashlib.sha256(passage.encode()).hexdigest()
        assert (location["generation"], location["pages"], location["sheet"]) == (1, None, None)


def test_completed_files_are_found_while_the_store_is_in_progress(
    services: FakeServices, client: TestClient, birds: str
) -> None:
    client.post(f"/v1/vector_stores/{birds}/files", json={"file_id": upload(client, "a heron that waits")})

    assert client.get(f"/v1/vector_stores/{birds}").json()["status"] == "in_progress"
    assert [hit["content"][0]["text"] for hit in search(client, birds, max_num_results=1)["data"]] == [
        "The heron stands in the water."
    ]
    run_jobs(services)
    assert len(search(client, birds)["data"]) == 4


def test_the_returned_query_is_always_a_list(client: TestClient, birds: str) -> None:
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
def test_filters_compare_missing_attributes_types_and_filenames_as_documented(
    client: TestClient, birds: str, filters: dict[str, Any], found: int
) -> None:
    assert len(search(client, birds, filters=filters)["data"]) == found


@pytest.mark.parametrize("ranker", ["none", "auto", "default-2024-11-15", "default-2024-08-21"])
def test_all_rankers_give_the_same_ranking(client: TestClient, birds: str, ranker: str) -> None:
    assert ranking_of(client, birds, ranker=ranker) == ranking_of(client, birds) != []


def test_both_names_of_a_weight_have_the_same_effect(client: TestClient, birds: str) -> None:
    plain = ranking_of(client, birds, hybrid_search={"embedding_weight": 3, "text_weight": 1})
    guide = ranking_of(client, birds, hybrid_search={"rrf_embedding_weight": 3, "rrf_text_weight": 1})

    assert plain == guide != ranking_of(client, birds)


def test_the_plain_name_of_a_weight_takes_precedence(client: TestClient, birds: str) -> None:
    plain = {"embedding_weight": 1, "text_weight": 3}
    both = plain | {"rrf_embedding_weight": 9, "rrf_text_weight": 1}

    assert ranking_of(client, birds, hybrid_search=both) == ranking_of(client, birds, hybrid_search=plain)


def test_only_the_ratio_of_weights_matters(client: TestClient, birds: str) -> None:
    equal = ranking_of(client, birds, hybrid_search={"embedding_weight": 0.5, "text_weight": 0.5})

    assert ranking_of(client, birds, hybrid_search={"embedding_weight": 1e9, "text_weight": 1e9}) == equal
    assert ranking_of(client, birds, hybrid_search={"embedding_weight": 3, "text_weight": 2}) == ranking_of(
        client, birds
    )


def test_weights_without_a_positive_one_are_rejected(client: TestClient, birds: str) -> None:
    path = f"/v1/vector_stores/{birds}/search"

    for weights in ({}, {"embedding_weight": 0}, {"rrf_embedding_weight": 0, "rrf_text_weight": 0}):
        body = {"query": "x", "ranking_options": {"hybrid_search": weights}}
        error_of(client.post(path, json=body), 400)


@pytest.mark.parametrize("threshold", [0, 0.0, 0.5, 1, 1.0])
def test_no_result_scores_below_the_threshold(client: TestClient, birds: str, threshold: float) -> None:
    everything = ranking_of(client, birds)

    assert ranking_of(client, birds, score_threshold=threshold) == [hit for hit in everything if hit[1] >= threshold]


def test_null_options_are_treated_as_absent(client: TestClient, birds: str) -> None:
    options = dict.fromkeys(Search.model_fields.keys() - {"query"})

    assert search(client, birds, **options) == search(client, birds)
    assert search(client, birds, ranking_options={"ranker": None, "score_threshold": None}) == search(client, birds)


@pytest.mark.parametrize("ranker", ["default-2024-08-21", "default_2024_08_21", "default-2025-12-01"])
def test_a_ranker_of_another_date_is_the_default_one(client: TestClient, birds: str, ranker: str) -> None:
    assert search(client, birds, ranking_options={"ranker": ranker}) == search(client, birds)


def test_queries_are_not_rewritten_by_default(services: FakeServices, client: TestClient, birds: str) -> None:
    services.rewriter = FakeRewriter("bird")

    assert search(client, birds)["search_query"] == ["heron"]
    assert search(client, birds, rewrite_query=False)["search_query"] == ["heron"]


def test_the_response_contains_the_rewritten_queries(services: FakeServices, client: TestClient, birds: str) -> None:
    services.rewriter = FakeRewriter("gannet")

    one = search(client, birds, "diving", rewrite_query=True)
    two = search(client, birds, ["diving", "sea"], rewrite_query=True)

    assert one["search_query"] == ["diving gannet"]
    assert one["data"][0]["content"][0]["text"] == "The gannet dives."
    assert two["search_query"] == ["diving gannet", "sea gannet"]


def test_without_a_chat_model_the_query_stays_unchanged(client: TestClient, birds: str) -> None:
    assert search(client, birds, rewrite_query=True) == search(client, birds)


def test_a_query_for_an_unknown_store_is_not_rewritten(services: FakeServices, client: TestClient) -> None:
    answer = client.post("/v1/vector_stores/vs_none/search", json={"query": "x", "rewrite_query": True})

    error_of(answer, 404)


def test_folded_duplicates_are_named_only_on_request(services: FakeServices, client: TestClient, store: str) -> None:
    ids = [upload(client, "A heron stands in the water.", name) for name in ("a.txt", "b.txt")]
    client.post(f"/v1/vector_stores/{store}/file_batches", json={"file_ids": ids})
    run_jobs(services)

    plain = search(client, store)["data"]
    [folded] = search(client, store, fold_duplicates=True)["data"]

    assert sorted(hit["file_id"] for hit in plain) == sorted(ids)
    assert all("duplicates" not in hit for hit in plain)
    [other] = folded["duplicates"]
    assert {folded["file_id"], other["file_id"]} == set(ids)
    assert {folded["filename"], other["filename"]} == {"a.txt", "b.txt"}
    assert set(other) == {"file_id", "filename", "location"}


def test_a_result_is_expanded_by_its_neighbours(services: FakeServices, client: TestClient, store: str) -> None:
    text = " ".join(f"word{number}" for number in range(600)) + " heron " + " ".join(f"end{n}" for n in range(600))
    chunking = {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 50}}
    body = {"file_id": upload(client, text), "chunking_strategy": chunking}
    client.post(f"/v1/vector_stores/{store}/files", json=body)
    run_jobs(services)

    [hit] = search(client, store, max_num_results=1, expand=2)["data"]

    shown = hit["content"][0]["text"]
    assert len(shown) > 600
    assert shown == text[hit["location"]["start"] : hit["location"]["end"]]
    assert hit["location"]["content_hash"] == hashlib.sha256(shown.encode()).hexdigest()


@pytest.mark.parametrize("expand", [-1, 11, "2", 1.5])
def test_the_number_of_neighbours_is_limited(client: TestClient, birds: str, expand: Any) -> None:
    body = {"query": "heron", "expand": expand}

    assert error_of(client.post(f"/v1/vector_stores/{birds}/search", json=body), 400)["param"] == "expand"


def test_at_most_so_many_passages_of_one_file_are_returned(
    services: FakeServices, client: TestClient, store: str
) -> None:
    files = [upload(client, "heron " * 3000, "long.txt"), upload(client, "a heron", "short.txt")]
    client.post(f"/v1/vector_stores/{store}/file_batches", json={"file_ids": files})
    run_jobs(services)

    assert len(search(client, store)["data"]) > 3
    assert sorted(hit["filename"] for hit in search(client, store, max_per_file=1)["data"]) == ["long.txt", "short.txt"]
    assert len(search(client, store, max_per_file=2)["data"]) == 3


@pytest.mark.parametrize("max_per_file", [0, -1, "2", 1.5, True])
def test_the_cap_of_a_file_is_a_positive_whole_number(client: TestClient, birds: str, max_per_file: Any) -> None:
    body = {"query": "heron", "max_per_file": max_per_file}

    assert error_of(client.post(f"/v1/vector_stores/{birds}/search", json=body), 400)["param"] == "max_per_file"


def test_a_ranker_says_whether_the_reranker_is_used(services: FakeServices, client: TestClient, birds: str) -> None:
    fused = ranking_of(client, birds)
    services.reranker = FakeReranker()

    for ranker in ("auto", "default-2024-11-15", "default-2024-08-21"):
        assert [score for _, score in ranking_of(client, birds, ranker=ranker)] == [1.0, 0.0, 0.0]
    assert ranking_of(client, birds, ranker="none") == fused
    ranking_of(client, birds, ranker="rrf")
    assert len(services.reranker.asked) == 3
    body = {"query": "heron", "ranking_options": {"ranker": "other"}}
    error_of(client.post(f"/v1/vector_stores/{birds}/search", json=body), 400)


def test_a_failing_reranker_neither_fails_a_search_nor_makes_the_service_unready(
    services: FakeServices, client: TestClient, birds: str
) -> None:
    fused = ranking_of(client, birds)
    services.reranker = FakeReranker()
    services.reranker.error = DependencyDown("reranker", "no answer")

    assert [ranking_of(client, birds) for _ in range(5)] == [fused] * 5
    assert client.get("/ready").json()["status"] == "ready"


def test_results_and_files_are_explained_on_request(client: TestClient, birds: str) -> None:
    page = search(client, birds, explain=True, explain_file_ids=["file-none"], max_num_results=1)

    [hit] = page["data"]
    assert hit["explanation"]["rank"] == 1
    assert hit["explanation"]["lexical"]["matched_terms"] == ["heron", "heron (title)"]
    assert page["explanation"]["files"] == [
        {"file_id": "file-none", "reason": "not_in_store", "message": "The file is not in the vector store."}
    ]


def test_results_can_be_fused_by_ranks(client: TestClient, birds: str) -> None:
    ranked = ranking_of(client, birds, ranker="rrf")

    assert ranked[0][1] == pytest.approx(1.0)
    assert ranked != ranking_of(client, birds)


def test_at_most_ten_files_are_explained(client: TestClient, birds: str) -> None:
    body = {"query": "x", "explain_file_ids": [f"file-{n}" for n in range(11)]}

    error = error_of(client.post(f"/v1/vector_stores/{birds}/search", json=body), 400)
    assert (error["param"], error["code"]) == ("explain_file_ids", "array_above_max_length")

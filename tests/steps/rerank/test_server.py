"""A reranking server of any format, healthy and faulty."""

import json
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from pydantic import SecretStr

from ingest.config import Settings
from ingest.embedded.processes import free_port
from ingest.errors import DependencyDown
from ingest.steps.rerank import PairsRefused, sigmoid
from ingest.steps.rerank.server import MAX_ANSWER_BYTES, RerankServer, endpoint
from tests.rerankers import Items, Speaks, rerank_server
from tests.rerankers import RerankServer as Server

TIMEOUT_SECONDS = 5.0
SHORT_TIMEOUT_SECONDS = 0.3


@pytest.fixture
def server() -> Iterator[Server]:
    with rerank_server() as server:
        yield server


def reranker(url: str, **settings: Any) -> RerankServer:
    return RerankServer(
        Settings.model_validate({"rerank_url": url, "rerank_timeout_seconds": TIMEOUT_SECONDS} | settings)
    )


def score(client: RerankServer, query: str, passages: Sequence[str]) -> list[float | None]:
    return client.score([(query, passage) for passage in passages])


PASSAGES = ["the otter sleeps", "the heron fishes at dawn", "a heron"]
QUERY = "heron dawn"
SCORES = [0.0, 1.0, 0.5]


@pytest.mark.parametrize("speaks", ["cohere", "cohere-objects", "tei"])
@pytest.mark.parametrize("is_named", [True, False])
def test_every_format_is_understood_named_or_found_out(server: Server, speaks: Speaks, is_named: bool) -> None:
    server.speaks = speaks
    client = reranker(server.url, rerank_format=speaks if is_named else "auto")

    assert [score(client, QUERY, PASSAGES) for _ in range(2)] == [SCORES] * 2

    tries = 1 if is_named else {"cohere": 1, "tei": 2, "cohere-objects": 3}[speaks]
    assert len(server.requests) == tries + 1, "the format is found out once"


def test_the_model_and_the_key_are_sent(server: Server) -> None:
    client = reranker(server.url + "/v2/", rerank_model="rerank-v3.5", rerank_api_key=SecretStr("secret"))

    score(client, QUERY, PASSAGES)

    [(path, key, body)] = server.requests
    assert (path, key) == ("/v2/rerank", "Bearer secret")
    assert body == {"model": "rerank-v3.5", "query": QUERY, "documents": PASSAGES, "top_n": 3}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.cohere.com/v2", "https://api.cohere.com/v2/rerank"),
        ("https://api.jina.ai/v1/rerank", "https://api.jina.ai/v1/rerank"),
        ("http://tei:8080/", "http://tei:8080/rerank"),
        ("http://tei:8080/rerank/", "http://tei:8080/rerank"),
        ("http://host/v1?version=3", "http://host/v1/rerank?version=3"),
    ],
)
def test_the_route_is_added_where_it_is_missing(url: str, expected: str) -> None:
    assert endpoint(url) == expected


def test_the_passages_of_each_query_are_sent_together(server: Server) -> None:
    pairs = [("heron", "a heron"), ("otter", "a heron"), ("heron", "an otter"), ("otter", "an otter")]

    assert reranker(server.url).score(pairs) == [1.0, 0.0, 0.0, 1.0]

    assert sorted(body["query"] for _, _, body in server.requests) == ["heron", "otter"]


def test_tei_gets_no_more_texts_at_a_time_than_it_accepts(server: Server) -> None:
    server.speaks = "tei"
    passages = ["otter"] * 40 + ["heron"] + ["otter"] * 9

    assert score(reranker(server.url), "heron", passages) == [0.0] * 40 + [1.0] + [0.0] * 9

    assert [len(body["texts"]) for _, _, body in server.requests if "texts" in body] == [32, 18]


def test_without_pairs_nothing_is_sent(server: Server) -> None:
    assert reranker(server.url).score([]) == []
    assert server.requests == []


def test_logits_become_probabilities_in_every_later_answer_too(server: Server) -> None:
    server.logits = True
    client = reranker(server.url)

    assert score(client, QUERY, PASSAGES) == pytest.approx([sigmoid(-5), sigmoid(5), sigmoid(0)])
    assert score(client, QUERY, ["a heron"]) == [0.5], "a logit of 0 is inside 0..1"


def test_a_passage_longer_than_the_context_has_the_score_of_its_best_window(server: Server) -> None:
    long = "word " * 60 + "heron dawn " + "word " * 60
    client = reranker(server.url, rerank_context_tokens=64)

    assert score(client, QUERY, [long, "a heron"]) == [1.0, 0.5]

    [(_, _, body)] = server.requests
    assert len(body["documents"]) > 2
    assert max(map(len, body["documents"])) < len(long) / 2


def drop_last(items: Items) -> Items:
    return items[:-1]


def repeat_first(items: Items) -> Items:
    return [items[0], *items]


def shift(items: Items) -> Items:
    return [item | {"index": item["index"] + 1} for item in items]


def test_a_text_without_a_score_gets_none(server: Server) -> None:
    server.change = drop_last

    assert score(reranker(server.url), QUERY, PASSAGES) == [None, 1.0, 0.5]


@pytest.mark.parametrize("change", [repeat_first, shift, lambda items: []])
def test_an_answer_with_wrong_indexes_is_not_used(server: Server, change: Any) -> None:
    server.change = change

    with pytest.raises(DependencyDown, match="malformed answer"):
        score(reranker(server.url, rerank_format="cohere"), QUERY, PASSAGES)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b" " * (MAX_ANSWER_BYTES + 1), b'{"results": [{}]}']
)
def test_an_answer_that_is_none_is_not_used(server: Server, body: bytes) -> None:
    server.body = body

    with pytest.raises(DependencyDown) as raised:
        score(reranker(server.url), QUERY, PASSAGES)

    assert raised.value.dependency == "reranker"


@pytest.mark.parametrize("behaviour", ["slow", "drips"])
def test_a_slow_server_is_left_at_the_deadline(server: Server, behaviour: str) -> None:
    server.seconds = 5.0 if behaviour == "slow" else 0.0
    server.drips = behaviour == "drips"
    client = reranker(server.url, rerank_timeout_seconds=SHORT_TIMEOUT_SECONDS)
    started = time.monotonic()

    with pytest.raises(DependencyDown, match="no answer"):
        client.score([("heron", "a heron"), ("otter", "an otter")])

    assert time.monotonic() - started < 2.5, "the answer takes 5 s"
    client.close()


@pytest.mark.parametrize(
    ("status", "hint"),
    [(401, "INGEST_RERANK_API_KEY"), (403, "INGEST_RERANK_API_KEY"), (404, "INGEST_RERANK_MODEL"), (500, "500"),
     (302, "302"), (503, "503")],
)  # fmt: skip
def test_an_error_status_raises_dependency_down(server: Server, status: int, hint: str) -> None:
    server.status = status

    with pytest.raises(DependencyDown, match=hint):
        score(reranker(server.url), QUERY, PASSAGES)

    assert len(server.requests) == 1


def test_a_server_that_asks_for_a_pause_gets_one(server: Server) -> None:
    server.status, server.headers = 429, {"Retry-After": "60"}
    client = reranker(server.url)
    for _ in range(2):
        with pytest.raises(DependencyDown) as raised:
            score(client, QUERY, PASSAGES)
        assert 59 < (raised.value.retry_after_seconds or 0) <= 60

    assert len(server.requests) == 1


def test_a_pause_ends(server: Server) -> None:
    server.status, server.headers = 429, {"Retry-After": "0.1"}
    client = reranker(server.url)
    with pytest.raises(DependencyDown, match="429"):
        score(client, QUERY, PASSAGES)
    server.status = 200
    time.sleep(0.15)

    assert score(client, QUERY, PASSAGES) == SCORES


def test_refused_texts_are_no_outage_of_a_server_that_has_answered(server: Server) -> None:
    server.refused_word = "poison"
    client = reranker(server.url)
    score(client, QUERY, PASSAGES)

    with pytest.raises(PairsRefused, match="too long"):
        score(client, QUERY, ["poison"])


def test_a_server_that_never_accepted_a_format_counts_as_down(server: Server) -> None:
    server.status = 422

    with pytest.raises(DependencyDown, match="refuses every format"):
        score(reranker(server.url), QUERY, PASSAGES)

    assert len(server.requests) == 3


def test_the_key_is_not_repeated_in_messages(server: Server) -> None:
    server.status = 500
    client = reranker(server.url, rerank_api_key=SecretStr("no"))

    with pytest.raises(DependencyDown) as raised:
        score(client, QUERY, PASSAGES)

    assert json.dumps({"message": "..."}) in str(raised.value)


def test_a_port_without_server_raises_dependency_down() -> None:
    with pytest.raises(DependencyDown, match="no answer"):
        score(reranker(f"http://127.0.0.1:{free_port()}"), QUERY, PASSAGES)


def test_a_closed_client_may_be_used_again(server: Server) -> None:
    client = reranker(server.url)
    client.close()
    assert score(client, QUERY, PASSAGES) == SCORES
    client.close()
    assert score(client, QUERY, PASSAGES) == SCORES
    client.close()

"""Requests, retries and errors of the embedding client, against a scripted server."""

import base64

import numpy as np
import pytest
from pydantic import SecretStr

from ingest.config import Settings
from ingest.errors import DependencyDown
from ingest.net.http_pool import NoResponse, Response
from ingest.steps.embed.remote import RemoteEmbedder
from tests.embeddings import embedding_server
from tests.steps.embed.scripted import KEY, ScriptedPool, error_answer, json_answer, vectors_answer


def test_vectors_are_requested_and_decoded_as_base64() -> None:
    server = ScriptedPool(vectors_answer([base64.b64encode(np.array([0, 5], "<f4").tobytes()).decode()]))

    assert server.embedder().embed(["a"])[0].tolist() == [[0, 1]]
    assert server.bodies[0]["encoding_format"] == "base64"


def test_a_server_without_base64_is_asked_for_floats_from_then_on() -> None:
    server = ScriptedPool(error_answer(400, "unknown field encoding_format"))
    embedder = server.embedder()

    embedder.embed(["a"])
    embedder.embed(["b"])

    assert ["encoding_format" in body for body in server.bodies] == [True, False, False]


def test_configured_dimensions_are_only_sent_if_the_settings_say_so() -> None:
    default, with_dimensions = ScriptedPool(), ScriptedPool()

    default.embedder(embedding_dimensions=3).embed(["a"])
    with_dimensions.embedder(embedding_dimensions=3, embedding_send_dimensions=True).embed(["a"])

    assert "dimensions" not in default.bodies[0]
    assert with_dimensions.bodies[0]["dimensions"] == 3


def test_the_key_is_sent() -> None:
    with embedding_server() as server:
        RemoteEmbedder(Settings(embedding_url=server.url + "/", embedding_api_key=SecretStr(KEY))).embed(["a"])

    assert server.received == [("/v1/embeddings", f"Bearer {KEY}")]


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_a_retryable_status_is_retried_after_the_requested_pause(status: int) -> None:
    server = ScriptedPool(error_answer(status, Retry_After="2"), error_answer(status))

    assert len(server.embedder().embed(["a"])) == 1
    assert server.pauses == [2.0, 1.0]


@pytest.mark.parametrize("failure", [NoResponse("refused"), NoResponse("slow")])
def test_three_missing_responses_raise_dependency_down(failure: Exception) -> None:
    server = ScriptedPool(failure, failure, failure)

    with pytest.raises(DependencyDown, match="embedder: no answer"):
        server.embedder().embed(["a"])

    assert len(server.bodies) == 3


def test_with_one_attempt_there_is_no_retry() -> None:
    server = ScriptedPool(error_answer(503), error_answer(503))
    settings = Settings(embedding_url="http://model/v1")
    embedder = RemoteEmbedder(settings, server, server.pauses.append, attempts=1)

    with pytest.raises(DependencyDown, match="embedder: answered 503"):
        embedder.embed_query("a")

    assert (len(server.bodies), server.pauses) == (1, [])


def test_a_long_retry_after_is_left_to_the_job_queue() -> None:
    server = ScriptedPool(error_answer(429, Retry_After="60"))

    with pytest.raises(DependencyDown) as raised:
        server.embedder().embed(["a"])

    assert raised.value.retry_after_seconds == 60
    assert server.pauses == []


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("Fri, 31 Dec 9999 23:59:59 GMT", 3600), ("9" * 400, 3600), ("soon", None)],
)
def test_retry_after_is_seconds_or_a_date_and_at_most_an_hour(value: str, seconds: float | None) -> None:
    server = ScriptedPool(*[error_answer(503, Retry_After=value)] * 3)

    with pytest.raises(DependencyDown) as raised:
        server.embedder().embed(["a"])

    assert raised.value.retry_after_seconds == seconds


def test_a_changed_dimension_raises_dependency_down() -> None:
    server = ScriptedPool(vectors_answer([[1, 2, 3]]), vectors_answer([[1, 2]]))
    embedder = server.embedder()
    embedder.embed(["a"])

    with pytest.raises(DependencyDown, match="2 dimensions instead of 3"):
        embedder.embed(["b"])


@pytest.mark.parametrize("status", [301, 401, 403, 404, 405])
def test_a_configuration_error_raises_dependency_down_without_the_key_in_the_message(status: int) -> None:
    server = ScriptedPool(error_answer(status, f"Incorrect API key {KEY}"))

    with pytest.raises(DependencyDown, match=str(status)) as raised:
        server.embedder().embed(["a"])

    assert KEY not in str(raised.value)
    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    "answer",
    [
        vectors_answer([[1, 2]]),
        vectors_answer([[1, 2], [1, 2]], indexes=[0, 0]),
        vectors_answer([[1, 2], [1, 2, 3]]),
        vectors_answer([[1, 2], []]),
        vectors_answer(["not base64!", "not base64!"]),
        vectors_answer([["a"], ["b"]]),
        vectors_answer([[1, 2], None]),
        json_answer({"object": "list"}),
        json_answer([]),
        Response(200, {}, b"<html>"),
    ],
)
def test_a_malformed_answer_raises_dependency_down(answer: Response) -> None:
    with pytest.raises(DependencyDown, match="answer"):
        ScriptedPool(answer).embedder().embed(["a", "b"])

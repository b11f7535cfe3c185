"""The remote embedder against a scripted server."""

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any, Literal

import numpy as np
import pytest
from pydantic import SecretStr

from ingest.config import Settings
from ingest.errors import Abandoned, DependencyDown, FileError, InvalidFile
from ingest.net.http_pool import Answer, HttpPool, NoAnswer
from ingest.steps.embed.remote import RemoteEmbedder
from tests.embeddings import embeddings

KEY = "sk-secret"
Said = Answer | Exception


class Script(HttpPool):
    """Gives the scripted answers, then good ones; remembers the requests and the pauses between them."""

    def __init__(self, *answers: Said, rule: Callable[[list[str]], Said | None] = lambda texts: None) -> None:
        super().__init__("http://scripted", headers={}, timeout_seconds=1, connect_seconds=1)
        self.answers = list(answers)
        self.rule = rule
        self.bodies: list[dict[str, Any]] = []
        self.pauses: list[float] = []

    def embedder(self, **settings: Any) -> RemoteEmbedder:
        settings = {"embedding_url": "http://model/v1", "embedding_api_key": SecretStr(KEY)} | settings
        return RemoteEmbedder(Settings.model_validate(settings), self, self.pauses.append)

    @property
    def inputs(self) -> list[list[str]]:
        return [body["input"] for body in self.bodies]

    def send(self, method: Literal["POST", "PUT"], body: bytes) -> Answer:
        self.bodies.append(json.loads(body))
        texts = self.bodies[-1]["input"]
        answer = self.answers.pop(0) if self.answers else self.rule(texts) or good(texts)
        if isinstance(answer, Exception):
            raise answer
        return answer


def vector(text: str) -> list[float]:
    return [float(len(text)), 1.0, 0.0]


def good(texts: Sequence[str]) -> Answer:
    return vectors([vector(text) for text in texts])


def vectors(rows: Sequence[object], indexes: Sequence[int] | None = None) -> Answer:
    data = [{"index": i, "embedding": row} for i, row in zip(indexes or range(len(rows)), rows, strict=True)]
    return said({"data": data})


def said(body: object) -> Answer:
    return Answer(200, {}, json.dumps(body).encode())


def error(status: int, message: str = "no", **headers: str) -> Answer:
    wire = {name.replace("_", "-").lower(): value for name, value in headers.items()}
    return Answer(status, wire, json.dumps({"error": {"message": message}}).encode())


def test_vectors_come_back_in_the_order_of_the_texts() -> None:
    script = Script(vectors([[0, 2, 0], [3, 0, 0]], indexes=[1, 0]))

    first, second = script.embedder().embed(["a", "b"])

    assert first.tolist() == [[1, 0, 0]]
    assert second.tolist() == [[0, 1, 0]]


def test_base64_is_asked_for_and_read() -> None:
    script = Script(vectors([base64.b64encode(np.array([0, 5], "<f4").tobytes()).decode()]))

    assert script.embedder().embed(["a"])[0].tolist() == [[0, 1]]
    assert script.bodies[0]["encoding_format"] == "base64"


def test_a_server_without_base64_is_asked_for_floats_from_then_on() -> None:
    script = Script(error(400, "unknown field encoding_format"))
    embedder = script.embedder()

    embedder.embed(["a"])
    embedder.embed(["b"])

    assert ["encoding_format" in body for body in script.bodies] == [True, False, False]


def test_texts_go_out_in_batches() -> None:
    script = Script()

    rows = script.embedder(embedding_batch_inputs=2).embed(["a", "bb", "ccc", "d", "e"])

    assert script.inputs == [["a", "bb"], ["ccc", "d"], ["e"]]
    assert len(rows) == 5


def test_batches_are_bounded_in_characters() -> None:
    script = Script()

    script.embedder(embedding_context_tokens=100_000).embed(["a" * 100_000] * 5)

    assert [len(batch) for batch in script.inputs] == [2, 2, 1]


def test_no_text_is_no_request() -> None:
    script = Script()

    assert script.embedder().embed([]) == []
    assert script.bodies == []


@pytest.mark.parametrize("text", ["", "  \n"])
def test_a_blank_text_is_never_sent(text: str) -> None:
    script = Script()

    script.embedder().embed([text])

    assert script.inputs == [["."]]


def test_a_text_longer_than_the_context_goes_in_equal_parts_with_nothing_left_out() -> None:
    script = Script()
    text = " word" * 100

    rows = script.embedder(embedding_context_tokens=40).embed(["short", text])

    assert [len(of_text) for of_text in rows] == [1, 3]
    assert "".join(script.inputs[0][1:]) == text


@pytest.mark.parametrize(("context", "windows"), [(8191, None), (4096, None), (512, 448)])
def test_only_a_short_context_needs_windows(context: int, windows: int | None) -> None:
    assert Script().embedder(embedding_context_tokens=context).window_tokens == windows


def test_dimensions_are_asked_for_once() -> None:
    script = Script()
    embedder = script.embedder()

    assert (embedder.dimensions, embedder.dimensions) == (3, 3)
    assert len(script.bodies) == 1


def test_configured_dimensions_are_not_asked_for_and_only_sent_if_told() -> None:
    quiet, told = Script(), Script()

    quiet.embedder(embedding_dimensions=3).embed(["a"])
    told.embedder(embedding_dimensions=3, embedding_send_dimensions=True).embed(["a"])

    assert "dimensions" not in quiet.bodies[0]
    assert told.bodies[0]["dimensions"] == 3


def test_the_key_is_sent() -> None:
    with embeddings() as server:
        RemoteEmbedder(Settings(embedding_url=server.url + "/", embedding_api_key=SecretStr(KEY))).embed(["a"])

    assert server.asked == [("/v1/embeddings", f"Bearer {KEY}")]


@pytest.mark.parametrize("status", [408, 409, 429, 500, 503])
def test_a_passing_trouble_is_tried_again_after_the_pause_asked_for(status: int) -> None:
    script = Script(error(status, Retry_After="2"), error(status))

    assert len(script.embedder().embed(["a"])) == 1
    assert script.pauses == [2.0, 1.0]


@pytest.mark.parametrize("trouble", [NoAnswer("refused"), NoAnswer("slow")])
def test_three_times_no_answer_is_a_dependency_down(trouble: Exception) -> None:
    script = Script(trouble, trouble, trouble)

    with pytest.raises(DependencyDown, match="embedder: no answer"):
        script.embedder().embed(["a"])

    assert len(script.bodies) == 3


def test_whoever_is_in_a_hurry_asks_once() -> None:
    script = Script(error(503), error(503))
    settings = Settings(embedding_url="http://model/v1")
    hurried = RemoteEmbedder(settings, script, script.pauses.append, attempts=1)

    with pytest.raises(DependencyDown, match="embedder: answered 503"):
        hurried.embed_query("a")

    assert (len(script.bodies), script.pauses) == (1, [])


def test_a_long_pause_is_left_to_the_queue() -> None:
    script = Script(error(429, Retry_After="60"))

    with pytest.raises(DependencyDown) as raised:
        script.embedder().embed(["a"])

    assert raised.value.retry_after_seconds == 60
    assert script.pauses == []


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("Fri, 31 Dec 9999 23:59:59 GMT", 3600), ("9" * 400, 3600), ("soon", None)],
)
def test_retry_after_is_seconds_or_a_date_and_at_most_an_hour(value: str, seconds: float | None) -> None:
    script = Script(*[error(503, Retry_After=value)] * 3)

    with pytest.raises(DependencyDown) as raised:
        script.embedder().embed(["a"])

    assert raised.value.retry_after_seconds == seconds


@pytest.mark.parametrize("url", ["model/v1", "http://model:port/v1", "ftp://model"])
def test_an_address_that_is_none_is_a_dependency_down(url: str) -> None:
    with pytest.raises(DependencyDown, match="INGEST_EMBEDDING_URL"):
        RemoteEmbedder(Settings(embedding_url=url)).embed(["a"])


@pytest.mark.parametrize(
    "answer",
    [
        vectors([[1, 2]]),
        vectors([[1, 2], [1, 2]], indexes=[0, 0]),
        vectors([[1, 2], [1, 2, 3]]),
        vectors([[1, 2], []]),
        vectors(["not base64!", "not base64!"]),
        vectors([["a"], ["b"]]),
        vectors([[1, 2], None]),
        said({"object": "list"}),
        said([]),
        Answer(200, {}, b"<html>"),
    ],
)
def test_a_malformed_answer_is_a_dependency_down(answer: Answer) -> None:
    with pytest.raises(DependencyDown, match="answer"):
        Script(answer).embedder().embed(["a", "b"])


def test_another_dimension_than_before_is_a_dependency_down() -> None:
    script = Script(vectors([[1, 2, 3]]), vectors([[1, 2]]))
    embedder = script.embedder()
    embedder.embed(["a"])

    with pytest.raises(DependencyDown, match="2 dimensions instead of 3"):
        embedder.embed(["b"])


@pytest.mark.parametrize("status", [301, 401, 403, 404, 405])
def test_a_wrong_configuration_is_a_dependency_down_without_the_key(status: int) -> None:
    script = Script(error(status, f"Incorrect API key {KEY}"))

    with pytest.raises(DependencyDown, match=str(status)) as raised:
        script.embedder().embed(["a"])

    assert KEY not in str(raised.value)
    assert len(script.bodies) == 1


def test_a_server_that_refuses_every_text_is_a_dependency_down() -> None:
    script = Script(rule=lambda texts: error(400, "unsupported model"))

    with pytest.raises(DependencyDown, match="unsupported model"):
        script.embedder().embed(["a"] * 64)

    assert len(script.bodies) <= 10


def test_one_refused_text_fails_its_file() -> None:
    script = Script(rule=lambda texts: error(422, "bad text") if "bad" in texts else None)

    with pytest.raises(FileError, match="bad text") as raised:
        script.embedder().embed(["a", "bad", "c"])

    assert raised.value.code == "server_error"


def without_the_bad(number: float) -> Callable[[list[str]], Answer]:
    """Answers with a vector for each text but the bad one, which gets this number thrice."""

    def answer(texts: list[str]) -> Answer:
        rows = [[number] * 3 if text == "bad" else vector(text) for text in texts]
        data = [{"index": i, "embedding": row} for i, row in enumerate(rows)]
        return said({"data": data})  # which may have NaN, as servers' answers may

    return answer


@pytest.mark.parametrize(
    "trouble",
    [
        lambda texts: error(500, "boom"),
        lambda texts: error(424, "boom"),
        without_the_bad(0.0),
        without_the_bad(float("nan")),
    ],
)
def test_a_text_at_which_the_server_fails_alone_fails_its_file_after_some_tries(
    trouble: Callable[[list[str]], Answer],
) -> None:
    script = Script(rule=lambda texts: trouble(texts) if "bad" in texts else None)

    with pytest.raises(FileError, match="fails at a part of the text, but not at others") as raised:
        script.embedder().embed([*"abcdefg", "bad", *"hijklmno"])

    assert raised.value.code == "server_error"
    assert 3 <= script.inputs.count(["bad"]) <= 9
    assert sum(script.pauses) < 10


def test_a_server_that_fails_at_everything_is_a_dependency_down_after_one_probe() -> None:
    script = Script(rule=lambda texts: error(500, "out of order"))

    with pytest.raises(DependencyDown, match="answered 500: out of order"):
        script.embedder().embed(["a", "b"])

    assert script.inputs == [["a", "b"]] * 3 + [["word"]]


def test_a_server_that_breaks_down_while_the_text_is_looked_for_is_a_dependency_down() -> None:
    script = Script()
    script.rule = lambda texts: error(500) if "bad" in texts or len(script.bodies) > 8 else None

    with pytest.raises(DependencyDown):
        script.embedder().embed(["a", "b", "c", "bad"])


def test_a_failure_that_passes_costs_no_file() -> None:
    script = Script(*[error(500)] * 3)

    assert [row.shape for row in script.embedder().embed(["a", "b", "c"])] == [(1, 3)] * 3


@pytest.mark.parametrize("status", [502, 503, 504])
def test_a_server_that_is_said_to_be_away_is_not_asked_for_the_text_that_it_fails_at(status: int) -> None:
    script = Script(*[error(status)] * 3)

    with pytest.raises(DependencyDown, match=str(status)):
        script.embedder().embed(["a", "b"])

    assert len(script.bodies) == 3


def test_a_batch_that_is_too_large_is_halved() -> None:
    script = Script(rule=lambda texts: error(413) if len(texts) > 2 else None)

    rows = script.embedder().embed([str(i) * (i + 1) for i in range(7)])

    assert [row.shape for row in rows] == [(1, 3)] * 7
    assert [text for batch in script.inputs if len(batch) <= 2 for text in batch] == [
        str(i) * (i + 1) for i in range(7)
    ]


def test_a_text_that_the_model_counts_longer_is_embedded_in_halves() -> None:
    limit = 200
    script = Script(rule=lambda texts: error(400, "maximum context length") if len(texts[0]) > limit else None)
    text = " word" * 100

    (rows,) = script.embedder(embedding_context_tokens=1_000).embed([text])

    assert rows.shape == (4, 3)
    assert "".join(batch[0] for batch in script.inputs if len(batch[0]) <= limit) == text


def test_without_windows_every_text_has_one_row() -> None:
    script = Script(rule=lambda texts: error(400, "maximum context length") if len(texts[0]) > 300 else None)
    embedder = script.embedder()

    (rows,) = embedder.embed([" word" * 100])

    assert embedder.window_tokens is None
    assert rows.shape == (1, 3)


def test_a_text_that_cannot_be_halved_any_more_is_invalid() -> None:
    script = Script(rule=lambda texts: None if texts == ["word"] else error(400, "input is too long"))

    with pytest.raises(InvalidFile, match="too long"):
        script.embedder().embed(["some text of several tokens"])


def test_a_file_no_longer_wanted_is_abandoned_between_requests() -> None:
    script = Script()
    answers = iter([True, False])

    with pytest.raises(Abandoned):
        script.embedder(embedding_batch_inputs=1).embed(["a", "b", "c"], lambda: next(answers))

    assert script.inputs == [["a"]]

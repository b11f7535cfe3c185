"""Batches, halving and parts of the remote embedder, against a scripted server."""

from collections.abc import Callable

import pytest

from ingest.errors import Abandoned, DependencyDown, FileError, InvalidFile
from ingest.net.http_pool import Response
from tests.steps.embed.scripted import ScriptedPool, error_answer, json_answer, vector_of, vectors_answer


def test_vectors_are_returned_in_the_order_of_the_texts() -> None:
    server = ScriptedPool(vectors_answer([[0, 2, 0], [3, 0, 0]], indexes=[1, 0]))

    first, second = server.embedder().embed(["a", "b"])

    assert first.tolist() == [[1, 0, 0]]
    assert second.tolist() == [[0, 1, 0]]


def test_texts_are_sent_in_batches() -> None:
    server = ScriptedPool()

    rows = server.embedder(embedding_batch_inputs=2).embed(["a", "bb", "ccc", "d", "e"])

    assert server.inputs == [["a", "bb"], ["ccc", "d"], ["e"]]
    assert len(rows) == 5


def test_batches_are_bounded_in_characters() -> None:
    server = ScriptedPool()

    server.embedder(embedding_context_tokens=100_000).embed(["a" * 100_000] * 5)

    assert [len(batch) for batch in server.inputs] == [2, 2, 1]


def test_no_text_sends_no_request() -> None:
    server = ScriptedPool()

    assert server.embedder().embed([]) == []
    assert server.bodies == []


@pytest.mark.parametrize("text", ["", "  \n"])
def test_a_blank_text_is_never_sent(text: str) -> None:
    server = ScriptedPool()

    server.embedder().embed([text])

    assert server.inputs == [["."]]


def test_a_text_longer_than_the_context_is_sent_in_equal_parts_without_loss() -> None:
    server = ScriptedPool()
    text = " word" * 100

    rows = server.embedder(embedding_context_tokens=40).embed(["short", text])

    assert [len(of_text) for of_text in rows] == [1, 3]
    assert "".join(server.inputs[0][1:]) == text


@pytest.mark.parametrize(("context", "windows"), [(8191, None), (4096, None), (512, 448)])
def test_only_a_short_context_needs_windows(context: int, windows: int | None) -> None:
    assert ScriptedPool().embedder(embedding_context_tokens=context).window_tokens == windows


def test_unknown_dimensions_are_requested_once() -> None:
    server = ScriptedPool()
    embedder = server.embedder()

    assert (embedder.dimensions, embedder.dimensions) == (3, 3)
    assert len(server.bodies) == 1


def test_a_server_that_refuses_every_text_raises_dependency_down() -> None:
    server = ScriptedPool(rule=lambda texts: error_answer(400, "unsupported model"))

    with pytest.raises(DependencyDown, match="unsupported model"):
        server.embedder().embed(["a"] * 64)

    assert len(server.bodies) <= 10


def test_one_refused_text_fails_its_file() -> None:
    server = ScriptedPool(rule=lambda texts: error_answer(422, "bad text") if "bad" in texts else None)

    with pytest.raises(FileError, match="bad text") as raised:
        server.embedder().embed(["a", "bad", "c"])

    assert raised.value.code == "server_error"


def without_vector_for_bad(number: float) -> Callable[[list[str]], Response]:
    """Answer with a vector for each text; the text "bad" gets this number three times."""

    def answer(texts: list[str]) -> Response:
        rows = [[number] * 3 if text == "bad" else vector_of(text) for text in texts]
        data = [{"index": i, "embedding": row} for i, row in enumerate(rows)]
        return json_answer({"data": data})  # the JSON may contain NaN, as the answers of some servers do

    return answer


@pytest.mark.parametrize(
    "failure",
    [
        lambda texts: error_answer(500, "boom"),
        lambda texts: error_answer(424, "boom"),
        without_vector_for_bad(0.0),
        without_vector_for_bad(float("nan")),
    ],
)
def test_a_text_that_always_causes_a_server_error_fails_its_file(
    failure: Callable[[list[str]], Response],
) -> None:
    server = ScriptedPool(rule=lambda texts: failure(texts) if "bad" in texts else None)

    with pytest.raises(FileError, match="fails at a part of the text, but not at others") as raised:
        server.embedder().embed([*"abcdefg", "bad", *"hijklmno"])

    assert raised.value.code == "server_error"
    assert 3 <= server.inputs.count(["bad"]) <= 9
    assert sum(server.pauses) < 10


def test_a_server_that_fails_every_request_raises_dependency_down_after_one_probe() -> None:
    server = ScriptedPool(rule=lambda texts: error_answer(500, "out of order"))

    with pytest.raises(DependencyDown, match="answered 500: out of order"):
        server.embedder().embed(["a", "b"])

    assert server.inputs == [["a", "b"]] * 3 + [["word"]]


def test_a_server_that_goes_down_during_the_search_for_the_bad_text_raises_dependency_down() -> None:
    server = ScriptedPool()
    server.rule = lambda texts: error_answer(500) if "bad" in texts or len(server.bodies) > 8 else None

    with pytest.raises(DependencyDown):
        server.embedder().embed(["a", "b", "c", "bad"])


def test_a_transient_failure_fails_no_file() -> None:
    server = ScriptedPool(*[error_answer(500)] * 3)

    assert [row.shape for row in server.embedder().embed(["a", "b", "c"])] == [(1, 3)] * 3


@pytest.mark.parametrize("status", [502, 503, 504])
def test_an_unavailable_server_starts_no_search_for_a_bad_text(status: int) -> None:
    server = ScriptedPool(*[error_answer(status)] * 3)

    with pytest.raises(DependencyDown, match=str(status)):
        server.embedder().embed(["a", "b"])

    assert len(server.bodies) == 3


def test_a_batch_that_is_too_large_is_halved() -> None:
    server = ScriptedPool(rule=lambda texts: error_answer(413) if len(texts) > 2 else None)

    rows = server.embedder().embed([str(i) * (i + 1) for i in range(7)])

    assert [row.shape for row in rows] == [(1, 3)] * 7
    assert [text for batch in server.inputs if len(batch) <= 2 for text in batch] == [
        str(i) * (i + 1) for i in range(7)
    ]


def test_a_text_that_the_model_counts_as_too_long_is_embedded_in_halves() -> None:
    limit = 200
    server = ScriptedPool(
        rule=lambda texts: error_answer(400, "maximum context length") if len(texts[0]) > limit else None
    )
    text = " word" * 100

    (rows,) = server.embedder(embedding_context_tokens=1_000).embed([text])

    assert rows.shape == (4, 3)
    assert "".join(batch[0] for batch in server.inputs if len(batch[0]) <= limit) == text


def test_without_windows_every_text_has_one_row() -> None:
    server = ScriptedPool(
        rule=lambda texts: error_answer(400, "maximum context length") if len(texts[0]) > 300 else None
    )
    embedder = server.embedder()

    (rows,) = embedder.embed([" word" * 100])

    assert embedder.window_tokens is None
    assert rows.shape == (1, 3)


def test_a_text_that_cannot_be_halved_any_more_is_invalid() -> None:
    server = ScriptedPool(rule=lambda texts: None if texts == ["word"] else error_answer(400, "input is too long"))

    with pytest.raises(InvalidFile, match="too long"):
        server.embedder().embed(["some text of several tokens"])


def test_a_file_no_longer_wanted_is_abandoned_between_requests() -> None:
    server = ScriptedPool()
    answers = iter([True, False])

    with pytest.raises(Abandoned):
        server.embedder(embedding_batch_inputs=1).embed(["a", "b", "c"], lambda: next(answers))

    assert server.inputs == [["a"]]

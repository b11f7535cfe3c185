"""Bodies for rerank servers, and their answers, which may be wrong in any way."""

from typing import Any

import pytest

from ingest.steps.rerank.formats import COHERE, COHERE_OBJECTS, TEI, MalformedAnswer, are_logits, parse_scores


def test_cohere_gets_documents_as_texts_and_asks_for_all_of_them() -> None:
    assert COHERE.body("m", "q", ["a", "b"]) == {"model": "m", "query": "q", "documents": ["a", "b"], "top_n": 2}


def test_documents_may_be_objects() -> None:
    assert COHERE_OBJECTS.body("m", "q", ["a"])["documents"] == [{"text": "a"}]


def test_without_a_model_none_is_sent() -> None:
    assert COHERE.body("", "q", ["a"]) == {"query": "q", "documents": ["a"], "top_n": 1}


def test_tei_gets_texts_and_cuts_long_ones_itself() -> None:
    assert TEI.body("m", "q", ["a"]) == {"query": "q", "texts": ["a"], "truncate": True}


@pytest.mark.parametrize(
    "answer",
    [
        {
            "results": [
                {"index": 1, "relevance_score": 0.9, "document": {"text": "b"}},
                {"index": 0, "relevance_score": 0},
            ]
        },
        {"data": [{"index": 0, "relevance_score": 0.0}, {"index": 1, "relevance_score": 0.9}], "usage": {}},
        [{"index": 1, "score": 0.9}, {"index": 0, "score": 0.0}],
    ],
)
def test_scores_are_returned_by_position(answer: Any) -> None:
    assert parse_scores(answer, 2) == [0.0, 0.9]


@pytest.mark.parametrize("missing", [None, float("nan"), float("inf"), 10**400])
def test_a_text_without_a_usable_score_gets_none(missing: Any) -> None:
    items = [{"index": 2, "score": 0.5}, {"index": 0, "score": missing}]

    assert parse_scores(items, 3) == [None, None, 0.5]


@pytest.mark.parametrize(
    "answer",
    [
        None, 5, "x", {}, {"results": None}, {"results": {"0": 1}}, [], [5], [{}], [{"index": 0}], [{"score": 1.0}],
        [{"index": 2, "score": 1.0}], [{"index": -1, "score": 1.0}], [{"index": True, "score": 1.0}],
        [{"index": 0, "score": "1.0"}], [{"index": 0, "score": True}], [{"index": 0.0, "score": 1.0}],
        [{"index": 0, "score": 1.0}, {"index": 0, "score": 0.5}], [{"index": 0, "score": float("nan")}],
    ],
)  # fmt: skip
def test_an_answer_that_does_not_fit_the_request_is_refused(answer: Any) -> None:
    with pytest.raises(MalformedAnswer):
        parse_scores(answer, 2)


@pytest.mark.parametrize(
    ("scores", "logits"),
    [([0.0, 1.0, None], False), ([1.0005, -0.0005], False), ([1.2], True), ([0.5, -3.0], True), ([None], False)],
)
def test_scores_outside_0_to_1_are_logits(scores: list[float | None], logits: bool) -> None:
    assert are_logits(scores) is logits

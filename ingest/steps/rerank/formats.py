"""The formats of rerank servers: bodies of requests, and answers, which may be wrong in any way."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

MAX_TEXTS = 500
"""Texts in one request. Cohere accepts 1,000."""

_TEI_MAX_TEXTS = 32  # its default of --max-client-batch-size; it refuses more
_LOGIT_TOLERANCE = 0.001  # a server that computes with 16 bits may answer 1.0005


class MalformedAnswer(Exception):
    """The answer does not fit the request."""


@dataclass(frozen=True)
class Format:
    """How one kind of server is asked. `max_texts` is the most that one request may have."""

    name: str
    max_texts: int = MAX_TEXTS

    def body(self, model: str, query: str, texts: Sequence[str]) -> dict[str, Any]:
        """Return the body of a request. Fields that only some servers know are left out: Cohere refuses them."""
        if self.name == "tei":
            return {"query": query, "texts": texts, "truncate": True}
        documents = [{"text": text} for text in texts] if self.name == "cohere-objects" else texts
        body: dict[str, Any] = {"query": query, "documents": documents, "top_n": len(texts)}
        return body | {"model": model} if model else body


COHERE = Format("cohere")
"""Cohere's v1 and v2, and those that follow them: Jina, vLLM, Infinity, LiteLLM."""

TEI = Format("tei", _TEI_MAX_TEXTS)
"""Hugging Face's text-embeddings-inference."""

COHERE_OBJECTS = Format("cohere-objects")
"""As Cohere, with each document as an object with the field `text`."""

FORMATS = (COHERE, TEI, COHERE_OBJECTS)
"""In the order in which they are tried."""


def parse_scores(answer: Any, count: int) -> list[float | None]:
    """Return the scores of a decoded JSON answer by the texts' positions; None for a text without one.

    Takes a list of items, or an object that has it in `results` or `data`. An item has an `index`, and a `relevance_score`
    or a `score`. A text may be missing, and its score may be null or NaN, because a server may return the best only.
    Raises MalformedAnswer for an index that is out of range or used twice, for a list without any score, and for
    everything else that is wrong.
    """
    items = answer if isinstance(answer, list) else _items_of(answer)
    scores: dict[int, float | None] = {}
    for item in items:
        index, score = _parse_item(item)
        if not 0 <= index < count or index in scores:
            raise MalformedAnswer(f"the index {index} is out of range or used twice")
        scores[index] = score
    if all(score is None for score in scores.values()):
        raise MalformedAnswer("no score")
    return [scores.get(index) for index in range(count)]


def are_logits(scores: Sequence[float | None]) -> bool:
    """Return whether a score lies outside 0..1, so that none of this server's is a probability."""
    return any(score is not None and not -_LOGIT_TOLERANCE <= score <= 1 + _LOGIT_TOLERANCE for score in scores)


def _items_of(answer: Any) -> list[Any]:
    if isinstance(answer, dict):
        for field in ("results", "data"):
            if isinstance(answer.get(field), list):
                items: list[Any] = answer[field]
                return items
    raise MalformedAnswer("no list of results")


def _parse_item(item: Any) -> tuple[int, float | None]:
    if not isinstance(item, dict):
        raise MalformedAnswer("a result that is no object")
    index = item.get("index")
    score = item.get("relevance_score", item.get("score"))
    if isinstance(index, bool) or not isinstance(index, int):
        raise MalformedAnswer("a result without an index")
    if score is None:
        return index, None
    if isinstance(score, bool) or not isinstance(score, int | float):
        raise MalformedAnswer("a score that is no number")
    return index, _finite(score)


def _finite(score: float) -> float | None:
    try:
        number = float(score)
    except OverflowError:  # an integer of hundreds of digits
        return None
    return number if isfinite(number) else None

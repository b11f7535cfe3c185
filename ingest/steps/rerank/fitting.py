"""The windows of passages that are longer than the context of a reranking server."""

from itertools import pairwise
from math import ceil

from ingest.steps.chunk import Tokens

MAX_CHARACTERS = 32_768
"""Longer queries and passages are cut. As long as the longest query of a search; a chunk is hardly ever longer."""

_RESERVED_TOKENS = 8  # for the separators between query and passage
_MIN_WINDOW_TOKENS = 8


def clean(text: str) -> str:
    """Cut a text, and replace what UTF-8 cannot encode."""
    return text[:MAX_CHARACTERS].encode("utf-8", "replace").decode()


def fit_query(query: str, context_tokens: int) -> str:
    """Return the query, or its start that takes at most half of the context; 0 stands for a context without bound."""
    query = clean(query)
    half = _usable_tokens(context_tokens) // 2
    if not context_tokens or len(query.encode()) <= half:  # no token is shorter than a byte
        return query
    tokens = Tokens.from_text(query)
    return query if len(tokens) <= half else tokens.text(0, half)


def split_passage(passage: str, query: str, context_tokens: int) -> list[str]:
    """Return the passage whole, or in equal windows that fit the context beside a query of `fit_query`."""
    passage = clean(passage)
    if not context_tokens:
        return [passage]
    usable = _usable_tokens(context_tokens)
    if len(passage.encode()) + len(query.encode()) <= usable:
        return [passage]
    room = max(_MIN_WINDOW_TOKENS, usable - len(Tokens.from_text(query)))
    tokens = Tokens.from_text(passage)
    count = max(1, ceil(len(tokens) / room))
    edges = [len(tokens) * i // count for i in range(count + 1)]
    return [window for start, end in pairwise(edges) if (window := tokens.text(start, end)).strip()] or [passage]


def _usable_tokens(context_tokens: int) -> int:
    # The model may count more tokens than cl100k_base does, above all outside English.
    return max(2 * _MIN_WINDOW_TOKENS, context_tokens * 7 // 8 - _RESERVED_TOKENS)

"""Which pieces of a text to embed, when its chunks are longer than the model's context.

A chunk is then found by the best of its windows. Chunks that overlap share windows, so each token is embedded once.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, gcd

from ingest.steps.chunk import Span

_SLACK = 1.1  # a window may be this much longer than asked for, rather than leave a tiny rest


@dataclass(frozen=True)
class Windows:
    """`spans` are embedded once each; chunk i is found by `spans[of_chunk[i].start : of_chunk[i].stop]`."""

    spans: list[Span]
    of_chunk: list[range]


def windows(chunks: Sequence[Span], max_tokens: int, overlap: int, total: int, window_tokens: int | None) -> Windows:
    """The windows of `chunks`, which were cut from `total` tokens by `max_tokens` and `overlap`.

    With `window_tokens` None, or about as long as a chunk, each chunk is its own window. Otherwise the text is
    divided once, into windows of at most 1.1 `window_tokens`, such that chunks start at the start of a window, and
    a chunk has all windows that touch it. Where `overlap` allows they end where it ends; else its last window goes on
    for less than a window's length into the next chunk's text. Every token of a chunk is in one of its windows, and
    the windows together are never longer than the text.
    """
    if window_tokens is None or max_tokens <= window_tokens * _SLACK:
        return _whole(chunks)
    edges = _edges(max_tokens, max_tokens - overlap, total, window_tokens)
    touched = [range(bisect_right(edges, chunk.start) - 1, bisect_left(edges, chunk.end)) for chunk in chunks]
    used = sorted({cell for cells in touched for cell in cells})
    place = {cell: i for i, cell in enumerate(used)}
    return Windows(
        spans=[Span(edges[cell], edges[cell + 1]) for cell in used],
        of_chunk=[range(place[cells.start], place[cells.stop - 1] + 1) for cells in touched],
    )


def _whole(chunks: Sequence[Span]) -> Windows:
    place = {span: i for i, span in enumerate(dict.fromkeys(chunks))}
    return Windows(spans=list(place), of_chunk=[range(place[chunk], place[chunk] + 1) for chunk in chunks])


def _edges(max_tokens: int, step: int, total: int, window_tokens: int) -> list[int]:
    """Where windows start, and last where the text ends. All multiples of `step` are among them, if windows are
    not longer than `step`."""
    limit = int(window_tokens * _SLACK)
    edges = list(_grid(max_tokens, step, total, window_tokens, limit))
    if len(edges) > 1 and total - edges[-2] <= limit:
        del edges[-1]  # the rest of the text is too little for a window of its own
    return [*edges, total]


def _grid(max_tokens: int, step: int, total: int, window_tokens: int, limit: int) -> list[int]:
    common = gcd(step, max_tokens)  # chunks start and end at its multiples
    exact = common / ceil(common / limit)
    if exact * 2 >= window_tokens:
        period, parts = common, ceil(common / limit)
    elif step * 2 <= limit:
        period, parts = step * (window_tokens // step), 1  # windows of several steps: shorter ones say too little
    else:
        period, parts = step, ceil(step / limit)
    return [
        edge
        for start in range(0, total, period)
        for part in range(parts)
        if (edge := start + part * period // parts) < total
    ]

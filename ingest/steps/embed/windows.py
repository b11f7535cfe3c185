"""The pieces of a text to embed when its chunks are longer than the model's context.

A search scores a chunk by the best of its windows. Overlapping chunks share windows, so each token is embedded once.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, gcd

from ingest.steps.chunk import Span

_MAX_STRETCH = 1.1  # a window may be this much longer than asked for, to avoid a tiny last window


@dataclass(frozen=True)
class WindowPlan:
    """The windows to embed: each of `spans` once. `windows_of_chunk[i]` are the indexes of chunk i's windows."""

    spans: list[Span]
    windows_of_chunk: list[range]


def plan_windows(
    chunks: Sequence[Span], max_tokens: int, overlap: int, total: int, window_tokens: int | None
) -> WindowPlan:
    """Return the windows of `chunks`, which were cut from `total` tokens by `max_tokens` and `overlap`.

    If `window_tokens` is None or about the length of a chunk, each chunk is its own window. Otherwise the text is
    divided once into windows of at most 1.1 `window_tokens`, so that every chunk starts at the start of a window. A
    chunk has all windows that it overlaps. Its last window ends with the chunk where `overlap` allows it, and else
    extends into the next chunk's text by less than a window. Every token of a chunk is in one of its windows, and the
    windows together are never longer than the text.
    """
    if window_tokens is None or max_tokens <= window_tokens * _MAX_STRETCH:
        return _one_window_per_chunk(chunks)
    edges = _edges(max_tokens, max_tokens - overlap, total, window_tokens)
    cells_of_chunk = [range(bisect_right(edges, chunk.start) - 1, bisect_left(edges, chunk.end)) for chunk in chunks]
    used_cells = sorted({cell for cells in cells_of_chunk for cell in cells})
    index_of_cell = {cell: i for i, cell in enumerate(used_cells)}
    return WindowPlan(
        spans=[Span(edges[cell], edges[cell + 1]) for cell in used_cells],
        windows_of_chunk=[
            range(index_of_cell[cells.start], index_of_cell[cells.stop - 1] + 1) for cells in cells_of_chunk
        ],
    )


def _one_window_per_chunk(chunks: Sequence[Span]) -> WindowPlan:
    index_of_span = {span: i for i, span in enumerate(dict.fromkeys(chunks))}
    return WindowPlan(
        spans=list(index_of_span),
        windows_of_chunk=[range(index_of_span[chunk], index_of_span[chunk] + 1) for chunk in chunks],
    )


def _edges(max_tokens: int, step: int, total: int, window_tokens: int) -> list[int]:
    """Return the starts of the windows and the end of the text.

    If windows are not longer than `step`, every multiple of `step` is an edge.
    """
    limit = int(window_tokens * _MAX_STRETCH)
    edges = list(_grid(max_tokens, step, total, window_tokens, limit))
    if len(edges) > 1 and total - edges[-2] <= limit:
        del edges[-1]  # the end of the text is too short for a window of its own
    return [*edges, total]


def _grid(max_tokens: int, step: int, total: int, window_tokens: int, limit: int) -> list[int]:
    common = gcd(step, max_tokens)  # every chunk starts and ends at a multiple of this
    exact = common / ceil(common / limit)
    if exact * 2 >= window_tokens:
        period, parts = common, ceil(common / limit)
    elif step * 2 <= limit:
        period, parts = step * (window_tokens // step), 1  # several steps per window: shorter windows lack context
    else:
        period, parts = step, ceil(step / limit)
    return [
        edge
        for start in range(0, total, period)
        for part in range(parts)
        if (edge := start + part * period // parts) < total
    ]

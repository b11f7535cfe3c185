"""The pieces of a text to embed when its chunks are longer than the model's context.

A search scores a chunk by the best of its windows. Overlapping chunks share windows, so each token is embedded once.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil
from typing import Protocol

MAX_CHUNK_TOKENS = 4096
"""The longest chunk (deploy/docs/api-contract.md section 5)."""

_MAX_STRETCH = 1.1  # a window may be this much longer than asked for, to avoid a tiny last window


class TokenRange(Protocol):
    """Tokens [start, end) of a text."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


@dataclass(frozen=True)
class Span:
    """Tokens [start, end) of one text."""

    start: int
    end: int


@dataclass(frozen=True)
class WindowPlan:
    """The windows to embed: each of `spans` once. `windows_of_chunk[i]` are the indexes of chunk i's windows."""

    spans: list[Span]
    windows_of_chunk: list[range]


def plan_windows(chunks: Sequence[TokenRange], window_tokens: int) -> WindowPlan:
    """Return the windows of `chunks`, which have rising starts and ends.

    The text is divided once into windows of at most 1.1 `window_tokens`. Every chunk starts at the start of a window
    and has all windows that it overlaps. Its last window ends with the chunk, or extends into the next chunk's text by
    less than a window. Every token of a chunk is in one of its windows, and the windows do not overlap.
    """
    limit = int(window_tokens * _MAX_STRETCH)
    edges = [edge for start, end in _segments(chunks, window_tokens) for edge in _divide(start, end, limit)]
    if chunks:
        edges.append(chunks[-1].end)
    cells_of_chunk = [range(bisect_right(edges, chunk.start) - 1, bisect_left(edges, chunk.end)) for chunk in chunks]
    used_cells = sorted({cell for cells in cells_of_chunk for cell in cells})
    index_of_cell = {cell: i for i, cell in enumerate(used_cells)}
    return WindowPlan(
        spans=[Span(edges[cell], edges[cell + 1]) for cell in used_cells],
        windows_of_chunk=[
            range(index_of_cell[cells.start], index_of_cell[cells.stop - 1] + 1) for cells in cells_of_chunk
        ],
    )


def fits_one_window(max_tokens: int, window_tokens: int | None) -> bool:
    """Return whether every chunk of `max_tokens` is embedded whole."""
    return window_tokens is None or max_tokens <= window_tokens * _MAX_STRETCH


def _segments(chunks: Sequence[TokenRange], window_tokens: int) -> Iterator[tuple[int, int]]:
    """Yield the parts of the text between the places where windows must be cut.

    These are the starts of the chunks, and the ends that are at least half a window away from every other cut: shorter
    windows lack context.
    """
    if not chunks:
        return
    total = chunks[-1].end
    cuts = sorted({chunk.start for chunk in chunks} | {total})
    for chunk in chunks:
        after = bisect_left(cuts, chunk.end)
        if all(abs(chunk.end - cut) * 2 >= window_tokens for cut in cuts[max(0, after - 1) : after + 1]):
            cuts.insert(after, chunk.end)
    yield from pairwise(cuts)


def _divide(start: int, end: int, limit: int) -> Iterator[int]:
    """Yield the starts of equal windows of at most `limit` tokens that cover [start, end)."""
    parts = ceil((end - start) / limit)
    for part in range(parts):
        yield start + part * (end - start) // parts

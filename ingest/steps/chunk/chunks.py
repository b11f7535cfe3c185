"""Cut a text into chunks that never exceed a number of tokens and begin and end at good places."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.steps.chunk.edges import Edges
from ingest.steps.chunk.headers import HeaderRows, TableRange
from ingest.steps.chunk.tokens import Tokens

CHUNKER_VERSION = 2
"""Increase it when the same text would be cut into other chunks, or its terms be counted differently."""

_REACH = 16
"""A sixteenth of a chunk: how far an edge is moved to the end of a sentence."""


@dataclass(frozen=True)
class Chunk:
    """Tokens [start, end) of a text. `header` is the range, in characters, of the header row to repeat before them."""

    start: int
    end: int
    header: tuple[int, int] | None = None


def chunk(tokens: Tokens, max_tokens: int, overlap: int, tables: Sequence[TableRange] = ()) -> list[Chunk]:
    """Return chunks of at most `max_tokens` that share about `overlap` tokens with the one before and cover the text.

    A chunk begins and ends at the end of a line or a sentence if one is near, else between words. There are never more
    chunks than if all were cut at exact distances, unless `overlap` is less than an eighth of a chunk. A chunk that
    continues one of `tables` (in rising order) repeats its header row, which counts towards its limit. The limit is
    exact in the tokens of the whole text: a chunk that is tokenized on its own may differ by a few tokens, where BPE
    merges differently at its ends. Chunks of only whitespace are left out.
    Raises ValueError if `overlap` is not less than `max_tokens`.
    """
    if not 0 <= overlap < max_tokens:
        raise ValueError(f"overlap {overlap} must be in 0..{max_tokens - 1}")
    chunks = _Cutter(tokens, max_tokens, overlap, tables).cut()
    return [span for span in chunks if not _is_blank(tokens.text(span.start, span.end))]


class _Cutter:
    """Cuts one text from its beginning to its end."""

    def __init__(self, tokens: Tokens, max_tokens: int, overlap: int, tables: Sequence[TableRange]) -> None:
        self._tokens = tokens
        self._edges = Edges(tokens)
        self._max_tokens = max_tokens
        self._step = max_tokens - overlap
        self._reach = max_tokens // _REACH
        self._start_reach = min(self._reach, overlap // 2)
        self._headers = HeaderRows(tokens, tables)

    def cut(self) -> list[Chunk]:
        total = len(self._tokens)
        chunks: list[Chunk] = []
        start = grid = 0  # `grid` is where the chunk would start without a move to a good place
        while start < total:
            row = self._headers.above(start, self._max_tokens)
            header = None if row is None else (row.start, row.end)
            limit = start + self._max_tokens - (row.tokens if row else 0)
            if limit >= total:
                chunks.append(Chunk(start, total, header))
                break
            end = self._edges.last(max(limit - self._reach, start + 1), limit)
            chunks.append(Chunk(start, end, header))
            grid = min(grid + self._step, end)
            start = self._next_start(chunks, grid)
        return chunks

    def _next_start(self, chunks: Sequence[Chunk], grid: int) -> int:
        """Return where the next chunk starts: near `grid`, after the start and not after the end of the last chunk."""
        last = chunks[-1]
        low, high = max(grid - self._start_reach, last.start + 1), min(grid + self._start_reach, last.end)
        if grid + self._max_tokens >= len(self._tokens):  # an earlier start would need one chunk more
            low = max(low, len(self._tokens) - self._max_tokens)
        if low >= high:
            return high
        # Chunks that begin where an earlier one ends can share their embedded windows.
        if len(chunks) > 1 and low <= chunks[-2].end <= high:
            return chunks[-2].end
        return self._edges.nearest(min(max(grid, low), high), low, high)


def _is_blank(text: str) -> bool:
    return not text or text.isspace()

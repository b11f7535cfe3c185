"""Cuts a text into windows of cl100k_base tokens, exact to the token and never through a character."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tiktoken

CHUNKER_VERSION = 1
"""Raised when the same text would be cut, or its words be counted, in another way."""

# tiktoken panics (a BaseException) near 1,000,000 whitespace characters, and is n log n on one long word: 256 Ki of
# either takes 0.04 s, and on prose a longer slice is no faster.
_SLICE_CHARACTERS = 256 * 1024
_CUT_SEARCH = (1_000, 50_000)  # characters before the limit in which a harmless cut is looked for
# No piece of cl100k_base's pattern goes on from a letter or digit to anything else, so a cut there changes no token.
_HARMLESS_CUT = re.compile(r"(?<=[^\W_])[\W_]")
_RANKS = Path(__file__).parents[1] / "data" / "tiktoken"


@dataclass(frozen=True)
class Span:
    """Tokens [start, end) of one text's grid."""

    start: int
    end: int


class Tokens:
    """The token grid of one text: the places where it can be cut, counted in cl100k_base tokens.

    A token may end inside a character (emoji and rare scripts take several tokens). Such a cut counts as being
    at the character's start, so some slices of one or two tokens are empty, and consecutive slices always
    concatenate to the text.
    """

    def __init__(self, utf8: bytes, starts: npt.NDArray[np.int64]) -> None:
        """`starts` are the tokens' offsets in bytes, strictly rising, and last the length of `utf8`."""
        self._utf8 = utf8
        self._starts = starts

    @classmethod
    def of(cls, text: str) -> "Tokens":
        """The grid of `text`; lone surrogates become question marks, as they have no UTF-8."""
        try:
            utf8 = text.encode()
        except UnicodeEncodeError:
            utf8 = text.encode("utf-8", "replace")
            text = utf8.decode()
        lengths = [_lengths()[ids] for ids in _encoded(text)]
        starts = np.zeros(1 + sum(map(len, lengths)), np.int64)
        if lengths:
            np.cumsum(np.concatenate(lengths), out=starts[1:])
        return cls(utf8, starts)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def text(self, start: int, end: int) -> str:
        """Tokens [start, end) as text, whole characters only."""
        return self._utf8[self._boundary(start) : self._boundary(end)].decode("utf-8")

    def offset(self, index: int) -> int:
        """The character of the text at which token `index` starts; `index` may be the number of tokens."""
        return int(self._characters[index])

    def _boundary(self, index: int) -> int:
        at = int(self._starts[index])
        while at < len(self._utf8) and self._utf8[at] & 0xC0 == 0x80:
            at -= 1
        return at

    @cached_property
    def _characters(self) -> npt.NDArray[np.int64]:
        """Character offset of each token's boundary."""
        if self._utf8.isascii():
            return self._starts
        begins = (np.frombuffer(self._utf8, np.uint8) & 0xC0) != 0x80
        offsets = np.zeros(len(self._starts), np.int64)
        np.cumsum(np.add.reduceat(begins, self._starts[:-1], dtype=np.int64), out=offsets[1:])
        # A character that began before a token but goes on in it was counted: the boundary is at its start.
        offsets[:-1] -= ~begins[self._starts[:-1]]
        return offsets


def chunk(tokens: Tokens, max_tokens: int, overlap: int) -> list[Span]:
    """Windows of `max_tokens`, each sharing `overlap` tokens with the one before; the last ends with the text.

    The limit is exact on the text's own grid. A chunk tokenised again on its own may differ by a few tokens at
    its two ends, where BPE merges differently. Windows of nothing but whitespace are left out.
    """
    if not 0 <= overlap < max_tokens:
        raise ValueError(f"overlap {overlap} must be in 0..{max_tokens - 1}")
    last = max(0, len(tokens) - overlap)  # a window starting here or later would lie inside its predecessor
    starts = range(0, max(last, min(1, len(tokens))), max_tokens - overlap)
    spans = (Span(start, min(start + max_tokens, len(tokens))) for start in starts)
    return [span for span in spans if not _blank(tokens.text(span.start, span.end))]


def _blank(text: str) -> bool:
    return not text or text.isspace()


def _encoded(text: str) -> Iterator[npt.NDArray[np.uint32]]:
    encoding = _encoding()
    start = 0
    while start < len(text):
        end = _cut(text, start)
        # An array is had a sixth faster than a list; special tokens are text like any other.
        yield encoding.encode_to_numpy(text[start:end], disallowed_special=())
        start = end


def _cut(text: str, start: int) -> int:
    limit = start + _SLICE_CHARACTERS
    if limit >= len(text):
        return len(text)
    for search in _CUT_SEARCH:
        cuts = [match.start() for match in _HARMLESS_CUT.finditer(text, limit - search, limit)]
        if cuts:
            return cuts[-1]
    return limit  # one endless word: a token or two may differ from those of a single call


@cache
def _encoding() -> tiktoken.Encoding:
    os.environ.setdefault("TIKTOKEN_CACHE_DIR", str(_RANKS))
    return tiktoken.get_encoding("cl100k_base")


@cache
def _lengths() -> npt.NDArray[np.int32]:
    """Bytes of each token; texts have no others than those before the special ones."""
    encoding = _encoding()
    ordinary = range(len(encoding.token_byte_values()))
    return np.array([len(token) for token in encoding.decode_tokens_bytes(ordinary)], np.int32)

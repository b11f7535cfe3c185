"""The cl100k_base tokens of a text, and where each of them starts."""

import re
from collections.abc import Iterator, Sequence
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tiktoken

from ingest.environment import set_library_switches

# The text is encoded in slices: tiktoken panics (a BaseException) near 1,000,000 whitespace characters, and takes
# n log n on one long word. A slice of 256 Ki of either takes 0.04 s, and on prose longer slices are no faster.
_SLICE_CHARACTERS = 256 * 1024
_CUT_SEARCH_CHARACTERS = (1_000, 50_000)  # distances before a slice's limit in which a safe cut is looked for
# No piece of cl100k_base's pattern extends from a letter or digit into anything else, so a cut there changes no token.
_SAFE_CUT = re.compile(r"(?<=[^\W_])[\W_]")
_RANKS_FOLDER = Path(__file__).parents[2] / "data" / "tiktoken"


class Tokens:
    """One text and the offsets of its cl100k_base tokens.

    A token may end inside a character (emoji and rare scripts take several tokens). A cut there is moved to the start
    of the character. Some slices of one or two tokens are therefore empty, and consecutive slices always concatenate
    to the text.
    """

    def __init__(self, characters: str, utf8: bytes, starts: npt.NDArray[np.int64]) -> None:
        """`starts` are the byte offsets of the tokens, strictly rising, followed by the length of `utf8`."""
        self.characters = characters
        self._utf8 = utf8
        self._starts = starts

    @classmethod
    def from_text(cls, text: str) -> "Tokens":
        """Tokenize a text. Lone surrogates become question marks, because they cannot be encoded in UTF-8."""
        try:
            utf8 = text.encode()
        except UnicodeEncodeError:
            utf8 = text.encode("utf-8", "replace")
            text = utf8.decode()
        lengths = [_token_lengths()[ids] for ids in _encode_slices(text)]
        starts = np.zeros(1 + sum(map(len, lengths)), np.int64)
        if lengths:
            np.cumsum(np.concatenate(lengths), out=starts[1:])
        return cls(text, utf8, starts)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def text(self, start: int, end: int) -> str:
        """Return tokens [start, end) as text, cut at whole characters."""
        return self._utf8[self._character_start(start) : self._character_start(end)].decode("utf-8")

    def character_offset(self, index: int) -> int:
        """Return the character offset at which token `index` starts; `index` may be the number of tokens."""
        return int(self._character_offsets[index])

    def character_offsets(self, start: int, end: int) -> list[int]:
        """Return the character offsets at which the tokens [start, end) start."""
        offsets: list[int] = self._character_offsets[start:end].tolist()
        return offsets

    def index_at(self, offset: int) -> int:
        """Return the first token that starts at character `offset` or later."""
        return int(np.searchsorted(self._character_offsets, offset))

    def _character_start(self, index: int) -> int:
        at = int(self._starts[index])
        while at < len(self._utf8) and self._utf8[at] & 0xC0 == 0x80:
            at -= 1
        return at

    @cached_property
    def _character_offsets(self) -> npt.NDArray[np.int64]:
        if self._utf8.isascii():
            return self._starts
        is_first_byte = (np.frombuffer(self._utf8, np.uint8) & 0xC0) != 0x80
        offsets = np.zeros(len(self._starts), np.int64)
        np.cumsum(np.add.reduceat(is_first_byte, self._starts[:-1], dtype=np.int64), out=offsets[1:])
        # A token that begins inside a character counted it already, but is cut at the start of the character.
        offsets[:-1] -= ~is_first_byte[self._starts[:-1]]
        return offsets


def decode_tokens(tokens: Sequence[int]) -> str:
    """Return the text of cl100k_base tokens. Raises ValueError for a number that is no token."""
    try:
        return _encoding().decode(list(tokens))
    except (KeyError, OverflowError) as exc:
        raise ValueError("a number is no token of cl100k_base") from exc


def _encode_slices(text: str) -> Iterator[npt.NDArray[np.uint32]]:
    encoding = _encoding()
    start = 0
    while start < len(text):
        end = _find_cut(text, start)
        # An array is a sixth faster than a list. Special tokens in a text are ordinary text.
        yield encoding.encode_to_numpy(text[start:end], disallowed_special=())
        start = end


def _find_cut(text: str, start: int) -> int:
    limit = start + _SLICE_CHARACTERS
    if limit >= len(text):
        return len(text)
    for distance in _CUT_SEARCH_CHARACTERS:
        cuts = [match.start() for match in _SAFE_CUT.finditer(text, limit - distance, limit)]
        if cuts:
            return cuts[-1]
    return limit  # one very long word: one or two tokens may differ from those of a single call


@cache
def _encoding() -> tiktoken.Encoding:
    set_library_switches({"TIKTOKEN_CACHE_DIR": str(_RANKS_FOLDER)})
    return tiktoken.get_encoding("cl100k_base")


@cache
def _token_lengths() -> npt.NDArray[np.int32]:
    """Return the length in bytes of each token below the special ones, which texts never have."""
    encoding = _encoding()
    ordinary = range(len(encoding.token_byte_values()))
    return np.array([len(token) for token in encoding.decode_tokens_bytes(ordinary)], np.int32)

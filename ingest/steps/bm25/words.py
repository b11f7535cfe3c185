"""Split a normalised text into words, with their offsets."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ingest.steps.bm25.characters import IN_WORD, SEGMENTED, UNSPACED, WORD, Flags, ascii_words, flags_of_characters
from ingest.steps.bm25.segmentation import segment

Integers = npt.NDArray[np.int64]

_CODE_BITS = 21  # of a Unicode character


@dataclass(frozen=True, eq=False)
class Words:
    """The words between spaces and signs of a normalised text, in order: characters [start, end) of the text each.

    `codes` and `flags` have one element for each character of the text. `segmented` and `unspaced` are the runs
    [start, end) in scripts without spaces (`characters.SEGMENTED` and `characters.UNSPACED`).
    """

    text: str
    codes: npt.NDArray[np.uint8] | npt.NDArray[np.uint32]
    flags: Flags
    starts: Integers
    ends: Integers
    segmented: list[tuple[int, int]]
    unspaced: list[tuple[int, int]]

    def __len__(self) -> int:
        return len(self.starts)

    @cached_property
    def texts(self) -> list[str]:
        """The words themselves."""
        if self.text.isascii():
            return self.text.translate(ascii_words()).split()
        return [self.text[start:end] for start, end in zip(self.starts.tolist(), self.ends.tolist(), strict=True)]

    def segments(self) -> Iterator[tuple[int, str]]:
        """Yield the words of the runs in which a library finds words, with their offsets."""
        for start, end in self.segmented:
            yield from ((start + offset, word) for offset, word in segment(self.text[start:end]))

    def pairs(self) -> Iterator[tuple[int, str]]:
        """Yield every character and every pair of neighbouring characters of the unspaced runs, with their offsets."""
        for start, end in self.unspaced:
            for i in range(start, end):
                yield i, self.text[i]
                if i + 1 < end:
                    yield i, self.text[i : i + 2]

    def pair_keys(self) -> tuple[Integers, Integers]:
        """Return the offsets of what `pairs` yields, and a key of each: one code of a character, or two."""
        unspaced = self.flags & IN_WORD == UNSPACED
        singles = np.flatnonzero(unspaced)
        firsts = np.flatnonzero(unspaced[:-1] & unspaced[1:])
        codes = self.codes.astype(np.int64)
        keys = np.concatenate((codes[singles], codes[firsts + 1] << _CODE_BITS | codes[firsts]))
        return np.concatenate((singles, firsts)), keys


def text_of_key(key: int) -> str:
    """Return the characters of a key from `Words.pair_keys`."""
    first, second = key & (1 << _CODE_BITS) - 1, key >> _CODE_BITS
    return chr(first) + chr(second) if second else chr(first)


def split(text: str) -> Words:
    """Return the words of a normalised text."""
    if text.isascii():
        codes: npt.NDArray[np.uint8] | npt.NDArray[np.uint32] = np.frombuffer(text.encode("ascii"), np.uint8)
    else:
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    flags = flags_of_characters()[codes]
    classes = np.zeros(len(flags) + 2, np.uint8)
    classes[1:-1] = flags & IN_WORD
    edges = np.flatnonzero(classes[1:] != classes[:-1])  # between two edges all characters are of one class
    of_run = classes[edges + 1]
    starts, ends = edges[of_run != 0], edges[np.flatnonzero(of_run) + 1]
    of_run = of_run[of_run != 0]
    if (of_run == WORD).all():
        return Words(text, codes, flags, starts, ends, [], [])

    def runs(character_class: int) -> list[tuple[int, int]]:
        chosen = of_run == character_class
        return list(zip(starts[chosen].tolist(), ends[chosen].tolist(), strict=True))

    spaced = of_run == WORD
    return Words(text, codes, flags, starts[spaced], ends[spaced], runs(SEGMENTED), runs(UNSPACED))

"""The title field: the names of a file and of its parts, as terms in a space of their own.

A query finds the chunks of a file by the file's name even if the text never says it. The terms of the field do not
count for the length of a text.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Final

import numpy as np
import numpy.typing as npt

from ingest.steps.bm25.forms import terms_of
from ingest.steps.bm25.hashing import title_id
from ingest.steps.bm25.joints import Joints
from ingest.steps.bm25.normalization import normalize
from ingest.steps.bm25.words import Integers, split

_FILE_NAME_WEIGHT = 1.0
_HEADING_WEIGHT = 0.6
_MAX_TERMS = 64  # of one chunk; the file's name comes first, and the headings next to the chunk before higher ones
_MAX_HEADINGS = 16
_MAX_CHARACTERS = 400  # of one name
_LETTERS_AND_DIGITS = re.compile(r"(?<=[^\W\d_]{3})(?=\d)|(?<=\d\d)(?=[^\W\d_]{3})")


def _no_ids() -> Integers:
    return np.zeros(0, np.int64)


def _no_values() -> npt.NDArray[np.float64]:
    return np.zeros(0, np.float64)


@dataclass(frozen=True, eq=False)
class TitleTerms:
    """The terms of the title field of a chunk in rising order, and the weight of each."""

    ids: Integers = field(default_factory=_no_ids)
    values: npt.NDArray[np.float64] = field(default_factory=_no_values)


NO_TITLE: Final = TitleTerms()


def title_terms(filename: str, headings: Sequence[str] = (), language: str = "en") -> TitleTerms:
    """Return the terms of a file's name and of the headings above a chunk, the highest first."""
    cut = (heading[:_MAX_CHARACTERS] for heading in headings[-_MAX_HEADINGS:])
    return _title_terms(_words_of_file_name(filename)[:_MAX_CHARACTERS], tuple(cut), language)


@lru_cache(maxsize=256)
def _title_terms(file_words: str, headings: tuple[str, ...], language: str) -> TitleTerms:
    weights: dict[int, float] = {}
    for name, weight in ((file_words, _FILE_NAME_WEIGHT), *_weighted(headings)):
        for term in _ids_of_name(name, language):
            if len(weights) < _MAX_TERMS:
                weights.setdefault(term, weight)
    ids = sorted(weights)
    return TitleTerms(np.array(ids, np.int64), np.array([weights[i] for i in ids], np.float64))


@lru_cache(maxsize=1_024)  # the file's name and high headings stand above many chunks
def _ids_of_name(name: str, language: str) -> tuple[int, ...]:
    return tuple(map(title_id, _terms(normalize(name), language)))


def _terms(text: str, language: str) -> Iterator[str]:
    words = split(text)
    for word in (*words.texts, *(segment for _, segment in words.segments())):
        forms = terms_of(word, language)
        yield from () if forms.is_stop_word else forms.all
    yield from (pair for _, pair in words.pairs())
    yield from (term for _, term in Joints(words).terms())


def _weighted(headings: Sequence[str]) -> list[tuple[str, float]]:
    return [(heading, _HEADING_WEIGHT) for heading in reversed(headings)]


def _words_of_file_name(filename: str) -> str:
    """Return a file's name without its extension, also with spaces between letters and digits: Schulze2021."""
    stem = PurePosixPath(filename.replace("\\", "/")).stem
    spaced = _LETTERS_AND_DIGITS.sub(" ", stem)
    return stem if spaced == stem else f"{stem} {spaced}"

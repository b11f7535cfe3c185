"""Find the words of a text that signs join to one: identifiers, numbers in groups, names with signs, IBANs.

numpy finds the places, because nearly all words of a text stand alone.
"""

import re
from collections.abc import Iterator
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ingest.steps.bm25.characters import COMMA, DIGIT, DOT, GROUPING, IN_WORD, JOINER, SUFFIX
from ingest.steps.bm25.folding import fold, lower
from ingest.steps.bm25.identifiers import terms_of_joined, whole
from ingest.steps.bm25.words import Integers, Words

_IBAN = re.compile(r"[A-Z]{2}\d\d(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?(?!\w)", re.ASCII)
_MAX_GROUPS = 6  # numbers below 10^18; more groups are the cells of a table
_DECIMALS = re.compile(r"[.,](\d+)(?![.,\d])", re.ASCII)


class Run(NamedTuple):
    """Words [first, last] of a text that belong together: characters [start, end) of the text."""

    first: int
    last: int
    start: int
    end: int


class Identifiers(NamedTuple):
    """The words of a text that signs join, and where they begin."""

    starts: Integers
    texts: list[str]


class Joints:
    """Finds the joined words of one text."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._text = words.text
        self._present = int(np.bitwise_or.reduce(words.flags)) if len(words) else 0
        self._single = words.starts[1:] - words.ends[:-1] == 1  # one character between a word and the next
        self._signs = words.flags[words.ends[:-1]]

    def terms(self) -> Iterator[tuple[int, str]]:
        """Yield the start of each joined word and each of its terms beside those of its parts."""
        starts, texts = self.identifiers()
        for start, text in zip(starts.tolist(), texts, strict=True):
            yield from ((start, term) for term in terms_of_joined(text))
        yield from self.other_terms()

    def other_terms(self) -> Iterator[tuple[int, str]]:
        """Yield the terms of joined words that are no identifiers."""
        for run, forms in self.grouped_numbers():
            yield from ((run.start, form) for form in forms)
        for run, form in self.other_names():
            yield run.start, form
        for run, form in self.designations():
            yield run.start, form

    def identifiers(self) -> Identifiers:
        """Return the words that are joined by signs."""
        links = np.zeros(len(self._single) + 2, np.int8)
        links[1:-1] = self._single & (self._signs & JOINER != 0)
        edges = np.diff(links)
        starts = self._words.starts[:-1][edges[:-1] == 1] if len(self._words) else self._words.starts
        ends = self._words.ends[np.flatnonzero(edges == -1)]
        texts = [self._text[start:end] for start, end in zip(starts.tolist(), ends.tolist(), strict=True)]
        return Identifiers(starts, texts)

    def other_names(self) -> Iterator[tuple[Run, str]]:
        """Yield the decimal numbers, names with signs and IBANs, with the term of each."""
        yield from self.decimal_numbers()
        yield from self.names_with_signs()
        yield from self.account_numbers()

    def grouped_numbers(self) -> Iterator[tuple[Run, tuple[str, ...]]]:
        """Yield the numbers like 1,250,000 with their digits; with decimals, the terms of the number with them as well."""
        if not self._present & DIGIT:
            return
        numbers, lengths = self._numbers, self._lengths
        groups = numbers[:-1] & (lengths[:-1] <= 3) & numbers[1:] & (lengths[1:] == 3)
        links = np.flatnonzero(self._single & (self._signs & GROUPING != 0) & groups).tolist()
        ends, text = self._words.ends, self._text
        position = 0
        while position < len(links):
            last = position  # the links of one number follow one another and have the same sign
            sign = text[ends[links[position]]]
            while last + 1 < len(links) and links[last + 1] == links[last] + 1 and text[ends[links[last + 1]]] == sign:
                last += 1
            run = self._run(links[position], links[last] + 1)
            if last - position + 2 <= _MAX_GROUPS and not _continues(text, run, sign):
                yield run, _forms_of_number(text, run, sign)
            position = last + 1

    def decimal_numbers(self) -> Iterator[tuple[Run, str]]:
        """Yield the numbers with a decimal comma, 3,14, as the term of 3.14. Several commas are a list."""
        if not (self._present & DIGIT and self._present & COMMA):
            return
        comma = self._single & (self._signs & COMMA != 0)
        alone = comma & self._numbers[:-1] & self._numbers[1:]
        alone[1:] &= ~comma[:-1]
        alone[:-1] &= ~comma[1:]
        for i in np.flatnonzero(alone).tolist():
            run = self._run(i, i + 1)
            yield run, self._text[run.start : run.end].replace(",", "_")

    def names_with_signs(self) -> Iterator[tuple[Run, str]]:
        """Yield C++, C#, F# and the like, and names after a dot that ends no word: .NET."""
        text, flags, starts, ends = self._text, self._words.flags, self._words.starts, self._words.ends
        if self._present & SUFFIX:
            after = np.append(flags, np.uint8(0))[ends]
            for i in np.flatnonzero((self._lengths <= 2) & (after & SUFFIX != 0)).tolist():
                sign = "#" if text[ends[i]] == "#" else text[ends[i] : ends[i] + 2]
                if sign in ("#", "++") and not text[starts[i]].isdigit():
                    yield self._run(i, i), text[starts[i] : ends[i]].lower() + sign
        if self._present & DOT:
            padded = np.concatenate((np.zeros(2, np.uint8), flags))  # padded[s] and padded[s + 1] are before s
            named = (padded[starts + 1] & DOT != 0) & (padded[starts] & (IN_WORD | DOT) == 0)
            for i in np.flatnonzero(named).tolist():
                if not text[starts[i]].isdigit():
                    yield self._run(i, i), "." + text[starts[i] : ends[i]].lower()

    def designations(self, *, any_case: bool = False) -> Iterator[tuple[Run, str]]:
        """Yield words with a letter or a short number behind them: vitamin A, chapter 12, as in vitamin-A.

        The letter is a capital in a text, where `a` is an article, and any letter with `any_case`. I is no designation.
        """
        text, starts, ends, lengths = self._text, self._words.starts, self._words.ends, self._lengths
        after = (lengths[1:] == 1) | (self._digits[1:] == lengths[1:]) & (lengths[1:] <= 3)
        places = self._single & (self._signs & GROUPING != 0) & after & (lengths[:-1] > 2) & (self._digits[:-1] == 0)
        for i in np.flatnonzero(places).tolist():
            word, name = text[starts[i] : ends[i]], text[starts[i + 1] : ends[i + 1]]
            is_named = name.isdigit() or (name != "I" and (name.isupper() or any_case))
            if text[ends[i]] == " " and word.isalpha() and is_named and not _is_joined(text, ends[i + 1]):
                yield self._run(i, i + 1), whole([fold(lower(word)), fold(lower(name))])

    def account_numbers(self) -> Iterator[tuple[Run, str]]:
        """Yield the IBANs that are written in groups of four, without the spaces."""
        if not self._present & DIGIT:
            return
        text, starts, ends = self._text, self._words.starts, self._words.ends
        heads = (self._lengths[:-1] == 4) & (self._lengths[1:] == 4) & self._single & (self._digits[:-1] == 2)
        for i in np.flatnonzero(heads).tolist():
            if match := _IBAN.match(text, starts[i]):
                yield self._run(i, int(np.searchsorted(ends, match.end()))), match[0].replace(" ", "").lower()

    @cached_property
    def _lengths(self) -> Integers:
        return self._words.ends - self._words.starts

    @cached_property
    def _digits(self) -> Integers:
        """The number of digits of each word."""
        digits = np.concatenate(([0], np.cumsum(self._words.flags & DIGIT != 0)))
        of_words: Integers = digits[self._words.ends] - digits[self._words.starts]
        return of_words

    @cached_property
    def _numbers(self) -> npt.NDArray[np.bool_]:
        """Whether each word is a number."""
        numbers: npt.NDArray[np.bool_] = self._digits == self._lengths
        return numbers

    def _run(self, first: int, last: int) -> Run:
        return Run(first, last, int(self._words.starts[first]), int(self._words.ends[last]))


def _is_joined(text: str, end: int) -> bool:
    """Return whether the word that ends here has a sign of its own or is joined to another word: C#, 1.2."""
    after = text[end : end + 2]
    return after.startswith(("#", "+")) or (after[1:].isalnum() and not after[0].isspace())


def _forms_of_number(text: str, run: Run, sign: str) -> tuple[str, ...]:
    number = text[run.start : run.end].replace(sign, "")
    decimals = _DECIMALS.match(text, run.end)
    return (number, f"{number}_{decimals[1]}") if decimals and decimals[0][0] != sign else (number,)


def _continues(text: str, run: Run, sign: str) -> bool:
    """Return whether a number is a part of a longer one, which has other groups: 192.168.0.1."""
    before, after = text[max(0, run.start - 2) : run.start], text[run.end : run.end + 2]
    return sign != " " and ((before[1:] == sign and before[0].isdigit()) or (after[:1] == sign and after[1:].isdigit()))

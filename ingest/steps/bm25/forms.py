"""The terms of one word: its stem, and other forms of it where they differ.

Stems, exact forms and identifiers share one space of terms. So a text in one language is found by the stem of a word
and a text in another by the word itself, and `e-mail` (whole: email) is found by `email`.
"""

from typing import NamedTuple

from ingest.steps.bm25 import compounds, identifiers, stemmers, stop_words
from ingest.steps.bm25.folding import fold, lower, with_two_letters
from ingest.steps.bm25.languages import language_of_word

MAX_WORD_CHARACTERS = 64
"""Longer words are data: they are terms without stemming and are not cached."""


class WordForms(NamedTuple):
    """The terms of a word.

    `primary` are the stems of the word's parts: one for most words. `exact` are the word in lower case and folded,
    `whole` the word of several parts in one term, `neighbours` its neighbouring parts, and `compound` the stems of the
    words in a German or Dutch compound. Only `primary` may repeat a term. A stop word has no other forms.
    """

    primary: tuple[str, ...]
    exact: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    neighbours: tuple[str, ...] = ()
    compound: tuple[str, ...] = ()
    is_stop_word: bool = False

    @property
    def all(self) -> tuple[str, ...]:
        """Every term once, but each of `primary`."""
        others = {*self.exact, *self.whole, *self.neighbours, *self.compound}.difference(self.primary)
        return (*self.primary, *sorted(others)) if others else self.primary


def terms_of(word: str, language: str) -> WordForms:
    """Return the terms of a word of a normalised text. It may have capitals and underscores."""
    if len(word) > MAX_WORD_CHARACTERS:
        return WordForms((fold(lower(word)),))
    if word.isascii() and word.isdigit():
        return WordForms((word,), tuple(identifiers.compact_date(word)))
    language = language_of_word(word, language)
    parts = identifiers.parts_of_word(word)
    if len(parts) > 1:
        return _forms_of_parts(word, parts, language)
    return _forms_of_word(lower(parts[0], language), language) if parts else WordForms((), is_stop_word=True)


def _forms_of_word(word: str, language: str) -> WordForms:
    stem = fold(stemmers.stem(word, language))
    if word in stop_words.of(language):
        return WordForms((stem,), is_stop_word=True)
    folded = fold(word)
    # A plural with s is not worth a term: 5 % more of them, and no better results in English, German, French or Spanish.
    # The accents count only where the stem is the word without them: sch\u00f6n is not schon.
    exact = {word if folded == stem else folded, *identifiers.compact_date(word)}
    if not word.isascii():
        exact.add(with_two_letters(word))
    parts = compounds.parts(word, language)
    compound = {fold(part) for part in parts} - {stem}
    return WordForms((stem,), tuple(sorted(exact - {stem, stem + "s"})), compound=tuple(sorted(compound - exact)))


def _forms_of_parts(word: str, parts: list[str], language: str) -> WordForms:
    words = [lower(part, language) for part in parts]
    stems = tuple(fold(stemmers.stem(part, language)) for part in words)
    folded = [fold(part) for part in words]
    whole = {identifiers.whole(folded)}
    if "_" not in word and len(words) == 2:  # iPhones is also a word: iphone
        whole.add(fold(stemmers.stem("".join(words), language)))
    whole.update(identifiers.wholes(folded, word))
    whole.update(date for part in folded for date in identifiers.compact_date(part))
    stops = stop_words.of(language)
    return WordForms(
        stems,
        whole=tuple(sorted(whole.difference(stems))),
        neighbours=tuple(identifiers.pairs(folded)),
        is_stop_word=all(part in stops for part in words),
    )

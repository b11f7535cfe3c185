"""The terms of a query and their weights."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ingest.steps.bm25 import identifiers, stemmers, weights
from ingest.steps.bm25.folding import fold, lower
from ingest.steps.bm25.forms import WordForms, terms_of
from ingest.steps.bm25.hashing import term_id, title_id
from ingest.steps.bm25.joints import Joints
from ingest.steps.bm25.languages import language_of_word, languages_of_query
from ingest.steps.bm25.normalization import normalize_query
from ingest.steps.bm25.words import Words, split
from ingest.steps.vectors import SparseVector

MAX_TERMS = 8_192
"""The longest query has 2,400 terms of prose or of source code, and 40,000 of different ideographs."""


@dataclass(frozen=True)
class QueryTerms:
    """The weighted terms of a query.

    `primary_weight` is the sum of the weights of its words, each in one form: the denominator of a score. `words` maps
    the ids of the vector to the terms.
    """

    vector: SparseVector
    primary_weight: float
    words: Mapping[int, str]


def query_vector(text: str, languages: Sequence[str] = ("en",)) -> SparseVector:
    """Return the weights of a query's terms. Empty if the text has no words."""
    return query_terms(text, languages).vector


def query_terms(text: str, languages: Sequence[str] = ("en",)) -> QueryTerms:
    """Return the terms of a query to texts in `languages`, with the sum of the weights of its words.

    Stop words of all languages are left out, unless the query has no other words ("to be or not to be").
    """
    text = normalize_query(text)
    of_query = languages_of_query(text, languages or ("en",))
    found = _Terms(of_query, keep_stop_words=False)
    found.add_text(text)
    if not found.primary_weight:
        found = _Terms(of_query, keep_stop_words=True)
        found.add_text(text)
    return found.result()


def _heaviest(terms: Mapping[str, float]) -> Iterable[tuple[str, float]]:
    """Return the terms that count: the first ones among equals."""
    if len(terms) <= MAX_TERMS:
        return terms.items()
    return heapq.nlargest(MAX_TERMS, terms.items(), key=lambda item: item[1])


class _Terms:
    """Adds up the weights of the terms of one query.

    The forms of a word that occurs several times are found once: a query of 32 KB may have 30,000 times the same word.
    """

    def __init__(self, of_query: Sequence[str], *, keep_stop_words: bool) -> None:
        self._languages = of_query
        self._keep_stop_words = keep_stop_words
        self._weights: defaultdict[str, float] = defaultdict(float)
        self._former: dict[str, float] = {}
        self.primary_weight = 0.0

    def add_text(self, text: str) -> None:
        words = split(text)
        in_numbers = self._add_joints(words)
        found = Counter(segment for _, segment in words.segments())
        for i, word in enumerate(words.texts):
            if i in in_numbers:
                self._weights[word] += weights.GROUP
            else:
                found[word] += 1
        for word, times in found.items():
            self._add_word(word, times)
        for start, end in words.unspaced:
            self._add_unspaced(text[start:end])

    def result(self) -> QueryTerms:
        texts: dict[int, str] = {}
        values: dict[int, float] = {}
        for term, weight in _heaviest(self._weights):
            texts[term_id(term)], texts[title_id(term)] = term, f"{term} (title)"
            values[term_id(term)], values[title_id(term)] = weight, weight * weights.TITLE
        for term, weight in _heaviest(self._former):
            if term_id(term) not in values:
                texts[term_id(term)], values[term_id(term)] = term, weight
        ids = sorted(values)
        return QueryTerms(SparseVector(ids, [values[i] for i in ids]), self.primary_weight, texts)

    def _add_joints(self, words: Words) -> set[int]:
        """Add identifiers and numbers, and return the numbers of the words that are groups of digits."""
        joints = Joints(words)
        for joined, times in Counter(joints.identifiers().texts).items():
            if len(joined) <= identifiers.MAX_WHOLE_CHARACTERS:
                parts = identifiers.folded_parts(joined)
                self._add_whole(identifiers.wholes(parts, joined), len(parts), identifiers.pairs(parts), times)
        in_numbers: set[int] = set()
        for run, forms in joints.grouped_numbers():
            in_numbers.update(range(run.first, run.last + 1))
            self._add_primary(forms[0])
            self._add_whole(forms[1:], 2)
        for run, form in joints.other_names():
            self._add_whole([form], max(2, run.last + 1 - run.first))
        for run, form in joints.designations(any_case=True):
            if run.last not in in_numbers:
                self._add_whole([form], 2)
        return in_numbers

    def _add_whole(self, forms: Sequence[str], parts: int, neighbours: Sequence[str] = (), times: int = 1) -> None:
        for form in forms:
            self._weights[form] += times * weights.WHOLE * parts
        for pair in neighbours:
            self._weights[pair] += times * weights.NEIGHBOURS

    def _add_unspaced(self, run: str) -> None:
        if len(run) == 1:
            self._add_primary(run)
            return
        for pair in pairwise(run):
            self._add_primary("".join(pair))
        for character in run:
            self._weights[character] += weights.SINGLE

    def _add_word(self, word: str, times: int) -> None:
        of_word = dict.fromkeys(language_of_word(word, language) for language in self._languages)
        of_languages = [terms_of(word, language) for language in of_word]
        scale = times * self._scale(of_languages)
        if not scale:
            return
        if len(of_languages[0].primary) == 1:
            self._add_forms(lower(word), of_languages, scale)
        else:
            self._add_parts(word, of_languages[0], scale, times)

    def _scale(self, of_languages: Sequence[WordForms]) -> float:
        """Return 1 for a word that counts, 0 for a stop word."""
        if not of_languages[0].primary:
            return 0.0
        stops = sum(forms.is_stop_word for forms in of_languages)
        if not stops or self._keep_stop_words:
            return 1.0
        return weights.SOMETIMES_STOP_WORD if stops < len(of_languages) else 0.0

    def _add_forms(self, word: str, of_languages: Sequence[WordForms], scale: float) -> None:
        stems = {forms.primary[0] for forms in of_languages}
        for stem in stems:
            self._weights[stem] += scale * weights.PRIMARY
        self.primary_weight += scale * weights.PRIMARY
        others = {form for forms in of_languages for form in (*forms.exact, *forms.compound)} - stems
        for form in others:
            self._weights[form] += scale * weights.EXACT
        self._former[stemmers.stem(word, "en")] = weights.FORMER

    def _add_parts(self, word: str, forms: WordForms, scale: float, times: int) -> None:
        """Add a word of several parts: with capitals inside it is one word of the query, with underscores several."""
        if "_" in word:
            for part in forms.primary:
                self._add_primary(part, times)
            self._add_whole(forms.whole, len(forms.primary), forms.neighbours, times)
            return
        for part in forms.primary:
            self._weights[part] += scale * weights.PART
        self._add_primary(fold(lower(word)), times)
        for form in (*forms.whole, *forms.neighbours):
            if form != fold(lower(word)):
                self._weights[form] += times * weights.NEIGHBOURS
        self._former[stemmers.stem(lower(word), "en")] = weights.FORMER

    def _add_primary(self, term: str, times: int = 1) -> None:
        self._weights[term] += times * weights.PRIMARY
        self.primary_weight += times * weights.PRIMARY

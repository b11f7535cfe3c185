"""Ranks of expected files and passages among the results of a search."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingest.search.evaluation.golden import Expected, GoldenQuery
from ingest.steps import bm25


@dataclass(frozen=True)
class FoundPassage:
    """A result of a search, as far as golden queries look at it. `pages` are the first and the last page, if known."""

    file_id: str
    filename: str
    text: str
    pages: tuple[int, int] | None = None


def rank_expected(query: GoldenQuery, found: Sequence[FoundPassage]) -> list[int | None]:
    """Return the rank, from 1, at which each expected item of a query is found first; None where it is not found.

    `found` has the best result first. If the query expects whole files, ranks count files: the second passage of a file
    takes no rank. Otherwise they count passages.
    """
    ranking = _first_of_each_file(found) if query.expects_files else list(found)
    texts = [_normalize(passage.text) for passage in ranking]
    return [_rank(expected, ranking, texts) for expected in query.expected]


def matches_file(file: str, file_id: str, filename: str) -> bool:
    """Return whether `file`, from a golden query, is the id or the name of a file."""
    return file in (file_id, filename)


def _rank(expected: Expected, ranking: Sequence[FoundPassage], texts: Sequence[str]) -> int | None:
    wanted = None if expected.text is None else _normalize(expected.text)
    ranked = enumerate(zip(ranking, texts, strict=True), start=1)
    return next((rank for rank, (passage, text) in ranked if _matches(expected, wanted, passage, text)), None)


def _matches(expected: Expected, wanted: str | None, passage: FoundPassage, text: str) -> bool:
    if expected.file is not None and not matches_file(expected.file, passage.file_id, passage.filename):
        return False
    if expected.page is not None and not _has_page(passage, expected.page):
        return False
    return wanted is None or wanted in text


def _has_page(passage: FoundPassage, page: int) -> bool:
    return passage.pages is not None and passage.pages[0] <= page <= passage.pages[1]


def _first_of_each_file(found: Iterable[FoundPassage]) -> list[FoundPassage]:
    first: dict[str, FoundPassage] = {}
    for passage in found:
        first.setdefault(passage.file_id, passage)
    return list(first.values())


def _normalize(text: str) -> str:
    """Return a text without differences in case, white space and Unicode compatibility forms."""
    return " ".join(bm25.normalize(text).casefold().split())

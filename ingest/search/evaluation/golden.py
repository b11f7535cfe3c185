"""Golden queries: queries with the files or passages that a search should find.

A golden file has one JSON object a line (deploy/docs/search-guide.md):

    {"query": "notice period", "expected": ["contract.pdf"]}
    {"query": "who signs", "expected": [{"file": "contract.pdf", "page": 3, "grade": 2}, {"text": "signed by the board"}]}
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from ingest.errors import InvalidRequest
from ingest.limits import MAX_FILTER_VALUE_CHARACTERS, MAX_QUERY_CHARACTERS, is_storable
from ingest.steps import filters as filtering

MAX_EXPECTED = 100
"""Expected files and passages of one query."""

MAX_GRADE = 100.0

_QUERY_KEYS = ("query", "expected", "filters")
_EXPECTED_KEYS = ("file", "page", "text", "grade")


@dataclass(frozen=True)
class Expected:
    """What a query should find: a file, a page of a file, or a passage that contains a text.

    At least one of `file` (the id or the name of a file) and `text` is set. All that is set must apply to one passage.
    """

    file: str | None = None
    page: int | None = None
    text: str | None = None
    grade: float = 1.0
    """How relevant it is: the gain in nDCG."""

    @property
    def is_whole_file(self) -> bool:
        """Whether any passage of the file counts."""
        return self.page is None and self.text is None


@dataclass(frozen=True)
class GoldenQuery:
    """A query, what it should find, and the attribute filter of its search as JSON (None: no filter)."""

    query: str
    expected: tuple[Expected, ...]
    filters: dict[str, Any] | None = None

    @property
    def expects_files(self) -> bool:
        """Whether the query expects whole files only. Ranks then count files and not passages."""
        return all(each.is_whole_file for each in self.expected)

    def to_json(self) -> dict[str, Any]:
        """Return the query as `parse_query` reads it."""
        values: dict[str, Any] = {"query": self.query, "expected": [_expected_to_json(each) for each in self.expected]}
        return values if self.filters is None else values | {"filters": self.filters}


def parse_lines(lines: Iterable[str]) -> list[GoldenQuery]:
    """Parse the lines of a golden file; empty lines are skipped.

    Raises InvalidRequest, with the number of the line, for the first line that is wrong, and for a file without queries.
    """
    queries = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            queries.append(parse_query(_parse_json(line)))
        except InvalidRequest as exc:
            raise InvalidRequest(f"Line {number}: {exc}") from exc
    if not queries:
        raise InvalidRequest("There are no golden queries.")
    return queries


def parse_query(value: Any) -> GoldenQuery:
    """Return a golden query from its JSON object. Raises InvalidRequest, with one sentence about what is wrong."""
    if not isinstance(value, Mapping):
        raise InvalidRequest("A golden query must be a JSON object with 'query' and 'expected'.")
    _refuse_unknown_keys(value, _QUERY_KEYS)
    query, expected, filters = value.get("query"), value.get("expected"), value.get("filters")
    if not _is_text(query) or len(query) > MAX_QUERY_CHARACTERS:
        raise InvalidRequest(f"'query' must be a text of 1 to {MAX_QUERY_CHARACTERS:,} characters without NUL.")
    if not isinstance(expected, list) or not 1 <= len(expected) <= MAX_EXPECTED:
        raise InvalidRequest(f"'expected' must be a list of 1 to {MAX_EXPECTED} files or passages.")
    if filters is not None:
        _check_filters(filters)
    return GoldenQuery(query, tuple(dict.fromkeys(_parse_expected(each) for each in expected)), filters)


def _parse_json(line: str) -> Any:
    try:
        return json.loads(line.removeprefix("\ufeff"))
    except (ValueError, RecursionError) as exc:
        reason = exc.msg if isinstance(exc, json.JSONDecodeError) else "nested too deeply"
        raise InvalidRequest(f"This is not JSON ({reason}).") from exc


def _parse_expected(value: Any) -> Expected:
    if isinstance(value, str):
        value = {"file": value}
    if not isinstance(value, Mapping):
        raise InvalidRequest("Each of 'expected' must be the name or the id of a file, or an object.")
    _refuse_unknown_keys(value, _EXPECTED_KEYS)
    file, page, text, grade = (value.get(key) for key in _EXPECTED_KEYS)
    for name, each in (("file", file), ("text", text)):
        if each is not None and not _is_text(each):
            raise InvalidRequest(f"'{name}' must be a text that is not empty.")
    if file is not None and len(file) > MAX_FILTER_VALUE_CHARACTERS:
        raise InvalidRequest(f"'file' may have at most {MAX_FILTER_VALUE_CHARACTERS:,} characters.")
    if file is None and text is None:
        raise InvalidRequest("Each of 'expected' needs a 'file' or a 'text'.")
    if page is not None and (file is None or not _is_whole_number(page) or page < 1):
        raise InvalidRequest("'page' must be a whole number from 1, and it goes with 'file'.")
    return Expected(file, page, text, 1.0 if grade is None else _parse_grade(grade))


def _parse_grade(grade: Any) -> float:
    is_number = isinstance(grade, (int, float)) and not isinstance(grade, bool)
    if not is_number or not math.isfinite(grade) or not 0 < grade <= MAX_GRADE:
        raise InvalidRequest(f"'grade' must be a number above 0, at most {MAX_GRADE:g}.")
    return float(grade)


def _check_filters(filters: Any) -> None:
    if not isinstance(filters, dict):
        raise InvalidRequest("'filters' must be an object, as in a search.")
    filtering.parse_filter(filters)


def _refuse_unknown_keys(value: Mapping[Any, Any], known: tuple[str, ...]) -> None:
    unknown = [key for key in value if key not in known]
    if unknown:
        raise InvalidRequest(f"Unknown key '{unknown[0]}': known are {', '.join(repr(key) for key in known)}.")


def _is_text(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and bool(value.strip()) and is_storable(value)


def _is_whole_number(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _expected_to_json(expected: Expected) -> dict[str, Any]:
    values = {"file": expected.file, "page": expected.page, "text": expected.text}
    given = {name: value for name, value in values.items() if value is not None}
    return given if expected.grade == 1.0 else given | {"grade": expected.grade}

"""Filters that the index cannot decide: the files are looked up in the database before the search.

The index knows the first bytes of a string (ingest/steps/filters/strings.py), so it selects too much for `contains` and for
long strings. If few of these files match, a search would read the best MAX_DEPTH hits in vain.
"""

from sqlalchemy.orm import Session

from ingest.db.content import filterable_files
from ingest.errors import InvalidRequest
from ingest.runtime.cancellation import checked
from ingest.services import Services
from ingest.steps import filters as filtering
from ingest.steps.filters import Comparison, Filter, strings

MAX_FILES = 10_000
"""Files of a store that one search looks at: about .2 s."""

_PAGE = 2_000


def matching_rows(services: Services, store_id: str, condition: Filter | None) -> list[int] | None:
    """Return the rows of the files that match; None if the index can decide.

    In a store of more than MAX_FILES files, a filter with `contains` raises InvalidRequest. A filter with a long string is
    left to the index and to the check of the hits, which find matching files among the best 3,200 hits of each list.
    """
    if condition is None or not _needs_scan(condition):
        return None
    with services.database.reading() as session:
        rows = _scan(session, store_id, condition)
    if rows is None and _uses_contains(condition):
        raise InvalidRequest(
            f"A search filters with 'contains' only in vector stores of at most {MAX_FILES:,} files. "
            "Use 'starts_with', or an attribute of its own with 'eq' or 'in'.",
            param="filters",
            code="invalid_value",
        )
    return rows


def _scan(session: Session, store_id: str, condition: Filter) -> list[int] | None:
    rows: list[int] = []
    position = scanned = 0
    while page := filterable_files.page_after(session, store_id, position, _PAGE):
        scanned += len(page)
        if scanned > MAX_FILES:
            return None
        rows += [file.row for file in checked(page) if filtering.matches(condition, file.attributes, file.filename)]
        position = page[-1].row
    return rows


def _needs_scan(condition: Filter) -> bool:
    if isinstance(condition, Comparison):
        return not strings.is_exact(condition)
    return any(map(_needs_scan, condition.filters))


def _uses_contains(condition: Filter) -> bool:
    if isinstance(condition, Comparison):
        return condition.operator == "contains"
    return any(map(_uses_contains, condition.filters))

"""The files of a store that a filter selects: delete them, or change their attributes (deploy/docs/api/vector-store-files.md).

One request works for WORK_SECONDS at most, page after page in the order in which files were attached, each page in a
transaction of its own. Its answer says where the next request goes on. A request that is repeated finds nothing left to do.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ingest.caller import Caller
from ingest.db.content import filterable_files
from ingest.db.content import stores as rows
from ingest.db.content.filterable_files import FilterableFile
from ingest.db.models import PointJob, StoreFile
from ingest.db.queue import membership, point_attributes, point_jobs
from ingest.errors import Abandoned, InvalidRequest
from ingest.limits import MAX_ATTRIBUTES
from ingest.services import Services
from ingest.steps import filters as filtering
from ingest.steps.filters import Filter
from ingest.stores.members import ATTRIBUTES_RETRY_SECONDS, write_attributes_to_points
from ingest.stores.vector_stores import require_active_store, store_not_found

WORK_SECONDS = 4.0
"""How long a request works before it answers; clients get an error after 9 s (api/middleware/deadlines.py)."""

NAMED_IDS = 10

_SCAN_PAGE, _DELETE_PAGE, _UPDATE_PAGE = 2_000, 500, 100
"""Files per transaction. An update also sends one request to the index for each file."""


@dataclass
class Selection:
    """What one request found and did.

    `matched` files were selected by the filter, and `changed` of them were deleted or got other attributes: none in a
    dry run. `skipped` files would have too many attributes. `file_ids` and `skipped_file_ids` name the first of them.
    With `has_more`, the next request goes on after `last_id`, the last file that was examined.
    """

    matched: int = 0
    changed: int = 0
    file_ids: list[str] = field(default_factory=list)
    skipped: int = 0
    skipped_file_ids: list[str] = field(default_factory=list)
    has_more: bool = False
    last_id: str | None = None


@dataclass(frozen=True)
class AttributeChanges:
    """Attributes to set, and names of attributes to remove. A name that is in both is set."""

    set: Mapping[str, Any]
    unset: Sequence[str]

    def apply(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in attributes.items() if key not in self.unset} | dict(self.set)


def delete_selected(
    services: Services, caller: Caller, store_id: str, condition: Filter, *, dry_run: bool, after: str | None = None
) -> Selection:
    """Remove the files that match from a store; the uploaded files stay. `after` is the `last_id` of the answer before.

    Raises NotFound, and InvalidRequest for an expired store or an unknown `after`.
    """
    selection = Selection()

    def delete(page: Sequence[FilterableFile]) -> None:
        try:
            with services.database.transaction() as session:
                files = _still_matching(membership.lock_rows(session, [file.row for file in page]), page, condition)
                membership.remove_locked(session, store_id, files)
        except Abandoned as exc:
            raise store_not_found(store_id) from exc
        selection.changed += len(files)

    size = _SCAN_PAGE if dry_run else _DELETE_PAGE
    _for_each_page(services, caller, store_id, condition, after, selection, size, _nothing if dry_run else delete)
    return selection


def update_selected(
    services: Services,
    caller: Caller,
    store_id: str,
    condition: Filter,
    changes: AttributeChanges,
    *,
    dry_run: bool,
    after: str | None = None,
) -> Selection:
    """Change attributes of the files that match; the next search filters by the new ones. Raises as `delete_selected`.

    A file that would have too many attributes stays as it is.
    """
    selection = Selection()

    def update(page: Sequence[FilterableFile]) -> None:
        jobs = _update_page(services, store_id, page, condition, changes)
        selection.changed += len(jobs)
        if jobs:
            write_attributes_to_points(services, jobs)

    def act(page: Sequence[FilterableFile]) -> None:
        too_many = [file.file_id for file in page if len(changes.apply(file.attributes)) > MAX_ATTRIBUTES]
        selection.skipped += len(too_many)
        selection.skipped_file_ids += too_many[: NAMED_IDS - len(selection.skipped_file_ids)]
        if not dry_run:
            update(page)

    size = _SCAN_PAGE if dry_run else _UPDATE_PAGE
    _for_each_page(services, caller, store_id, condition, after, selection, size, act)
    return selection


def _for_each_page(
    services: Services,
    caller: Caller,
    store_id: str,
    condition: Filter,
    after: str | None,
    selection: Selection,
    size: int,
    act: Callable[[Sequence[FilterableFile]], None],
) -> None:
    """Call `act` with the matching files of each page until the store or the time for the request ends."""
    ends_at = time.monotonic() + WORK_SECONDS
    with services.database.reading() as session:
        require_active_store(rows.get(session, caller.project, store_id), store_id)
        position = 0 if after is None else filterable_files.row_of(session, store_id, after)
    if position is None:
        raise InvalidRequest(f"'after' is no file of vector store '{store_id}'.", param="after", code="invalid_value")
    while True:
        with services.database.reading() as session:
            page = filterable_files.page_after(session, store_id, position, size)
        matching = [file for file in page if filtering.matches(condition, file.attributes, file.filename)]
        selection.matched += len(matching)
        selection.file_ids += [file.file_id for file in matching[: NAMED_IDS - len(selection.file_ids)]]
        if matching:
            act(matching)
        if page:
            position, selection.last_id = page[-1].row, page[-1].file_id
        if len(page) < size:
            return
        if time.monotonic() >= ends_at:
            selection.has_more = True
            return


def _update_page(
    services: Services, store_id: str, page: Sequence[FilterableFile], condition: Filter, changes: AttributeChanges
) -> list[PointJob]:
    """Change the attributes of a page of files, and return a job for the points of each file that changed."""
    with services.database.transaction() as session:
        files = _still_matching(membership.lock_rows(session, [file.row for file in page]), page, condition)
        changed = {file.row: changes.apply(file.attributes) for file in files}
        changed = {
            file.row: changed[file.row]
            for file in files
            if len(changed[file.row]) <= MAX_ATTRIBUTES and membership.differ(changed[file.row], file.attributes)
        }
        point_attributes.replace_attributes_of_rows(session, changed)
        if changed:
            rows.touch(session, store_id)
        after = ATTRIBUTES_RETRY_SECONDS
        return point_jobs.enqueue_attributes(session, store_id, list(changed), after_seconds=after)


def _still_matching(locked: Sequence[StoreFile], page: Sequence[FilterableFile], condition: Filter) -> list[StoreFile]:
    """Return the locked files that match with the attributes that they have now."""
    names = {file.row: file.filename for file in page}
    return [file for file in locked if filtering.matches(condition, file.attributes, names[file.row])]


def _nothing(page: Sequence[FilterableFile]) -> None:
    pass

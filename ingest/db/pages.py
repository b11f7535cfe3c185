"""Pagination by row number, that is by insertion order: pages stay stable however many rows share a second."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from sqlalchemy import ColumnElement, Select
from sqlalchemy.orm import Session

from ingest.db import tombstones

Item = TypeVar("Item")
Order = Literal["asc", "desc"]


@dataclass(frozen=True)
class Window:
    """Which page of a list: `limit` items in `order`, after or before the item with an id (exclusive)."""

    limit: int
    order: Order = "desc"
    after: str | None = None
    before: str | None = None


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Items in the order of the request, and whether more follow."""

    items: Sequence[Item]
    has_more: bool


def page(
    session: Session,
    statement: Select[*tuple[Any, ...]],
    key: ColumnElement[int],
    window: Window,
    cursor: Select[int],
    scope: str,
    read: Callable[[Any], Item],
) -> Page[Item]:
    """Return one page of `statement`, ordered by `key`. `read` turns each row into an item.

    `cursor` selects an item's key by its id, the parameter `id`. The key of an item that was removed from the list comes
    from the tombstones of `scope`. An id unknown to both gives an empty page, which ends every client's loop
    (deploy/docs/api-contract.md section 10). `before` gives the preceding page, still in the requested order (section 8).
    """
    is_descending = window.order == "desc"
    for item, is_forward in ((window.after, True), (window.before, False)):
        if item is None:
            continue
        position = session.scalar(cursor, {"id": item})
        if position is None:
            position = tombstones.find(session, scope, item)
        if position is None:
            return Page([], has_more=False)
        statement = statement.where(key < position if is_forward == is_descending else key > position)
    if window.limit == 0:
        return Page([], has_more=False)
    is_backward = window.before is not None and window.after is None
    keys_fall = is_descending != is_backward
    ordered = statement.order_by(key.desc() if keys_fall else key.asc()).limit(window.limit + 1)
    rows = session.execute(ordered).all()
    items = [read(row) for row in rows[: window.limit]]
    return Page(items[::-1] if is_backward else items, has_more=len(rows) > window.limit)

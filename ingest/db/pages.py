"""Lists, page by page: by insertion order, so that a page is stable however many rows share a second."""

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
    """Which page: `limit` items in `order`, those after or before (exclusive) an item's id."""

    limit: int
    order: Order = "desc"
    after: str | None = None
    before: str | None = None


@dataclass(frozen=True)
class Page(Generic[Item]):
    """Items in the asked order, and whether there are more beyond them."""

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
    """One page of `statement`, ordered by `key`, each row turned into an item by `read`.

    `cursor` selects an item's key by its id, given as the parameter `id`; of an item that was removed from the list,
    the tombstones of `scope` still know it. An id unknown to both gives an empty page, which ends every client's loop
    (contract section 10). `before` gives the page that precedes, still in the asked order (section 8).
    """
    descending = window.order == "desc"
    for item, forward in ((window.after, True), (window.before, False)):
        if item is None:
            continue
        at = session.scalar(cursor, {"id": item})
        if at is None:
            at = tombstones.find(session, scope, item)
        if at is None:
            return Page([], has_more=False)
        statement = statement.where(key < at if forward == descending else key > at)
    if window.limit == 0:
        return Page([], has_more=False)
    backwards = window.before is not None and window.after is None
    falling = descending != backwards
    ordered = statement.order_by(key.desc() if falling else key.asc()).limit(window.limit + 1)
    found = session.execute(ordered).all()
    items = [read(row) for row in found[: window.limit]]
    return Page(items[::-1] if backwards else items, has_more=len(found) > window.limit)

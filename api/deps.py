"""What routes are given: the process's tools, and checked parts of the request."""

from typing import Annotated, Any, cast

from fastapi import Depends, Query, Request

from api.schemas.parts import Id, ListPage
from ingest.db.pages import Order, Page, Window
from ingest.status import FileStatus
from ingest.tools import Tools


def _tools(request: Request) -> Tools:
    return cast(Tools, request.app.state.tools)


def _window(
    limit: Annotated[int, Query(ge=0, le=100, description="Items in a page.")] = 20,
    order: Annotated[Order, Query(description="By creation: newest first, or oldest first.")] = "desc",
    after: Annotated[Id | None, Query(description="The id after which the page begins.")] = None,
    before: Annotated[Id | None, Query(description="The id before which the page ends.")] = None,
) -> Window:
    return Window(limit=limit, order=order, after=after, before=before)


def _files_window(
    limit: Annotated[int, Query(ge=0, le=10_000, description="Files in a page.")] = 10_000,
    order: Annotated[Order, Query(description="By creation: newest first, or oldest first.")] = "desc",
    after: Annotated[Id | None, Query(description="The id after which the page begins.")] = None,
) -> Window:
    return Window(limit=limit, order=order, after=after)


def _status(
    filter: Annotated[FileStatus | None, Query(description="Only files with this status.")] = None,  # noqa: A002
) -> FileStatus | None:
    return filter


GivenTools = Annotated[Tools, Depends(_tools)]
GivenWindow = Annotated[Window, Depends(_window)]
GivenFilesWindow = Annotated[Window, Depends(_files_window)]
GivenStatus = Annotated[FileStatus | None, Depends(_status)]


def list_page(page: Page[Any], data: list[Any]) -> ListPage[Any]:
    """A page as it goes out."""
    return ListPage[Any](
        data=data, first_id=data[0].id if data else None, last_id=data[-1].id if data else None, has_more=page.has_more
    )

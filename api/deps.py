"""Dependencies of routes: services, caller, validated page windows and filters; helpers for files and list pages."""

from collections.abc import Iterator
from typing import Annotated, Any, BinaryIO, cast

from fastapi import Depends, Query, Request

from api.schemas.parts import Id, ListPage
from ingest.blobs import BLOCK_BYTES
from ingest.caller import Caller
from ingest.db.pages import Order, Page, Window
from ingest.services import Services
from ingest.status import FileStatus

# FastAPI calls plain functions in a worker thread. These never block, so they are coroutines.


async def _services(request: Request) -> Services:
    return cast(Services, request.app.state.services)


async def _page_window(
    limit: Annotated[int, Query(ge=0, le=100, description="Items in a page.")] = 20,
    order: Annotated[Order, Query(description="By creation: newest first, or oldest first.")] = "desc",
    after: Annotated[Id | None, Query(description="The id after which the page begins.")] = None,
    before: Annotated[Id | None, Query(description="The id before which the page ends.")] = None,
) -> Window:
    return Window(limit=limit, order=order, after=after, before=before)


async def _files_page_window(
    limit: Annotated[int, Query(ge=0, le=10_000, description="Files in a page.")] = 10_000,
    order: Annotated[Order, Query(description="By creation: newest first, or oldest first.")] = "desc",
    after: Annotated[Id | None, Query(description="The id after which the page begins.")] = None,
) -> Window:
    return Window(limit=limit, order=order, after=after)


async def _status_filter(
    filter: Annotated[FileStatus | None, Query(description="Only files with this status.")] = None,  # noqa: A002 - the name is the query parameter
) -> FileStatus | None:
    return filter


async def _warnings_filter(
    warnings: Annotated[
        bool | None, Query(description="An extension: only files with warnings, or only those without.")
    ] = None,
) -> bool | None:
    return warnings


async def _caller(request: Request) -> Caller:
    return cast(Caller, request.scope["caller"])  # set by AdmissionMiddleware


ServicesDep = Annotated[Services, Depends(_services)]
CallerDep = Annotated[Caller, Depends(_caller)]
WindowDep = Annotated[Window, Depends(_page_window)]
FilesWindowDep = Annotated[Window, Depends(_files_page_window)]
StatusFilterDep = Annotated[FileStatus | None, Depends(_status_filter)]
WarningsFilterDep = Annotated[bool | None, Depends(_warnings_filter)]


def read_blocks(file: BinaryIO) -> Iterator[bytes]:
    """Yield the bytes of an uploaded file in blocks of BLOCK_BYTES."""
    while block := file.read(BLOCK_BYTES):
        yield block


def to_list_page(page: Page[Any], data: list[Any]) -> ListPage[Any]:
    """Build the response of a page: `data` are the rendered items of `page`."""
    return ListPage[Any](
        data=data, first_id=data[0].id if data else None, last_id=data[-1].id if data else None, has_more=page.has_more
    )

"""What routes are given: the process's tools, and checked parts of the request."""

from collections.abc import Callable, Coroutine, Iterator
from typing import Annotated, Any, BinaryIO, cast

from fastapi import Depends, Query, Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Message

from api.schemas.parts import Id, ListPage
from ingest.blobs import BLOCK
from ingest.caller import Caller
from ingest.db.pages import Order, Page, Window
from ingest.errors import DependencyDown, TooLarge
from ingest.services import Services
from ingest.status import FileStatus

# None of these waits for anything; they are coroutines because FastAPI calls plain functions in another thread.


async def _tools(request: Request) -> Services:
    return cast(Services, request.app.state.services)


async def _window(
    limit: Annotated[int, Query(ge=0, le=100, description="Items in a page.")] = 20,
    order: Annotated[Order, Query(description="By creation: newest first, or oldest first.")] = "desc",
    after: Annotated[Id | None, Query(description="The id after which the page begins.")] = None,
    before: Annotated[Id | None, Query(description="The id before which the page ends.")] = None,
) -> Window:
    return Window(limit=limit, order=order, after=after, before=before)


async def _files_window(
    limit: Annotated[int, Query(ge=0, le=10_000, description="Files in a page.")] = 10_000,
    order: Annotated[Order, Query(description="By creation: newest first, or oldest first.")] = "desc",
    after: Annotated[Id | None, Query(description="The id after which the page begins.")] = None,
) -> Window:
    return Window(limit=limit, order=order, after=after)


async def _status(
    filter: Annotated[FileStatus | None, Query(description="Only files with this status.")] = None,  # noqa: A002
) -> FileStatus | None:
    return filter


async def _caller(request: Request) -> Caller:
    return cast(Caller, request.scope["caller"])  # put there by api/admission.py


GivenTools = Annotated[Services, Depends(_tools)]
GivenCaller = Annotated[Caller, Depends(_caller)]
GivenWindow = Annotated[Window, Depends(_window)]
GivenFilesWindow = Annotated[Window, Depends(_files_window)]
GivenStatus = Annotated[FileStatus | None, Depends(_status)]


FRAMING_BYTES = 2**16
"""What a form may add to the file in it: boundaries, names and the other fields."""


def bounded(most: Callable[[Services], int], param: str) -> type[APIRoute]:
    """Routes that answer 413 to a body longer than `most` and the form around it.

    One that says how long it is is refused before any of it is read; one that does not, as soon as it is too long. The
    server reads what still comes and throws it away, so the connection can be used again.
    """

    class Bounded(APIRoute):
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def counted(request: Request) -> Response:
                limit = most(await _tools(request))
                refusal = TooLarge(f"File is too large: at most {limit:,} bytes are accepted.", param=param)
                announced = request.headers.get("content-length", "")
                if announced.isdecimal() and int(announced[:20]) > limit + FRAMING_BYTES:
                    raise refusal
                seen = 0

                async def receive() -> Message:
                    nonlocal seen
                    message = await request.receive()
                    seen += len(message.get("body", b""))
                    if seen > limit + FRAMING_BYTES:
                        raise refusal
                    return message

                try:
                    return await handle(Request(request.scope, receive))
                except HTTPException as exc:  # FastAPI makes this of whatever goes wrong while it reads a body
                    if isinstance(exc.__cause__, OSError):
                        raise DependencyDown("blobs", f"no room for the body: {exc.__cause__}") from exc
                    raise (refusal if exc.__cause__ is refusal else exc) from None

            return counted

    return Bounded


def blocks(file: BinaryIO) -> Iterator[bytes]:
    """An uploaded file's bytes, piece by piece."""
    while block := file.read(BLOCK):
        yield block


def list_page(page: Page[Any], data: list[Any]) -> ListPage[Any]:
    """A page as it goes out."""
    return ListPage[Any](
        data=data, first_id=data[0].id if data else None, last_id=data[-1].id if data else None, has_more=page.has_more
    )

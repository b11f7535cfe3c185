"""/v1/files: uploaded files and their bytes.

Calls `create`, `list_page`, `retrieve`, `delete` and `read_content` of ingest/stores/files.py.
"""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, File, Form, Query, Request, UploadFile
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse

from api import deps
from api.concurrency.downloads import stream_in_turn
from api.file_limit import file_limit_route
from api.openapi import errors
from api.schemas import files as wire
from api.schemas.parts import Deleted, Id, ListPage
from ingest.errors import InvalidRequest
from ingest.services import Services
from ingest.stores import files


def _max_bytes(services: Services) -> int:
    return services.settings.max_file_bytes


router = APIRouter(prefix="/v1/files", tags=["Files"], route_class=file_limit_route(_max_bytes, "file"))


@router.post("", responses=errors.TOO_LARGE)
async def create(
    services: deps.ServicesDep,
    caller: deps.CallerDep,
    file: Annotated[UploadFile, File(description="The file, with its name.")],
    purpose: Annotated[wire.Purpose, Form()],
    anchor: Annotated[str | None, Form(alias="expires_after[anchor]")] = None,
    seconds: Annotated[int | None, Form(alias="expires_after[seconds]", ge=3600, le=2_592_000)] = None,
) -> wire.File:
    """Upload a file. It can be attached to any number of vector stores."""
    if (anchor is None) != (seconds is None) or anchor not in (None, "created_at"):
        raise InvalidRequest(
            "Invalid 'expires_after': both anchor ('created_at') and seconds are needed.",
            param="expires_after",
            code="invalid_value",
        )
    created = await run_in_threadpool(
        files.create,
        services,
        caller,
        filename=file.filename or "upload",
        purpose=purpose,
        blocks=deps.read_blocks(file.file),
        expires_after=seconds,
    )
    return wire.File.from_row(created)


@router.get("")
def list_files(
    services: deps.ServicesDep,
    caller: deps.CallerDep,
    window: deps.FilesWindowDep,
    purpose: Annotated[Id | None, Query(description="Only files with this purpose.")] = None,
) -> ListPage[wire.File]:
    """List the uploaded files."""
    page = files.list_page(services, caller, window, purpose=purpose)
    return deps.to_list_page(page, [wire.File.from_row(row) for row in page.items])


@router.get("/{file_id}", responses=errors.NOT_FOUND)
def retrieve(services: deps.ServicesDep, caller: deps.CallerDep, file_id: Id) -> wire.File:
    """Retrieve a file."""
    return wire.File.from_row(files.retrieve(services, caller, file_id))


@router.delete("/{file_id}", responses=errors.NOT_FOUND)
def delete(services: deps.ServicesDep, caller: deps.CallerDep, file_id: Id) -> Deleted:
    """Delete a file, and remove it from all vector stores."""
    files.delete(services, caller, file_id)
    return Deleted(id=file_id, object="file")


@router.get(
    "/{file_id}/content",
    response_class=StreamingResponse,
    responses=errors.NOT_FOUND
    | {200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}},
)
def content(request: Request, services: deps.ServicesDep, caller: deps.CallerDep, file_id: Id) -> StreamingResponse:
    """Download the bytes of a file as they were uploaded."""
    file, blocks = files.read_content(services, caller, file_id)
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.filename, safe='')}",
        "Content-Length": str(file.bytes),
    }
    streamed = stream_in_turn(blocks, request.app.state.limits.downloads, caller.project)
    return StreamingResponse(streamed, media_type="application/octet-stream", headers=headers)

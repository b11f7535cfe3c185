"""/v1/uploads: files that arrive in parts.

Calls `create`, `add_part`, `complete` and `cancel` of ingest/stores/uploads.py.
"""

from typing import Annotated

from fastapi import APIRouter, File, UploadFile

from api import deps
from api.file_limit import file_limit_route
from api.openapi import errors
from api.schemas import uploads as wire
from api.schemas.parts import Id
from ingest.services import Services
from ingest.stores import uploads


def _max_bytes(_: Services) -> int:
    return uploads.MAX_PART_BYTES


router = APIRouter(prefix="/v1/uploads", tags=["Uploads"], route_class=file_limit_route(_max_bytes, "data"))


@router.post("")
def create(services: deps.ServicesDep, caller: deps.CallerDep, body: wire.CreateUpload) -> wire.Upload:
    """Create an upload. Its parts must arrive within an hour."""
    expires_after = body.expires_after.seconds if body.expires_after else None
    upload = uploads.create(
        services,
        caller,
        filename=body.filename,
        size=body.bytes,
        mime_type=body.mime_type,
        purpose=body.purpose,
        file_expires_after=expires_after,
    )
    return wire.Upload.from_view(upload)


@router.post("/{upload_id}/parts", responses=errors.NOT_FOUND | errors.TOO_LARGE)
def create_part(
    services: deps.ServicesDep,
    caller: deps.CallerDep,
    upload_id: Id,
    data: Annotated[UploadFile, File(description="A part of the file, at most 64 MB.")],
) -> wire.UploadPart:
    """Send a part of the file. Parts may be sent in parallel and in any order."""
    return wire.UploadPart.from_row(uploads.add_part(services, caller, upload_id, deps.read_blocks(data.file)))


@router.post("/{upload_id}/complete", responses=errors.NOT_FOUND)
def complete(
    services: deps.ServicesDep, caller: deps.CallerDep, upload_id: Id, body: wire.CompleteUpload
) -> wire.Upload:
    """Create a file from the parts in the given order."""
    return wire.Upload.from_view(uploads.complete(services, caller, upload_id, body.part_ids, body.md5))


@router.post("/{upload_id}/cancel", responses=errors.NOT_FOUND)
def cancel(services: deps.ServicesDep, caller: deps.CallerDep, upload_id: Id) -> wire.Upload:
    """Cancel an upload and drop its parts."""
    return wire.Upload.from_view(uploads.cancel(services, caller, upload_id))

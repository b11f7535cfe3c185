"""/v1/uploads"""

from typing import Annotated

from fastapi import APIRouter, File, UploadFile

from api import deps, errors
from api.schemas import uploads as wire
from api.schemas.parts import Id
from ingest.services import Services
from ingest.stores import uploads


def _most(_: Services) -> int:
    return uploads.MAX_PART_BYTES


router = APIRouter(prefix="/v1/uploads", tags=["Uploads"], route_class=deps.bounded(_most, "data"))


@router.post("")
def create(services: deps.GivenTools, caller: deps.GivenCaller, body: wire.CreateUpload) -> wire.Upload:
    """Announce a file that will be sent in parts within an hour."""
    expires_after = body.expires_after.seconds if body.expires_after else None
    created = uploads.create(
        services,
        caller,
        filename=body.filename,
        size=body.bytes,
        mime_type=body.mime_type,
        purpose=body.purpose,
        file_expires_after=expires_after,
    )
    return wire.Upload.of(created)


@router.post("/{upload_id}/parts", responses=errors.MISSING | errors.TOO_LARGE)
def create_part(
    services: deps.GivenTools,
    caller: deps.GivenCaller,
    upload_id: Id,
    data: Annotated[UploadFile, File(description="A piece of the file, at most 64 MB.")],
) -> wire.UploadPart:
    """Send a piece of the file. Pieces may be sent in parallel and in any order."""
    return wire.UploadPart.of(uploads.add_part(services, caller, upload_id, deps.blocks(data.file)))


@router.post("/{upload_id}/complete", responses=errors.MISSING)
def complete(
    services: deps.GivenTools, caller: deps.GivenCaller, upload_id: Id, body: wire.CompleteUpload
) -> wire.Upload:
    """Make a file of the pieces, in the order given."""
    return wire.Upload.of(uploads.complete(services, caller, upload_id, body.part_ids, body.md5))


@router.post("/{upload_id}/cancel", responses=errors.MISSING)
def cancel(services: deps.GivenTools, caller: deps.GivenCaller, upload_id: Id) -> wire.Upload:
    """Give the file up and forget its pieces."""
    return wire.Upload.of(uploads.cancel(services, caller, upload_id))

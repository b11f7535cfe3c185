"""/v1/vector_stores/{id}/file_batches"""

from fastapi import APIRouter, Response

from api import deps, errors
from api.routes.store_files import member
from api.schemas import file_batches as wire
from api.schemas.parts import Id, ListPage, chunking
from api.schemas.store_files import VectorStoreFile
from ingest.db.queue.membership import Member
from ingest.errors import InvalidRequest
from ingest.stores import batches

router = APIRouter(
    prefix="/v1/vector_stores/{vector_store_id}/file_batches",
    tags=["Vector store file batches"],
    responses=errors.MISSING,
)

SOONEST_POLL_MS = 200
LATEST_POLL_MS = 1_000


@router.post("")
def create(
    services: deps.GivenTools,
    caller: deps.GivenCaller,
    vector_store_id: Id,
    body: wire.CreateFileBatch,
    response: Response,
) -> wire.VectorStoreFileBatch:
    """Attach many files at once."""
    members = _members(body)
    if len(members) > (most := services.settings.max_batch_files):
        param = "files" if body.files is not None else "file_ids"
        raise InvalidRequest(
            f"Invalid '{param}': array too long. Expected an array with maximum length {most}, "
            f"but got an array with length {len(members)} instead.",
            param=param,
            code="array_above_max_length",
        )
    return hinted(wire.VectorStoreFileBatch.of(batches.create(services, caller, vector_store_id, members)), response)


@router.get("/{batch_id}")
def retrieve(
    services: deps.GivenTools, caller: deps.GivenCaller, vector_store_id: Id, batch_id: Id, response: Response
) -> wire.VectorStoreFileBatch:
    """A batch and its counts."""
    return hinted(wire.VectorStoreFileBatch.of(batches.retrieve(services, caller, vector_store_id, batch_id)), response)


@router.post("/{batch_id}/cancel")
def cancel(
    services: deps.GivenTools, caller: deps.GivenCaller, vector_store_id: Id, batch_id: Id
) -> wire.VectorStoreFileBatch:
    """Cancel what of a batch is not finished; at once, and for good."""
    return wire.VectorStoreFileBatch.of(batches.cancel(services, caller, vector_store_id, batch_id))


@router.get("/{batch_id}/files")
def list_batch_files(
    services: deps.GivenTools,
    caller: deps.GivenCaller,
    vector_store_id: Id,
    batch_id: Id,
    window: deps.GivenWindow,
    status: deps.GivenStatus,
) -> ListPage[VectorStoreFile]:
    """List a batch's files."""
    page = batches.list_page(services, caller, vector_store_id, batch_id, window, status=status)
    return deps.list_page(page, [VectorStoreFile.of(row) for row in page.items])


def _members(body: wire.CreateFileBatch) -> list[Member]:
    if body.files is not None:  # each has its own; those of the whole batch do not count then
        return [member(file) for file in body.files]
    sizes = chunking(body.chunking_strategy)
    return [Member(file_id, body.attributes, sizes.max_tokens, sizes.overlap_tokens) for file_id in body.file_ids or []]


def hinted(batch: wire.VectorStoreFileBatch, response: Response) -> wire.VectorStoreFileBatch:
    """The batch, and for clients that poll how long to wait."""
    if batch.status == "in_progress":
        wait = min(LATEST_POLL_MS, max(SOONEST_POLL_MS, 2 * batch.file_counts.total))
        response.headers["openai-poll-after-ms"] = str(wait)
    return batch

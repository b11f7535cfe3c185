"""/v1/vector_stores/{id}/file_batches: batches and their files.

Calls `create`, `list_of_store`, `retrieve`, `cancel` and `list_page` of ingest/stores/batches.py.
"""

from collections.abc import Mapping
from typing import ClassVar

from fastapi import APIRouter, Response
from pydantic import TypeAdapter

from api import deps
from api.json_bodies.parsing import Validator
from api.json_bodies.route import JsonRoute
from api.openapi import errors
from api.routes.store_files import to_member
from api.schemas import file_batches as wire
from api.schemas.parts import Id, ListPage, to_chunk_sizes
from api.schemas.store_files import VectorStoreFile
from ingest.db.models import FileBatch
from ingest.db.queue.membership import Member
from ingest.errors import InvalidRequest
from ingest.services import Services
from ingest.stores import batches


class BatchRoute(JsonRoute):
    """Parses and validates the files of a batch in pieces."""

    array_validators: ClassVar[Mapping[str, Validator]] = {
        "file_ids": TypeAdapter(wire.FileIds),
        "files": TypeAdapter(wire.Files),
    }

    def max_items(self, services: Services) -> int:
        return services.settings.max_batch_files


router = APIRouter(
    prefix="/v1/vector_stores/{vector_store_id}/file_batches",
    tags=["Vector store file batches"],
    responses=errors.NOT_FOUND,
    route_class=BatchRoute,
)

MIN_POLL_AFTER_MS = 200
MAX_POLL_AFTER_MS = 1_000


@router.post("")
def create(
    services: deps.ServicesDep,
    caller: deps.CallerDep,
    vector_store_id: Id,
    body: wire.CreateFileBatch,
    response: Response,
) -> wire.VectorStoreFileBatch:
    """Attach many files at once."""
    members = _members(body)
    max_files = services.settings.max_batch_files
    if len(members) > max_files:
        param = "files" if body.files is not None else "file_ids"
        raise InvalidRequest(
            f"Invalid '{param}': array too long. Expected an array with maximum length {max_files}, "
            f"but got an array with length {len(members)} instead.",
            param=param,
            code="array_above_max_length",
        )
    return set_poll_hint(to_answer(services, batches.create(services, caller, vector_store_id, members)), response)


@router.get("")
def list_batches(
    services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id, window: deps.WindowDep
) -> ListPage[wire.VectorStoreFileBatch]:
    """List the batches of a vector store. An extension."""
    page = batches.list_of_store(services, caller, vector_store_id, window)
    return deps.to_list_page(page, [to_answer(services, row) for row in page.items])


@router.get("/{batch_id}")
def retrieve(
    services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id, batch_id: Id, response: Response
) -> wire.VectorStoreFileBatch:
    """Retrieve a batch with its file counts."""
    return set_poll_hint(to_answer(services, batches.retrieve(services, caller, vector_store_id, batch_id)), response)


@router.post("/{batch_id}/cancel")
def cancel(
    services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id, batch_id: Id
) -> wire.VectorStoreFileBatch:
    """Cancel the unfinished files of a batch. Finished files keep their results."""
    return to_answer(services, batches.cancel(services, caller, vector_store_id, batch_id))


@router.get("/{batch_id}/files")
def list_batch_files(
    services: deps.ServicesDep,
    caller: deps.CallerDep,
    vector_store_id: Id,
    batch_id: Id,
    window: deps.WindowDep,
    status: deps.StatusFilterDep,
    has_warnings: deps.WarningsFilterDep,
) -> ListPage[VectorStoreFile]:
    """List a batch's files."""
    page = batches.list_page(
        services, caller, vector_store_id, batch_id, window, status=status, has_warnings=has_warnings
    )
    return deps.to_list_page(page, [VectorStoreFile.from_view(row, services.waits.of_file(row)) for row in page.items])


def _members(body: wire.CreateFileBatch) -> list[Member]:
    if body.files is not None:  # the attributes and the chunking of the batch do not apply then
        return [to_member(file) for file in body.files]
    sizes = to_chunk_sizes(body.chunking_strategy)
    return [Member(file_id, body.attributes, sizes.max_tokens, sizes.overlap_tokens) for file_id in body.file_ids or []]


def to_answer(services: Services, batch: FileBatch) -> wire.VectorStoreFileBatch:
    """Return the answer for a batch, with what it waits for."""
    return wire.VectorStoreFileBatch.from_row(batch, services.waits.of_batch(batch))


def set_poll_hint(batch: wire.VectorStoreFileBatch, response: Response) -> wire.VectorStoreFileBatch:
    """Return the batch and set the poll hint: 2 ms per file, from 200 to 1,000 ms."""
    if batch.status == "in_progress":
        wait_ms = min(MAX_POLL_AFTER_MS, max(MIN_POLL_AFTER_MS, 2 * batch.file_counts.total))
        response.headers["openai-poll-after-ms"] = str(wait_ms)
    return batch

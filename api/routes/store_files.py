"""/v1/vector_stores/{id}/files: the files of a vector store. GET .../files/{file_id} shows the outcome of a file's job.

Calls `attach`, `list_page`, `retrieve`, `update_attributes`, `delete` and `read_parsed_text` of ingest/stores/members.py. A job
(ingest/jobs/run.py) writes its outcome to the row of the file, and ingest/status.py derives the status from the row.
"""

from fastapi import APIRouter, Request, Response
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from api import deps
from api.json_bodies.route import JsonRoute
from api.openapi import errors
from api.schemas import store_files as wire
from api.schemas.parts import Deleted, Id, ListPage, to_chunk_sizes
from ingest.db.queue.membership import Member
from ingest.stores import members

router = APIRouter(
    prefix="/v1/vector_stores/{vector_store_id}/files",
    tags=["Vector store files"],
    responses=errors.NOT_FOUND,
    route_class=JsonRoute,
)

POLL_AFTER_MS = "100"
"""Wait for polling clients. The Python client uses the first value for the whole poll (deploy/docs/api-contract.md section 0.2)."""

FIRST_FIXED_NODE_MAJOR = 7
"""First major version of openai-node whose late releases stop at a cancelled file (deploy/docs/api-contract.md section 0.9)."""


@router.post("")
def create(
    services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id, body: wire.AttachFile, response: Response
) -> wire.VectorStoreFile:
    """Attach a file to a vector store. The service ingests it in the background."""
    file = members.attach(services, caller, vector_store_id, to_member(body))
    return _set_poll_hint(wire.VectorStoreFile.from_view(file, services.waits.of_file(file)), response)


@router.get("")
def list_store_files(
    services: deps.ServicesDep,
    caller: deps.CallerDep,
    vector_store_id: Id,
    window: deps.WindowDep,
    status: deps.StatusFilterDep,
    has_warnings: deps.WarningsFilterDep,
) -> ListPage[wire.VectorStoreFile]:
    """List a vector store's files."""
    page = members.list_page(services, caller, vector_store_id, window, status=status, has_warnings=has_warnings)
    return deps.to_list_page(
        page, [wire.VectorStoreFile.from_view(row, services.waits.of_file(row)) for row in page.items]
    )


@router.get("/{file_id}", responses=errors.CANCELLED_FILE_POLL)
def retrieve(
    services: deps.ServicesDep,
    caller: deps.CallerDep,
    vector_store_id: Id,
    file_id: Id,
    request: Request,
    response: Response,
) -> wire.VectorStoreFile:
    """Retrieve a file of a vector store with its status."""
    view = members.retrieve(services, caller, vector_store_id, file_id)
    file = wire.VectorStoreFile.from_view(view, services.waits.of_file(view, counts_queue=True))
    if file.status == "cancelled" and _is_endless_poll(request.headers):
        raise HTTPException(429, f"File '{file_id}' was cancelled.", headers={"x-should-retry": "false"})
    return _set_poll_hint(file, response)


@router.post("/{file_id}")
def update(
    services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id, file_id: Id, body: wire.UpdateAttributes
) -> wire.VectorStoreFile:
    """Replace the attributes of a file. The next search filters by the new ones."""
    file = members.update_attributes(services, caller, vector_store_id, file_id, body.attributes or {})
    return wire.VectorStoreFile.from_view(file, services.waits.of_file(file))


@router.delete("/{file_id}")
def delete(services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id, file_id: Id) -> Deleted:
    """Remove a file from a vector store. The uploaded file stays."""
    members.delete(services, caller, vector_store_id, file_id)
    return Deleted(id=file_id, object="vector_store.file.deleted")


@router.get("/{file_id}/content")
def content(services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id, file_id: Id) -> wire.ContentPage:
    """Retrieve the text that the parser extracted from a file, with its pages, sheets and headings."""
    parsed = members.read_parsed_text(services, caller, vector_store_id, file_id)
    return wire.ContentPage(data=[wire.Passage(text=parsed.text)], structure=wire.Structure.from_parsed(parsed))


def to_member(body: wire.AttachFile) -> Member:
    """Convert a request to attach a file to a member of the store."""
    sizes = to_chunk_sizes(body.chunking_strategy)
    return Member(body.file_id, body.attributes, sizes.max_tokens, sizes.overlap_tokens)


def _is_endless_poll(headers: Headers) -> bool:
    """Return whether the poll helper of an openai-node before 7 sent the request.

    It repeats the request without delay for ever if the file is cancelled, unless the response is an error
    (deploy/docs/api-contract.md section 0.9).
    """
    major = headers.get("x-stainless-package-version", "").partition(".")[0]
    is_poll_helper = headers.get("x-stainless-poll-helper") == "true" and headers.get("x-stainless-lang") == "js"
    return is_poll_helper and major.isdecimal() and int(major[:9]) < FIRST_FIXED_NODE_MAJOR


def _set_poll_hint(file: wire.VectorStoreFile, response: Response) -> wire.VectorStoreFile:
    if file.status == "in_progress":
        response.headers["openai-poll-after-ms"] = POLL_AFTER_MS
    return file

"""/v1/vector_stores/{id}/files"""

from fastapi import APIRouter, Request, Response
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException

from api import deps, errors
from api.schemas import store_files as wire
from api.schemas.parts import Deleted, Id, ListPage, chunking
from ingest.db.queue.membership import Member
from ingest.stores import members

router = APIRouter(
    prefix="/v1/vector_stores/{vector_store_id}/files", tags=["Vector store files"], responses=errors.MISSING
)

POLL_AFTER_MS = "100"
"""Hint to polling clients; Python keeps the first one for the whole poll (contract section 0.2)."""

MENDED_NODE = 7
"""Late releases of openai-node 7 poll a cancelled file no more; earlier ones of it cannot be told from them."""


@router.post("")
def create(
    services: deps.GivenTools, caller: deps.GivenCaller, vector_store_id: Id, body: wire.AttachFile, response: Response
) -> wire.VectorStoreFile:
    """Attach a file to a vector store; it is ingested in the background."""
    file = members.attach(services, caller, vector_store_id, member(body))
    return _hinted(wire.VectorStoreFile.of(file), response)


@router.get("")
def list_store_files(
    services: deps.GivenTools,
    caller: deps.GivenCaller,
    vector_store_id: Id,
    window: deps.GivenWindow,
    status: deps.GivenStatus,
) -> ListPage[wire.VectorStoreFile]:
    """List a vector store's files."""
    page = members.list_page(services, caller, vector_store_id, window, status=status)
    return deps.list_page(page, [wire.VectorStoreFile.of(row) for row in page.items])


@router.get("/{file_id}", responses=errors.NEVER_ENDING)
def retrieve(
    services: deps.GivenTools,
    caller: deps.GivenCaller,
    vector_store_id: Id,
    file_id: Id,
    request: Request,
    response: Response,
) -> wire.VectorStoreFile:
    """One file of a vector store, and how far it is."""
    file = wire.VectorStoreFile.of(members.retrieve(services, caller, vector_store_id, file_id))
    if file.status == "cancelled" and _polls_for_ever(request.headers):
        raise HTTPException(429, f"File '{file_id}' was cancelled.", headers={"x-should-retry": "false"})
    return _hinted(file, response)


@router.post("/{file_id}")
def update(
    services: deps.GivenTools, caller: deps.GivenCaller, vector_store_id: Id, file_id: Id, body: wire.UpdateAttributes
) -> wire.VectorStoreFile:
    """Replace a file's attributes; the next search filters by them."""
    changed = members.update_attributes(services, caller, vector_store_id, file_id, body.attributes or {})
    return wire.VectorStoreFile.of(changed)


@router.delete("/{file_id}")
def delete(services: deps.GivenTools, caller: deps.GivenCaller, vector_store_id: Id, file_id: Id) -> Deleted:
    """Take a file out of a vector store; the file itself stays."""
    members.delete(services, caller, vector_store_id, file_id)
    return Deleted(id=file_id, object="vector_store.file.deleted")


@router.get("/{file_id}/content")
def content(services: deps.GivenTools, caller: deps.GivenCaller, vector_store_id: Id, file_id: Id) -> wire.ContentPage:
    """The text that was read from a file."""
    return wire.ContentPage(data=[wire.Passage(text=members.read_text(services, caller, vector_store_id, file_id))])


def member(body: wire.AttachFile) -> Member:
    """What a request to attach asks for."""
    sizes = chunking(body.chunking_strategy)
    return Member(body.file_id, body.attributes, sizes.max_tokens, sizes.overlap_tokens)


def _polls_for_ever(headers: Headers) -> bool:
    """Whether this is the poll helper of openai-node before 7: told that a file is cancelled, it asks again at once and
    never ends, unless it is refused (contract section 0.9)."""
    major = headers.get("x-stainless-package-version", "").partition(".")[0]
    helps = headers.get("x-stainless-poll-helper") == "true" and headers.get("x-stainless-lang") == "js"
    return helps and major.isdecimal() and int(major[:9]) < MENDED_NODE


def _hinted(file: wire.VectorStoreFile, response: Response) -> wire.VectorStoreFile:
    if file.status == "in_progress":
        response.headers["openai-poll-after-ms"] = POLL_AFTER_MS
    return file

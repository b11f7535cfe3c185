"""/v1/vector_stores/{id}/files"""

from fastapi import APIRouter, Response

from api import deps, errors
from api.schemas import store_files as wire
from api.schemas.parts import Deleted, Id, ListPage, chunking
from ingest import store_files
from ingest.db.attachments import Member

router = APIRouter(
    prefix="/v1/vector_stores/{vector_store_id}/files", tags=["Vector store files"], responses=errors.MISSING
)

POLL_AFTER_MS = "100"
"""Hint to polling clients; Python keeps the first one for the whole poll (contract section 0.2)."""


@router.post("")
def create(
    tools: deps.GivenTools, vector_store_id: Id, body: wire.AttachFile, response: Response
) -> wire.VectorStoreFile:
    """Attach a file to a vector store; it is ingested in the background."""
    file = store_files.attach(tools, vector_store_id, member(body))
    return _hinted(wire.VectorStoreFile.of(file), response)


@router.get("")
def list_store_files(
    tools: deps.GivenTools, vector_store_id: Id, window: deps.GivenWindow, status: deps.GivenStatus
) -> ListPage[wire.VectorStoreFile]:
    """List a vector store's files."""
    page = store_files.listed(tools, vector_store_id, window, status=status)
    return deps.list_page(page, [wire.VectorStoreFile.of(row) for row in page.items])


@router.get("/{file_id}")
def retrieve(tools: deps.GivenTools, vector_store_id: Id, file_id: Id, response: Response) -> wire.VectorStoreFile:
    """One file of a vector store, and how far it is."""
    return _hinted(wire.VectorStoreFile.of(store_files.retrieve(tools, vector_store_id, file_id)), response)


@router.post("/{file_id}")
def update(
    tools: deps.GivenTools, vector_store_id: Id, file_id: Id, body: wire.UpdateAttributes
) -> wire.VectorStoreFile:
    """Replace a file's attributes; the next search filters by them."""
    changed = store_files.update_attributes(tools, vector_store_id, file_id, body.attributes or {})
    return wire.VectorStoreFile.of(changed)


@router.delete("/{file_id}")
def delete(tools: deps.GivenTools, vector_store_id: Id, file_id: Id) -> Deleted:
    """Take a file out of a vector store; the file itself stays."""
    store_files.delete(tools, vector_store_id, file_id)
    return Deleted(id=file_id, object="vector_store.file.deleted")


@router.get("/{file_id}/content")
def content(tools: deps.GivenTools, vector_store_id: Id, file_id: Id) -> wire.ContentPage:
    """The text that was read from a file."""
    return wire.ContentPage(data=[wire.Passage(text=store_files.content(tools, vector_store_id, file_id))])


def member(body: wire.AttachFile) -> Member:
    """What a request to attach asks for."""
    sizes = chunking(body.chunking_strategy)
    return Member(body.file_id, body.attributes, sizes.tokens, sizes.overlap)


def _hinted(file: wire.VectorStoreFile, response: Response) -> wire.VectorStoreFile:
    if file.status == "in_progress":
        response.headers["openai-poll-after-ms"] = POLL_AFTER_MS
    return file

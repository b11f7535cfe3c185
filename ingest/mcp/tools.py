"""The tools. Names, parameters and results of `search` and `fetch` are those that chat clients expect of a connector."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Annotated, Any

import anyio
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import Field

from ingest.mcp import results
from ingest.mcp.api_client import ApiClient
from ingest.mcp.results import Attached, Document, Failure, Found, ImportStatus, SearchResults, Store, StoreList

MAX_SEARCHED_STORES = 10
"""Stores that a search without `vector_store` asks, the newest first."""

LATEST_FAILURES = 10

AnyContext = Context[Any, Any]

Connect = Callable[[AnyContext], AbstractAsyncContextManager[ApiClient]]
"""Opens the API for one call of a tool, as the sender of the call."""

StoreName = Annotated[str, Field(description="Id or name of a vector store.")]


class Tools:
    """The tools over an API. A model reads the docstrings of the methods."""

    def __init__(self, connect: Connect) -> None:
        self._connect = connect

    async def search(
        self,
        query: Annotated[str, Field(description="A question, or words.")],
        ctx: AnyContext,
        vector_store: Annotated[
            str | None, Field(description="Id or name of the vector store to search. Default: all stores.")
        ] = None,
        max_results: Annotated[int, Field(ge=1, le=50)] = 10,
    ) -> SearchResults:
        """Search the documents for passages that answer a question. Returns passages with their document, page and score."""
        async with self._connect(ctx) as api:
            return await _search(api, query, vector_store, max_results)

    async def fetch(
        self,
        id: Annotated[str, Field(description="The id of a result of `search`.")],  # noqa: A002 - the connectors' name
        ctx: AnyContext,
    ) -> Document:
        """Return the text of the document that a search found. Of a long document, the part around the passage."""
        async with self._connect(ctx) as api:
            return await _fetch(api, id)

    async def list_stores(self, ctx: AnyContext) -> StoreList:
        """List the vector stores with the number of their files."""
        async with self._connect(ctx) as api:
            return StoreList(stores=[_store(store) for store in await api.list_stores()])

    async def import_status(
        self,
        vector_store: StoreName,
        ctx: AnyContext,
        batch: Annotated[str | None, Field(description="Id of a file batch of the store.")] = None,
    ) -> ImportStatus:
        """Say how many files of a store, or of one of its batches, are ingested, which failed last, and why files wait."""
        async with self._connect(ctx) as api:
            return await _import_status(api, vector_store, batch)

    async def attach_file(
        self,
        vector_store: StoreName,
        ctx: AnyContext,
        file_id: Annotated[str | None, Field(description="Id of an uploaded file.")] = None,
        filename: Annotated[str | None, Field(description="Name for `text`, such as notes.md.")] = None,
        text: Annotated[str | None, Field(description="Text to add as a new file, instead of `file_id`.")] = None,
        attributes: Annotated[
            dict[str, str | float | bool] | None, Field(description="Attributes for filters of searches.")
        ] = None,
    ) -> Attached:
        """Add an uploaded file, or a text, to a vector store. It can be searched when it is ingested (`import_status`)."""
        if (file_id is None) == (text is None):
            raise ToolError("Give either `file_id` or `text`.")
        async with self._connect(ctx) as api:
            store = await api.find_store(vector_store)
            if text is not None:
                file_id = await api.upload_text(filename or "text.md", text)
            attached = await api.attach(store["id"], str(file_id), attributes or {})
            return Attached(file_id=attached["id"], vector_store_id=store["id"], status=attached["status"])


async def _search(api: ApiClient, query: str, vector_store: str | None, max_results: int) -> SearchResults:
    if vector_store is None:
        stores = [str(store["id"]) for store in await api.list_stores()]
    else:
        stores = [str((await api.find_store(vector_store))["id"])]
    searched, not_searched = stores[:MAX_SEARCHED_STORES], stores[MAX_SEARCHED_STORES:]
    found: list[Found] = []
    body = {"query": query, "max_num_results": max_results}

    async def search_one(store_id: str) -> None:
        found.extend(_found(api.base_url, store_id, result) for result in await api.search(store_id, body))

    try:
        async with anyio.create_task_group() as group:
            for store_id in searched:
                group.start_soon(search_one, store_id)
    except* ToolError as failed:
        raise ToolError(str(failed.exceptions[0])) from failed
    found.sort(key=lambda passage: -passage.score)  # scores are absolute, so those of several stores compare
    return SearchResults(results=found[:max_results], searched=searched, not_searched=not_searched)


def _found(base_url: str, store_id: str, result: dict[str, Any]) -> Found:
    location, file_id = result["location"], result["file_id"]
    return Found(
        id=results.document_id(store_id, file_id, location["start"]),
        title=results.title_of(result["filename"], location),
        url=results.citation_url(base_url, store_id, file_id, result["attributes"]),
        text="\n".join(part["text"] for part in result["content"]),
        score=result["score"],
        vector_store_id=store_id,
        file_id=file_id,
        filename=result["filename"],
        pages=location["pages"],
        headings=location["headings"],
        attributes=result["attributes"],
    )


async def _fetch(api: ApiClient, document_id: str) -> Document:
    try:
        store_id, file_id, start = results.parse_document_id(document_id)
    except ValueError as exc:
        raise ToolError(str(exc)) from exc
    file = await api.retrieve_file(store_id, file_id)
    text = await api.read_text(store_id, file_id)
    first, end = results.window(text, start)
    metadata = file["attributes"] | {"filename": file["filename"], "file_id": file_id, "vector_store_id": store_id}
    if end - first < len(text):
        metadata |= {"characters": len(text), "shown_from": first, "shown_to": end}
    url = results.citation_url(api.base_url, store_id, file_id, file["attributes"])
    return Document(id=document_id, title=file["filename"], text=text[first:end], url=url, metadata=metadata)


async def _import_status(api: ApiClient, vector_store: str, batch: str | None) -> ImportStatus:
    store = await api.find_store(vector_store)
    subject = await api.retrieve_batch(store["id"], batch) if batch else store
    failed = (
        await api.list_files(store["id"], batch, "failed", LATEST_FAILURES) if subject["file_counts"]["failed"] else []
    )
    failures = [Failure(file_id=file["id"], **file["last_error"]) for file in failed]
    return ImportStatus(
        id=subject["id"],
        status=subject["status"],
        file_counts=subject["file_counts"],
        latest_failures=failures,
        waiting_for=subject.get("waiting_for"),
    )


def _store(store: dict[str, Any]) -> Store:
    return Store(
        id=store["id"],
        name=store["name"],
        status=store["status"],
        file_counts=store["file_counts"],
        bytes=store["usage_bytes"],
        last_active_at=store["last_active_at"],
    )

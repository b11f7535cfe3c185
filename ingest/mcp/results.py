"""Results of the tools. `search` and `fetch` have the fields that chat clients expect of a connector, and more."""

import re
from typing import Any

from pydantic import BaseModel, Field

MAX_FETCHED_CHARACTERS = 100_000
"""Characters of a text that `fetch` returns at most: about 25,000 tokens."""

ORIGIN_ATTRIBUTES = ("url", "source_url", "source")
"""Attributes that may have the web address of a file."""

_DOCUMENT_ID = re.compile(r"(?P<store>vs_\w+)/(?P<file>[\w-]+)(?:@(?P<start>\d{1,12}))?", re.ASCII)


class Found(BaseModel):
    """A passage. `id` is what `fetch` takes."""

    id: str
    title: str
    url: str
    text: str
    score: float
    vector_store_id: str
    file_id: str
    filename: str
    pages: list[int] | None = Field(None, description="First and last page of the passage.")
    headings: list[str] | None = Field(None, description="Headings above the passage, the highest first.")
    attributes: dict[str, Any]


class SearchResults(BaseModel):
    """Passages of all searched stores, best first."""

    results: list[Found]
    searched: list[str] = Field(description="Ids of the vector stores that were searched.")
    not_searched: list[str] = Field(description="Ids of further stores: name one as `vector_store` to search it.")


class Document(BaseModel):
    """The text of a file."""

    id: str
    title: str
    text: str
    url: str
    metadata: dict[str, Any]


class Store(BaseModel):
    """A vector store and the number of its files by status."""

    id: str
    name: str
    status: str
    file_counts: dict[str, int]
    bytes: int
    last_active_at: int | None


class StoreList(BaseModel):
    """The vector stores of the project, the newest first."""

    stores: list[Store]


class Failure(BaseModel):
    """A file that failed, and why."""

    file_id: str
    code: str
    message: str


class ImportStatus(BaseModel):
    """How far the files of a store or of one of its batches are."""

    id: str
    status: str
    file_counts: dict[str, int]
    latest_failures: list[Failure]
    waiting_for: Any = Field(None, description="Why files wait, or null.")


class Attached(BaseModel):
    """A file that was attached to a store. It is searchable when its status is `completed`."""

    file_id: str
    vector_store_id: str
    status: str


def document_id(store_id: str, file_id: str, start: int | None = None) -> str:
    """Return the id of a document, or of the passage that starts at a character of its text."""
    return f"{store_id}/{file_id}" + ("" if start is None else f"@{start}")


def parse_document_id(text: str) -> tuple[str, str, int]:
    """Return the store, the file and the first character of an id. Raises ValueError for anything else."""
    match = _DOCUMENT_ID.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is no id of a search result, such as vs_.../file-...")
    return match["store"], match["file"], int(match["start"] or 0)


def citation_url(base_url: str, store_id: str, file_id: str, attributes: dict[str, Any]) -> str:
    """Return the address of a file's origin where an attribute has it, or else that of its text in the API."""
    for name in ORIGIN_ATTRIBUTES:
        if str(attributes.get(name, "")).startswith(("https://", "http://")):
            return str(attributes[name])
    return f"{base_url}/vector_stores/{store_id}/files/{file_id}/content"


def title_of(filename: str, location: dict[str, Any]) -> str:
    """Return a title that says where a passage is: the file, its page, and its nearest heading."""
    parts = [filename]
    if pages := location.get("pages"):
        parts.append(f"page {pages[0]}" if pages[0] == pages[-1] else f"pages {pages[0]}-{pages[-1]}")
    if headings := location.get("headings"):
        parts.append(headings[-1])
    return " · ".join(parts)


def window(text: str, start: int, length: int = MAX_FETCHED_CHARACTERS) -> tuple[int, int]:
    """Return the part [first, end) of a text that is shown: all of it, or `length` characters around `start`."""
    if len(text) <= length:
        return 0, len(text)
    first = max(0, min(start - length // 4, len(text) - length))
    return first, first + length

"""Requests for coverage reports, an extension of the API: other services and older versions have none."""

from collections.abc import Iterator, Mapping
from typing import Any

import openai

PAGE_SIZE = 100


def list_reports(
    client: openai.OpenAI, store_id: str, *, batch_id: str | None = None, filename: str | None = None
) -> Iterator[dict[str, Any]]:
    """Yield the reports of a store or a batch, oldest file first: of a file name, or of all files with warnings."""
    wanted = {"warnings": "true"} if filename is None else {"filename": filename}
    query = wanted | ({} if batch_id is None else {"batch_id": batch_id}) | {"order": "asc", "limit": str(PAGE_SIZE)}
    has_more = True
    while has_more:
        try:
            page = client.get(
                f"/vector_stores/{store_id}/file_reports", cast_to=dict[str, Any], options={"params": query}
            )
        except openai.NotFoundError:
            return
        yield from page["data"]
        has_more, query = page["has_more"], query | {"after": page["last_id"]}


def fetch_report(client: openai.OpenAI, store_id: str, file_id: str) -> dict[str, Any]:
    """Return the report of a file. Raises openai.APIError."""
    return client.get(f"/vector_stores/{store_id}/files/{file_id}/report", cast_to=dict[str, Any])


def fetch_warnings(client: openai.OpenAI, store_id: str, batch_id: str | None = None) -> dict[str, Any]:
    """Return how many `files` of a store or a batch have warnings, and how many have each of the `codes`."""
    query = {} if batch_id is None else {"batch_id": batch_id}
    try:
        return client.get(f"/vector_stores/{store_id}/warnings", cast_to=dict[str, Any], options={"params": query})
    except openai.NotFoundError:
        return {"files": 0, "codes": {}}


def describe_warnings(report: Mapping[str, Any]) -> str:
    """Return the first warning of a report. Its number of warnings is left out: files are grouped by this text."""
    return str(report["warnings"][0]["message"])

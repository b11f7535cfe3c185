"""Requests for coverage reports: pages, and services that have no reports."""

from typing import Any, cast

import httpx2 as httpx
import openai
import pytest

from ingest.imports import reports


class FakeClient:
    """Answers GET requests with pages, or with 404 when there are none, and notes the queries."""

    def __init__(self, *pages: dict[str, Any]) -> None:
        self.pages = list(pages)
        self.queries: list[dict[str, str]] = []

    def get(self, path: str, *, cast_to: type, options: dict[str, Any]) -> dict[str, Any]:
        self.queries.append(options["params"])
        if not self.pages:
            response = httpx.Response(404, request=httpx.Request("GET", f"http://service/v1{path}"))
            raise openai.NotFoundError("no such path", response=response, body=None)
        return self.pages.pop(0)


def list_ids(client: FakeClient, **options: str) -> list[str]:
    return [report["id"] for report in reports.list_reports(cast(openai.OpenAI, client), "vs_1", **options)]


def page(*ids: str, has_more: bool) -> dict[str, Any]:
    return {"data": [{"id": each} for each in ids], "last_id": ids[-1] if ids else None, "has_more": has_more}


def test_all_pages_of_files_with_warnings_are_requested() -> None:
    client = FakeClient(page("file-1", "file-2", has_more=True), page("file-3", has_more=False))

    assert list_ids(client, batch_id="vsfb_1") == ["file-1", "file-2", "file-3"]

    first, second = client.queries
    assert (first["warnings"], first["batch_id"], first["order"]) == ("true", "vsfb_1", "asc")
    assert "after" not in first
    assert second == first | {"after": "file-2"}


def test_a_file_is_requested_by_its_name_whether_it_has_warnings_or_not() -> None:
    client = FakeClient(page("file-1", has_more=False))

    assert list_ids(client, filename="a.pdf") == ["file-1"]

    assert client.queries[0]["filename"] == "a.pdf"
    assert "warnings" not in client.queries[0]


def test_a_service_without_reports_has_no_warnings() -> None:
    client = FakeClient()

    assert list_ids(client) == []
    assert reports.fetch_warnings(cast(openai.OpenAI, client), "vs_1") == {"files": 0, "codes": {}}


@pytest.mark.parametrize("number", [1, 70])
def test_files_are_grouped_by_their_first_warning(number: int) -> None:
    report = {"warnings": [{"message": "The page is a picture."}], "warning_count": number}

    assert reports.describe_warnings(report) == "The page is a picture."

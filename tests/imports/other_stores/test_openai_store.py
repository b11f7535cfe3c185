"""Stores of OpenAI as sources. The story with a real server is tests/stories/test_moving_in.py."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import Refused
from ingest.imports.other_stores import OtherStores, SourceServer
from ingest.imports.patterns import PathFilter
from ingest.imports.source_files import SourceFile, SourceProblem
from tests.imports.site import WebSite, serve_site

REFUSAL = {"error": {"message": "Not allowed to download files of purpose: assistants"}}


@pytest.fixture
def site() -> Iterator[WebSite]:
    """A server that refuses originals, as OpenAI does."""
    with serve_site() as site:
        file = {
            "id": "file-1",
            "object": "vector_store.file",
            "created_at": 5,
            "status": "completed",
            "attributes": {"year": 2024},
        }
        _add(site, "/v1/vector_stores/vs_1/files?limit=100&order=asc", {"data": [file], "has_more": False})
        _add(site, "/v1/files/file-1", {"id": "file-1", "object": "file", "filename": "a.pdf"})
        _add(site, "/v1/files/file-1/content", REFUSAL, status=400)
        texts = [{"type": "text", "text": "One."}, {"type": "text", "text": "Two."}]
        _add(site, "/v1/vector_stores/vs_1/files/file-1/content", {"data": texts, "has_more": False})
        yield site


def test_files_have_the_attributes_of_the_store(site: WebSite) -> None:
    (file,) = _list(_stores(site), "openai://vs_1")

    assert isinstance(file, SourceFile)
    assert (file.address, file.attributes, file.size) == ("openai://vs_1/file-1", {"year": 2024}, None)


def test_patterns_match_the_names_of_files(site: WebSite) -> None:
    stores = _stores(site)

    assert len(_list(stores, "openai://vs_1", PathFilter(include=["*.pdf"]))) == 1
    assert _list(stores, "openai://vs_1", PathFilter(exclude=["*.pdf"])) == []


def test_the_text_is_copied_where_originals_are_refused(site: WebSite, tmp_path: Path) -> None:
    stores = _stores(site)

    names = [stores.fetch("openai://vs_1/file-1", "", tmp_path / "content") for _ in range(2)]

    assert names == ["a.pdf.txt"] * 2
    assert (tmp_path / "content").read_text() == "One.\n\nTwo."
    assert site.requests.count("/v1/files/file-1/content") == 1


def test_the_original_is_copied_where_the_server_gives_it(site: WebSite, tmp_path: Path) -> None:
    site.add("/v1/files/file-1/content", b"%PDF")
    stores = _stores(site)

    assert stores.fetch("openai://vs_1/file-1", "", tmp_path / "content") == "a.pdf"
    assert (tmp_path / "content").read_bytes() == b"%PDF"
    with pytest.raises(OSError, match="Larger than 3 bytes"):
        OtherStores(SourceServer(f"{site.url}/v1", "k"), 3).fetch("openai://vs_1/file-1", "", tmp_path / "content")


def test_errors_of_the_other_service_are_problems_and_name_it(site: WebSite, tmp_path: Path) -> None:
    _add(site, "/v1/files/file-2", {"error": {"message": "No such File object"}}, status=404)
    stores = _stores(site)

    (problem,) = _list(stores, "openai://vs_2")

    assert isinstance(problem, SourceProblem)
    assert (problem.reason, problem.hides_files) == (
        "The other service answered: The service answered 404 Not Found",
        True,
    )
    with pytest.raises(OSError, match="The other service answered: No such File object"):
        stores.fetch("openai://vs_1/file-2", "", tmp_path / "content")


def test_a_source_without_a_key_or_a_name_is_refused() -> None:
    stores = OtherStores(SourceServer(), 10)

    with pytest.raises(Refused, match="Set INGEST_SOURCE_API_KEY"):
        stores.check("openai://vs_1")
    with pytest.raises(Refused, match="the name of a store is missing"):
        stores.check("openai:///")


def _add(site: WebSite, path: str, answer: dict[str, Any], status: int = 200) -> None:
    site.add(path, json.dumps(answer), status, Content_Type="application/json")


def _stores(site: WebSite) -> OtherStores:
    return OtherStores(SourceServer(f"{site.url}/v1", "other-key"), 1_000)


def _list(stores: OtherStores, address: str, path_filter: PathFilter | None = None) -> list[SourceFile | SourceProblem]:
    return list(stores.list_files(address, address, {}, path_filter or PathFilter()))

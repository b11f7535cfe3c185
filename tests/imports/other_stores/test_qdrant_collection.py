"""Collections of Qdrant as sources, read from a real vectors process."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from qdrant_client import QdrantClient, models

from ingest.errors import Refused
from ingest.imports.other_stores import OtherStores, SourceServer, qdrant_collection
from ingest.imports.patterns import PathFilter
from ingest.imports.source_files import SourceFile, SourceProblem
from tests.embedded.vectors.conftest import start
from tests.embedded.vectors.processes import StartVectors, wait_until_ready
from tests.imports.site import WebSite, serve_site

__all__ = ["start"]

UUID = "6f1e1a52-7ad0-4f8c-9d5c-2a3a6a3f5f10"


@pytest.fixture
def site() -> Iterator[WebSite]:
    with serve_site() as site:
        yield site


@pytest.mark.services
@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
def test_points_with_a_text_are_files(start: StartVectors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(qdrant_collection, "_PAGE_SIZE", 2)
    vectors = wait_until_ready(start(api_key="secret"))
    client = QdrantClient(url=vectors.url, api_key="secret", prefer_grpc=False, check_compatibility=False)
    client.create_collection("notes", {"dense": models.VectorParams(size=2, distance=models.Distance.COSINE)})
    payloads = {
        1: {"page_content": "One", "metadata": {"source": "a.md"}},
        2: {"other": "x"},
        UUID: {"page_content": "Two"},
    }
    vector = {"dense": [0.1, 0.2]}
    client.upsert("notes", [models.PointStruct(id=key, vector=vector, payload=each) for key, each in payloads.items()])
    server = SourceServer(vectors.url, "secret", text_key="page_content", name_key="metadata.source")
    stores = OtherStores(server, 1_000)

    items = list(stores.list_files("qdrant://notes", "qdrant://notes", {"kind": "note"}, PathFilter()))

    files = sorted((item for item in items if isinstance(item, SourceFile)), key=lambda file: file.address)
    assert [(file.address, file.upload_name, file.attributes) for file in files] == [
        ("qdrant://notes/1", "a.md", {"metadata.source": "a.md", "kind": "note"}),
        (f"qdrant://notes/{UUID}", f"{UUID}.txt", {"kind": "note"}),
    ]
    assert [item.display_path for item in items if isinstance(item, SourceProblem)] == ["qdrant://notes/2"]
    for file, text in zip(files, ["One", "Two"], strict=True):
        assert stores.fetch(file.address, file.fingerprint, tmp_path / "target") == file.upload_name
        assert (tmp_path / "target").read_text() == text
    with pytest.raises(OSError, match="does not have the point any more"):
        stores.fetch("qdrant://notes/99", "", tmp_path / "target")
    keyless = OtherStores(SourceServer(vectors.url), 1)
    (refused,) = keyless.list_files("qdrant://notes", "", {}, PathFilter())
    for each in (client, stores, keyless):
        each.close()
    assert isinstance(refused, SourceProblem)
    assert (refused.hides_files, "The other service answered 401" in refused.reason) == (True, True)


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (404, json.dumps({"status": {"error": "No collection"}}), "The other service answered 404: No collection"),
        (200, "<html>", "The other service answered 200 without JSON"), (500, "{}", "The other service answered 500"),
    ],
)  # fmt: skip
def test_an_error_of_the_server_is_a_problem(site: WebSite, status: int, body: str, reason: str) -> None:
    site.add("/collections/notes/points/scroll", body, status)

    (problem,) = OtherStores(SourceServer(site.url), 1_000).list_files("qdrant://notes", "", {}, PathFilter())

    assert isinstance(problem, SourceProblem)
    assert problem.reason.startswith(reason)


def test_the_url_of_the_server_is_no_part_of_the_address() -> None:
    with pytest.raises(Refused, match="The URL of the server is --source-url"):
        OtherStores(SourceServer(), 1).check("qdrant://localhost:6333/notes")

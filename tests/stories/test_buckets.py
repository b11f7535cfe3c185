"""File storage in a bucket, and an import from another bucket, against a real S3 server."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from s3fs import S3FileSystem

from tests import servers
from tests.stories.running import Service, running

pytestmark = pytest.mark.services

BLOBS = "s3://blobs/of-ingest"
PAGE = "<html><body><h1>Entry</h1><p>The keeper wrote marker007.</p></body></html>"


@pytest.fixture
def s3(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[S3FileSystem]:
    """Yield a client of an S3 server with two buckets: one for the service's blobs, one with documents."""
    with servers.buckets(tmp_path) as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        client = S3FileSystem(skip_instance_cache=True, use_listings_cache=False)
        client.mkdir("blobs")
        client.mkdir("documents")
        for number in range(12):
            client.pipe_file(f"documents/logs/{number}.md", f"# Day {number}\n\nA heron, {number} times.".encode())
        client.pipe_file("documents/logs/pages/7.html", PAGE.encode())
        client.pipe_file("documents/elsewhere/no.md", b"Not asked for.")
        yield client


def run_ingest(*arguments: str, code: int = 0) -> str:
    """Run an `ingest` command, check its exit code and return its output."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ingest")), *arguments], capture_output=True, text=True, timeout=90
    )
    assert done.returncode == code, done.stderr + done.stdout
    return done.stdout


def import_documents(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Import the documents below logs/ and return the last event."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    out = run_ingest("import", "s3://documents/logs/", "--store", "logs", "--json", "--base-url", service.base_url)
    ended: dict[str, Any] = json.loads(out.splitlines()[-1])
    return ended


def run_verify(service: Service, monkeypatch: pytest.MonkeyPatch, code: int = 0) -> list[dict[str, Any]]:
    """Return the findings of `ingest verify`."""
    monkeypatch.setenv("INGEST_BLOBS_URL", BLOBS)
    found: list[dict[str, Any]] = json.loads(run_ingest("verify", "--data", str(service.data), "--json", code=code))[
        "findings"
    ]
    return found


def test_documents_are_imported_from_one_bucket_and_stored_in_another(
    s3: S3FileSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path / "data", "--workers", "2", environment={"INGEST_BLOBS_URL": BLOBS}) as service:
        first = import_documents(service, tmp_path, monkeypatch)

        assert (first["completed"], first["total"]) == (13, 13)
        assert len(s3.find("blobs/of-ingest/raw")) == 13
        assert len(s3.find("blobs/of-ingest/text")) == 1  # the parsed text of the HTML page
        assert not (service.data / "blobs").exists()
        client = service.client()
        store = next(store for store in client.vector_stores.list() if store.name == "logs")
        hit = client.vector_stores.search(store.id, query="marker007").data[0]
        assert hit.filename == "7.html"
        assert client.files.content(hit.file_id).read().decode() == PAGE
        assert run_verify(service, monkeypatch) == []

        s3.pipe_file("documents/logs/3.md", b"# Day 3\n\nA stork.")
        second = import_documents(service, tmp_path, monkeypatch)

        assert (second["unchanged"], second["completed"]) == (12, 13)
        assert run_verify(service, monkeypatch) == []
        deleted_file = next(file for file in client.files.list() if file.filename == "5.md")
        client.files.delete(deleted_file.id)
        assert len(s3.find("blobs/of-ingest/raw")) == 12

        s3.rm("blobs/of-ingest/raw", recursive=True)
        assert {found["kind"] for found in run_verify(service, monkeypatch, code=1)} == {"blob_missing"}

"""Helpers of the archive tests."""

import hashlib
import io
import json
import tarfile
from pathlib import Path

from ingest.archive import restore
from ingest.archive.restore import RestoredStore
from ingest.db.pages import Window
from ingest.jobs.maintenance import run_maintenance
from ingest.search import search
from ingest.stores import files, vector_stores
from ingest.verify import verify
from tests.fakes import CALLER, FakeServices

WINDOW = Window(limit=100, order="asc")


def restore_archive(
    services: FakeServices, path: Path, *, name: str | None = None, re_embed: bool = False
) -> RestoredStore:
    return restore.restore_store(services, path, project=CALLER.project, name=name, mapping=None, re_embed=re_embed)


def search_results(services: FakeServices, store: str) -> list[list[tuple[str, float, object]]]:
    """Return the results of several searches, without ids."""
    return [
        [(hit.text, hit.score, hit.attributes) for hit in search.search(services, CALLER, store, [query], limit=20)]
        for query in ("heron", "an otter at night", "sleep")
    ]


def assert_nothing_is_left(services: FakeServices) -> None:
    run_maintenance(services)
    run_maintenance(services)
    assert vector_stores.list_page(services, CALLER, WINDOW).items == []
    assert files.list_page(services, CALLER, WINDOW, purpose=None).items == []
    assert services.index.points == {}
    assert list(services.blobs.list_keys("raw/")) == []
    assert verify(services).findings == []


def without_reports(path: Path) -> Path:
    """Return a copy of an archive as versions before coverage reports wrote it."""
    target, digest = path.with_name("old.tar"), hashlib.sha256()
    with tarfile.open(path) as tar, tarfile.open(target, "w") as old:
        for entry in tar:
            data = (tar.extractfile(entry) or io.BytesIO()).read()
            fields = json.loads(data) if entry.name.endswith(".json") else {}
            if entry.name.endswith("about.json"):
                data = json.dumps({k: v for k, v in fields.items() if k not in ("warnings", "report")}).encode()
            if entry.name.endswith(("about.json", "manifest.json")):
                digest.update(data)
            elif entry.name == "end.json":
                data = json.dumps(fields | {"sha256": digest.hexdigest()}).encode()
            entry.size = len(data)
            old.addfile(entry, io.BytesIO(data))
    return target

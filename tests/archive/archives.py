"""Helpers of the archive tests."""

from pathlib import Path

from ingest.archive import restore
from ingest.archive.restore import RestoredStore
from ingest.db.pages import Window
from ingest.jobs.maintenance import run_maintenance
from ingest.stores import files, search, vector_stores
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

"""Synchronization of a store with its journal: missing files, obsolete versions, deleted uploads."""

from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from ingest.imports.journal import Journal
from ingest.imports.source_files import SourceFile
from ingest.imports.store_sync import StoreSync
from tests.cli.fake_service import FakeService


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.db")
    yield journal
    journal.close()


@pytest.fixture
def store_sync(service: FakeService, journal: Journal) -> Iterator[StoreSync]:
    """A store with the completed files a.txt (file-1) and b.txt (file-2)."""
    service.add_store("demo")
    import_run = journal.begin_import("imp_1", ["/docs"])
    for name in ("a.txt", "b.txt"):
        file = SourceFile(f"/docs/{name}", name, name, name, "/docs", 1, "1")
        journal.add_file(file, "upload", import_run.number)
    for entry in journal.list_pending("upload", after=0, limit=10):
        service.uploads[f"file-{entry.number}"] = (entry.upload_name, 1)
        service.stored_files[f"file-{entry.number}"] = {}
        journal.record_upload(entry, f"file-{entry.number}", "hash", "1")
        journal.set_state(entry.number, "completed", "")
    with openai.OpenAI(base_url=service.url, api_key="none", max_retries=0) as client:
        yield StoreSync(client, "vs_0", journal)


def test_a_detached_file_is_attached_and_a_deleted_one_uploaded_again(
    store_sync: StoreSync, service: FakeService, journal: Journal
) -> None:
    del service.stored_files["file-1"]
    del service.stored_files["file-2"], service.uploads["file-2"]

    store_sync.reconcile(check_all=False)

    assert [entry.upload_name for entry in journal.list_pending("attach", after=0, limit=10)] == ["a.txt"]
    assert [entry.upload_name for entry in journal.list_pending("upload", after=0, limit=10)] == ["b.txt"]


def test_only_check_all_notices_a_replaced_file(store_sync: StoreSync, service: FakeService, journal: Journal) -> None:
    del service.stored_files["file-1"]
    service.uploads["file-9"] = ("other.txt", 1)
    service.stored_files["file-9"] = {}

    store_sync.reconcile(check_all=False)
    assert journal.list_pending("attach", after=0, limit=10) == []

    store_sync.reconcile(check_all=True)
    assert [entry.upload_name for entry in journal.list_pending("attach", after=0, limit=10)] == ["a.txt"]


def test_a_failed_file_that_was_retried_on_the_service_is_completed(store_sync: StoreSync, journal: Journal) -> None:
    journal.set_state(1, "failed", "")

    store_sync.reconcile(check_all=False)

    assert journal.list_in_states(("failed",), after=0, limit=10) == []


def test_missing_files_and_superseded_versions_are_deleted(
    store_sync: StoreSync, service: FakeService, journal: Journal
) -> None:
    [entry, _] = journal.list_in_states(("completed",), after=0, limit=10)
    service.uploads["file-3"] = ("a.txt", 1)
    service.stored_files["file-3"] = {}
    journal.record_upload(entry, "file-3", "hash", "2")
    journal.set_state(entry.number, "completed", "")
    journal.set_state(2, "completed", "remove")

    removed = store_sync.delete_obsolete()

    assert removed == 1
    assert (set(service.stored_files), set(service.uploads)) == ({"file-3"}, {"file-3"})


def test_an_upload_that_was_deleted_before_it_was_attached_is_requeued(
    store_sync: StoreSync, service: FakeService, journal: Journal
) -> None:
    entries = journal.list_in_states(("completed",), after=0, limit=10)
    del service.uploads["file-1"], service.stored_files["file-1"]

    assert store_sync.requeue_deleted_uploads(entries) == 1
    assert [entry.number for entry in journal.list_pending("upload", after=0, limit=10)] == [1]

    service.stores.clear()
    with pytest.raises(openai.NotFoundError):
        store_sync.requeue_deleted_uploads(entries)

"""Batches of an import: how they are created, polled and closed."""

from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from ingest.imports.batches import ImportBatches
from ingest.imports.journal import ImportRun, Journal
from ingest.imports.source_files import SourceFile
from tests.cli.fake_service import FakeService


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.db")
    yield journal
    journal.close()


@pytest.fixture
def client(service: FakeService) -> Iterator[openai.OpenAI]:
    service.add_store("demo")
    with openai.OpenAI(base_url=service.url, api_key="none", max_retries=0) as client:
        yield client


def upload(service: FakeService, journal: Journal, *names: str) -> ImportRun:
    """Begin an import with files that are uploaded and not attached. Each has its name as an attribute."""
    import_run = journal.begin_import("imp_1", ["/docs"])
    for name in names:
        file = SourceFile(f"/docs/{name}", name, name, name, "/docs", 1, "1", {"name": name})
        journal.add_file(file, "upload", import_run.number)
    for entry in journal.list_pending("upload", after=0, limit=10):
        service.uploads[f"file-{entry.number}"] = (entry.upload_name, 1)
        journal.record_upload(entry, f"file-{entry.number}", "hash", "1")
    return import_run


def test_files_keep_their_own_attributes(client: openai.OpenAI, service: FakeService, journal: Journal) -> None:
    batches = ImportBatches(client, "vs_0", journal, upload(service, journal, "a.txt", "b.txt"))

    batches.attach(journal.list_pending("attach", after=0, limit=10))

    assert service.stored_files == {"file-1": {"name": "a.txt"}, "file-2": {"name": "b.txt"}}
    assert batches.open_count == 1


def test_an_ended_batch_is_closed_with_its_failures(
    client: openai.OpenAI, service: FakeService, journal: Journal
) -> None:
    service.failing_files = {"b.txt": "The file is encrypted."}
    import_run = upload(service, journal, "a.txt", "b.txt")
    batches = ImportBatches(client, "vs_0", journal, import_run)
    batches.attach(journal.list_pending("attach", after=0, limit=10))

    failed = batches.refresh()

    assert failed == [("file-2", "The file is encrypted.")]
    assert batches.open_count == 0
    assert batches.count_files() == {"in_progress": 0, "completed": 1, "failed": 1, "cancelled": 0, "total": 2}
    assert journal.count_outcomes(import_run.number) == {"completed": 1, "failed": 1}


def test_the_files_of_a_lost_batch_are_attached_again(
    client: openai.OpenAI, service: FakeService, journal: Journal
) -> None:
    import_run = upload(service, journal, "a.txt")
    batches = ImportBatches(client, "vs_0", journal, import_run)
    batches.attach(journal.list_pending("attach", after=0, limit=10))
    service.batches.clear()

    assert batches.refresh() == []

    assert batches.open_count == 0
    assert journal.count_pending("attach", import_run.number)[0] == 1


def test_failures_are_returned_while_their_batch_is_unfinished_and_only_once(
    client: openai.OpenAI, service: FakeService, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.imports.batches.POLL_SECONDS", 0.0)
    monkeypatch.setattr("ingest.imports.batches.POLLS_PER_SECOND", 1e9)
    service.failing_files, service.fails_early, service.finish_after_polls = {"b.txt": "It is encrypted."}, True, 3
    batches = ImportBatches(client, "vs_0", journal, upload(service, journal, "a.txt", "b.txt"))
    batches.attach(journal.list_pending("attach", after=0, limit=10))

    failed = [batches.refresh() for _ in range(3)]

    assert failed == [[("file-2", "It is encrypted.")], [], []]
    assert batches.open_count == 0
    assert batches.count_files()["failed"] == 1


def test_the_batches_tell_what_they_wait_for_until_they_end(
    client: openai.OpenAI, service: FakeService, journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.imports.batches.POLL_SECONDS", 0.0)
    monkeypatch.setattr("ingest.imports.batches.POLLS_PER_SECOND", 1e9)
    service.waiting_for = {"dependency": "embedder", "reason": "connection refused", "since": 10, "next_try": 20}
    service.finish_after_polls = 2
    batches = ImportBatches(client, "vs_0", journal, upload(service, journal, "a.txt"))
    batches.attach(journal.list_pending("attach", after=0, limit=10))

    batches.refresh()
    waiting = batches.waiting
    batches.refresh()

    assert waiting is not None
    assert (waiting.text, waiting.since) == ("embedder: connection refused", 10)
    assert batches.waiting is None

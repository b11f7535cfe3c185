"""Uploads and batches in the journal."""

import pytest

from ingest.imports.journal import ImportRun, Journal


@pytest.fixture
def batch_id(journal: Journal, import_run: ImportRun) -> str:
    """A batch with both files of the import."""
    for entry in journal.list_pending("upload", after=0, limit=10):
        journal.record_upload(entry, f"file-{entry.number}", "hash", "1")
    journal.record_batch("vsfb_0", [1, 2], import_run.number)
    return "vsfb_0"


def test_an_uploaded_file_is_to_be_attached(journal: Journal, import_run: ImportRun) -> None:
    [entry, _] = journal.list_pending("upload", after=0, limit=10)

    journal.record_upload(entry, "file-1", "hash", "2")

    [attached] = journal.list_pending("attach", after=0, limit=10)
    assert (attached.file_id, attached.sha256, attached.fingerprint, attached.state) == (
        "file-1",
        "hash",
        "2",
        "uploaded",
    )
    assert journal.find_display_path("file-1") == "a.txt"
    assert journal.find_display_path("file-9") == "file-9"


def test_closing_a_batch_completes_all_files_except_the_named_failures(
    journal: Journal, import_run: ImportRun, batch_id: str
) -> None:
    [batch] = journal.list_open_batches()

    journal.close_batch(batch, [("file-2", "failed", "The file is encrypted.")])

    assert journal.list_open_batches() == []
    assert journal.list_batch_ids(import_run.number) == [batch_id]
    assert journal.count_outcomes(import_run.number) == {"completed": 1, "failed": 1}


def test_the_files_of_a_lost_batch_are_attached_again(journal: Journal, batch_id: str) -> None:
    [batch] = journal.list_open_batches()

    journal.requeue_lost_batch(batch)

    assert journal.list_open_batches() == []
    assert len(journal.list_pending("attach", after=0, limit=10)) == 2


def test_a_permanent_failure_is_not_uploaded_again(journal: Journal, import_run: ImportRun) -> None:
    journal.record_upload_failure(1, "No room.", is_permanent=True)
    journal.record_upload_failure(2, "No such file or directory", is_permanent=False)

    assert [entry.number for entry in journal.list_pending("upload", after=0, limit=10)] == [2]


def test_an_earlier_version_is_superseded_when_the_present_one_is_completed(journal: Journal, batch_id: str) -> None:
    [batch] = journal.list_open_batches()
    journal.close_batch(batch, [])
    [entry, _] = journal.list_in_states(("completed",), after=0, limit=10)
    journal.record_upload(entry, "file-9", "hash", "2")
    assert journal.list_superseded(10) == []

    journal.set_state(entry.number, "completed", "")
    assert journal.list_superseded(10) == ["file-1"]

    journal.record_superseded_deleted("file-1")
    assert journal.list_superseded(10) == []

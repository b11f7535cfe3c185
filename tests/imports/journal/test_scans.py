"""Scanned files in the journal."""

from ingest.imports.journal import ImportRun, Journal
from tests.imports.journal.conftest import source_file


def test_pending_files_are_counted_with_their_bytes(journal: Journal, import_run: ImportRun) -> None:
    assert journal.count_pending("upload", import_run.number) == (2, 20)
    assert journal.count_pending("attach", import_run.number) == (0, 0)


def test_files_that_the_next_import_does_not_scan_are_missing(journal: Journal, import_run: ImportRun) -> None:
    journal.end_import(import_run.number)
    following = journal.begin_import("imp_2", ["/docs"])
    journal.update_file(1, source_file("a.txt"), "", following.number, has_new_attributes=False)

    assert journal.mark_missing(["/other"], following.number) == 0
    assert journal.mark_missing(["/"], following.number) == 1
    assert [entry.upload_name for entry in journal.list_pending("remove", after=0, limit=10)] == ["b.txt"]


def test_a_rejected_file_is_not_missing(journal: Journal, import_run: ImportRun) -> None:
    journal.end_import(import_run.number)
    following = journal.begin_import("imp_2", ["/docs"])
    journal.mark_rejected(1, following.number)
    journal.mark_rejected(2, following.number)

    assert journal.mark_missing(["/docs"], following.number) == 0


def test_a_file_that_returns_during_its_removal_is_uploaded_again(journal: Journal, import_run: ImportRun) -> None:
    [entry, _] = journal.list_pending("upload", after=0, limit=10)
    journal.record_upload(entry, "file-1", "hash", "1")
    journal.set_state(entry.number, "completed", "remove")

    journal.cancel_removal(entry.number)

    row = journal.find_row("/docs/a.txt")
    assert row is not None
    assert (row["state"], row["todo"], row["file_id"]) == ("none", "upload", None)
    assert journal.list_superseded(10) == []  # the old version stays until the new one is completed

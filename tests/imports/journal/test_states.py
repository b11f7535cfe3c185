"""States and outcomes of files in the journal."""

from ingest.imports.journal import ImportRun, Journal


def test_outcomes_are_counted_and_failures_listed_with_reasons(journal: Journal, import_run: ImportRun) -> None:
    journal.set_state(1, "failed", "", "The file is encrypted.")
    journal.add_problem(import_run.number, "c.txt", "Not a regular file")

    assert journal.count_outcomes(import_run.number) == {"failed": 1, "not_uploaded": 1}
    assert list(journal.list_failures(import_run.number)) == [
        ("a.txt", "failed", None, "The file is encrypted."),
        ("b.txt", "not_uploaded", None, "The file is not uploaded"),
        ("c.txt", "not_uploaded", None, "Not a regular file"),
    ]


def test_a_listing_is_replaced_by_the_next_one(journal: Journal) -> None:
    journal.save_listing(["file-1", "file-1", "file-2"])
    journal.save_listing(["file-3"])

    assert [journal.is_listed(file_id) for file_id in ("file-1", "file-3")] == [False, True]


def test_failed_files_are_attached_and_refused_ones_uploaded_again(journal: Journal, import_run: ImportRun) -> None:
    journal.set_state(1, "failed", "")
    journal.set_state(2, "refused", "")

    assert journal.requeue_failed(import_run.number) == 2
    assert [entry.number for entry in journal.list_pending("attach", after=0, limit=10)] == [1]
    assert [entry.number for entry in journal.list_pending("upload", after=0, limit=10)] == [2]


def test_files_are_paged_by_number(journal: Journal, import_run: ImportRun) -> None:
    journal.set_state(1, "completed", "")
    journal.set_state(2, "failed", "")

    entries = journal.list_in_states(("completed", "failed"), after=1, limit=10)

    assert [entry.number for entry in entries] == [2]

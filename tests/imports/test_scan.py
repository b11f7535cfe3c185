"""The scan: next actions of new, changed, unchanged and rejected files."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ingest import ids
from ingest.imports.journal import ImportRun, Journal
from ingest.imports.patterns import PathAttributes
from ingest.imports.scan import AttributeRules, ScanCounts, scan_sources
from ingest.imports.source_files import SourceFile, SourceProblem

FILE = SourceFile("/docs/law/a.txt", "law/a.txt", "law/a.txt", "a.txt", "/docs", 5, "1")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.db")
    yield journal
    journal.close()


def scan(
    journal: Journal, *items: SourceFile | SourceProblem, rules: AttributeRules | None = None
) -> tuple[ImportRun, ScanCounts]:
    """Scan these items as a new import, and end it."""
    import_run = journal.begin_import(ids.new("imp_"), ["/docs"])
    rules = rules or AttributeRules({}, PathAttributes([]))
    with journal.transaction() as transaction:
        counts = scan_sources(journal, import_run, items, rules, lambda _: None, transaction)
    journal.end_import(import_run.number)
    return import_run, counts


def complete(journal: Journal) -> None:
    """Record that the file was uploaded and completed."""
    [entry] = journal.list_pending("upload", after=0, limit=10)
    journal.record_upload(entry, "file-1", "hash", entry.fingerprint)
    journal.set_state(entry.number, "completed", "")


def pending(journal: Journal, import_run: ImportRun) -> dict[str, int]:
    """Return the number of files by next action."""
    counts = {
        "upload": journal.count_pending("upload", import_run.number)[0],
        "attach": journal.count_pending("attach", import_run.number)[0],
    }
    return {action: count for action, count in counts.items() if count}


def test_a_new_file_is_uploaded(journal: Journal) -> None:
    import_run, counts = scan(journal, FILE)

    assert counts == ScanCounts(files=1)
    assert pending(journal, import_run) == {"upload": 1}


def test_a_file_that_several_sources_name_is_counted_once(journal: Journal) -> None:
    _, counts = scan(journal, FILE, replace(FILE, source="/docs/law"))

    assert counts.files == 1


def test_an_unchanged_file_needs_no_action(journal: Journal) -> None:
    scan(journal, FILE)
    complete(journal)

    import_run, counts = scan(journal, FILE)

    assert counts == ScanCounts(files=1, unchanged=1)
    assert pending(journal, import_run) == {}


@pytest.mark.parametrize("change", [{"size": 6}, {"fingerprint": "2"}, {"upload_name": "b.txt"}])
def test_a_changed_file_is_uploaded_again(journal: Journal, change: dict[str, object]) -> None:
    scan(journal, FILE)
    complete(journal)

    import_run, counts = scan(journal, replace(FILE, **change))  # type: ignore[arg-type] # one field of the file

    assert counts.unchanged == 0
    assert pending(journal, import_run) == {"upload": 1}


def test_new_attributes_are_attached_without_an_upload(journal: Journal) -> None:
    scan(journal, FILE)
    complete(journal)

    import_run, _ = scan(journal, FILE, rules=AttributeRules({"year": 2026}, PathAttributes(["{part}/*"])))

    assert pending(journal, import_run) == {"attach": 1}
    [entry] = journal.list_pending("attach", after=0, limit=10)
    assert entry.attributes == {"year": 2026, "part": "law"}


def test_problems_are_recorded_and_hidden_files_make_the_scan_incomplete(journal: Journal) -> None:
    import_run, counts = scan(
        journal, replace(FILE, size=0), SourceProblem("law/b.txt", "Not a regular file"),
        SourceProblem("law", "Permission denied", hides_files=True),
    )  # fmt: skip

    assert counts == ScanCounts(problems=3, is_incomplete=True)
    assert [(path, reason) for path, _, _, reason in journal.list_failures(import_run.number)] == [
        ("law", "Permission denied"), ("law/a.txt", "The file is empty"), ("law/b.txt", "Not a regular file"),
    ]  # fmt: skip


def test_a_file_that_became_empty_keeps_its_version_in_the_store(journal: Journal) -> None:
    scan(journal, FILE)
    complete(journal)

    import_run, _ = scan(journal, replace(FILE, size=0))

    assert journal.mark_missing(["/docs"], import_run.number) == 0


def test_manifest_attributes_override_path_attributes_and_these_override_fixed_ones() -> None:
    rules = AttributeRules({"a": "fixed", "part": "fixed", "x": 1}, PathAttributes(["{part}/*"]))

    assert rules.apply(replace(FILE, attributes={"a": "manifest"})) == {"a": "manifest", "part": "law", "x": 1}

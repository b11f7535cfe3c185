"""The journal of a scheduled import: rebuilt from the rows of the service, and the headers of uploads."""

from pathlib import Path

from ingest.imports.journal import JournalEntry
from ingest.imports.service_journal import ServiceJournal, parse_upload_headers, upload_headers
from tests.fakes import FakeServices
from tests.imports.mirror_scenes import create_mirror, run_to_end


def test_the_headers_of_an_upload_carry_any_name() -> None:
    entry = JournalEntry(1, "/docs/caf\udce9\n.txt", "x", "Überfahrt.txt", 1, "7", {}, None, None, "none")

    origin = parse_upload_headers(upload_headers(entry, "7"), schedule=3, fence=2)

    assert origin is not None
    assert (origin.schedule, origin.fence, origin.source) == (3, 2, b"/docs/caf\xe9\n.txt")
    assert (origin.name, origin.fingerprint) == ("Überfahrt.txt", "7")


def test_a_request_without_headers_is_no_upload() -> None:
    assert parse_upload_headers({}, schedule=3, fence=2) is None


def test_a_new_journal_knows_what_earlier_runs_imported(
    services: FakeServices, documents: Path, tmp_path: Path
) -> None:
    schedule = run_to_end(services, create_mirror(services, documents), tmp_path)

    journal = ServiceJournal(tmp_path / "new.db", services.database, schedule.row, schedule.fence)
    journal.load()

    completed = journal.list_in_states(("completed",), after=0, limit=10)
    assert sorted(entry.upload_name for entry in completed) == ["a.txt", "b.txt", "c.txt"]
    assert {entry.address for entry in completed} == {str(path) for path in documents.rglob("*.txt")}
    assert journal.list_pending("attach", after=0, limit=10) == []
    journal.close()

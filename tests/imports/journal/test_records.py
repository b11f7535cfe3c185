"""Records of the journal, whatever bytes a file name has."""

from dataclasses import replace

from ingest.imports.journal import ImportRun, Journal, source_to_text
from tests.imports.journal.conftest import source_file


def test_an_address_that_is_not_text_survives_the_journal(journal: Journal, import_run: ImportRun) -> None:
    address = "/docs/caf\udce9.txt"
    journal.add_file(replace(source_file("c.txt"), address=address, attributes={"year": 2026}), "upload", 1)

    *_, entry = journal.list_pending("upload", after=0, limit=10)

    assert (entry.address, entry.upload_name, entry.attributes) == (address, "c.txt", {"year": 2026})


def test_a_source_that_is_not_text_becomes_text() -> None:
    assert source_to_text("/caf\udce9") == "/caf\\xe9"

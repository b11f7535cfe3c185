"""A journal with an import that has scanned two files."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.imports.journal import ImportRun, Journal
from ingest.imports.source_files import SourceFile


def source_file(name: str) -> SourceFile:
    """Return a file of the source /docs."""
    return SourceFile(f"/docs/{name}", name, name, name, "/docs", 10, "1")


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal.db")
    yield journal
    journal.close()


@pytest.fixture
def import_run(journal: Journal) -> ImportRun:
    """An import with the new files a.txt (number 1) and b.txt (number 2)."""
    import_run = journal.begin_import("imp_1", ["/docs"])
    for name in ("a.txt", "b.txt"):
        journal.add_file(source_file(name), "upload", import_run.number)
    return import_run

"""Transactions of a journal, and journals that cannot be opened."""

from pathlib import Path

import pytest

from ingest.errors import Refused
from ingest.imports.journal import Journal
from tests.imports.journal.conftest import source_file


def test_a_discarded_transaction_changes_nothing(journal: Journal) -> None:
    with journal.transaction(keep=False):
        journal.add_file(source_file("a.txt"), "upload", 1)

    assert journal.find_row("/docs/a.txt") is None


def test_an_exception_rolls_a_transaction_back(journal: Journal) -> None:
    def fail() -> None:
        with journal.transaction():
            journal.add_file(source_file("a.txt"), "upload", 1)
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fail()

    assert journal.find_row("/docs/a.txt") is None


def test_many_changes_are_committed_in_parts(journal: Journal, tmp_path: Path) -> None:
    reader = Journal(tmp_path / "journal.db")

    with journal.transaction() as transaction:
        for number in range(1_001):
            journal.add_file(source_file(f"{number}.txt"), "upload", 1)
            transaction.count_change()

        assert reader.find_row("/docs/999.txt") is not None
        assert reader.find_row("/docs/1000.txt") is None
    assert reader.find_row("/docs/1000.txt") is not None
    reader.close()


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(Refused, match="Choose another folder with --journal"):
        Journal(tmp_path / "file" / "journal.db")

"""Journals of stores: exclusive writers, and imports that are begun, resumed and listed."""

from pathlib import Path

import pytest

from ingest.errors import Refused
from ingest.imports.journal import Journal, default_folder, open_all


def open_journal(folder: Path, store_id: str = "vs_0") -> Journal:
    return Journal.open_for_store(folder, "http://127.0.0.1/v1", store_id, "demo")


def test_a_second_writer_of_a_journal_is_refused(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)

    with pytest.raises(Refused, match="Another import into the store demo"):
        open_journal(tmp_path)
    journal.close()
    open_journal(tmp_path).close()


def test_each_store_has_its_own_journal(tmp_path: Path) -> None:
    for store_id in ("vs_0", "vs_1"):
        open_journal(tmp_path, store_id).close()

    journals = list(open_all(tmp_path))

    assert {journal.read_store()["store_id"] for journal in journals} == {"vs_0", "vs_1"}
    for journal in journals:
        journal.close()


def test_an_interrupted_import_with_the_same_sources_is_resumed(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    first = journal.begin_import("imp_1", ["/a", "/b"])

    resumed = journal.begin_import("imp_2", ["/b", "/a"])
    journal.end_import(resumed.number)
    new = journal.begin_import("imp_3", ["/a", "/b"])
    other = journal.begin_import("imp_4", ["/a"])

    assert (resumed.id, new.id, other.id) == ("imp_1", "imp_3", "imp_4")
    assert first.number < resumed.number < new.number < other.number
    assert [row["id"] for row in journal.list_imports()] == ["imp_4", "imp_3", "imp_1"]
    journal.close()


def test_journals_are_below_the_state_folder_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))

    assert default_folder() == tmp_path / "ingest" / "imports"

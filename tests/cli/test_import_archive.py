"""`ingest import-archive` refuses what it cannot do. Round trips are in tests/stories."""

from pathlib import Path

from tests.cli.conftest import Command


def test_an_import_without_a_data_folder_is_an_error_in_one_line(ingest: Command, tmp_path: Path) -> None:
    (tmp_path / "a.archive").write_text("no archive")

    ended = ingest("import-archive", tmp_path / "a.archive", "--data", tmp_path / "nothing")

    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)

"""`ingest export` refuses what it cannot do. Round trips are in tests/stories."""

from pathlib import Path

from tests.cli.conftest import Command


def test_an_export_without_a_data_folder_is_an_error_in_one_line(ingest: Command, tmp_path: Path) -> None:
    ended = ingest("export", "vs_1", tmp_path / "a.archive", "--data", tmp_path / "nothing")

    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert not (tmp_path / "a.archive").exists()

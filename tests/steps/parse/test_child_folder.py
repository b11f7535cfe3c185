"""The folders of a parser process."""

import errno
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from ingest.steps.parse.child_folder import ChildFolder


@pytest.fixture(autouse=True)
def _temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))


def test_the_file_is_a_link_in_the_data_folder(tmp_path: Path) -> None:
    (tmp_path / "blob").write_text("text")
    folder = ChildFolder(tmp_path)

    placed = folder.place(tmp_path / "blob")

    assert placed.stat().st_ino == (tmp_path / "blob").stat().st_ino
    assert placed.is_relative_to(tmp_path / "run")
    folder.remove()
    assert not placed.exists()
    assert (tmp_path / "blob").read_text() == "text"


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP])
def test_where_no_link_is_possible_the_file_is_copied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refuse)
    (tmp_path / "blob").write_text("text")
    folder = ChildFolder(tmp_path / "no data folder")

    assert folder.place(tmp_path / "blob").read_text() == "text"
    folder.remove()
    assert list((tmp_path / "temporary").iterdir()) == []


def test_the_next_file_replaces_the_last_one(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).write_text(name)
    folder = ChildFolder(None)

    folder.place(tmp_path / "one")

    assert folder.place(tmp_path / "two").read_text() == "two"
    folder.remove()


def test_the_folders_of_a_killed_worker_are_deleted(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    temporary = tmp_path / "temporary"
    orphan = temporary / f"ingest-parser@{socket.gethostname()}@{ended.pid}@x"
    others = temporary / f"ingest-parser@another-machine@{ended.pid}@x"
    for made in (orphan, others):
        made.mkdir()

    folder = ChildFolder(None)

    assert not orphan.exists()
    assert others.exists()
    folder.remove()


def test_the_last_line_of_standard_error_is_kept(tmp_path: Path) -> None:
    folder = ChildFolder(None)
    assert folder.last_error_line() == ""

    folder.errors.write_text("Traceback\nModuleNotFoundError: No module named 'x'\n\n")

    assert folder.last_error_line() == "ModuleNotFoundError: No module named 'x'"
    folder.remove()

"""Files that other users cannot read."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.runtime.private_files import public_files, restrict_data_folder, restrict_new_files


@pytest.fixture(autouse=True)
def _mask() -> Iterator[None]:
    mask = os.umask(0o022)
    yield
    os.umask(mask)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_new_files_and_folders_are_for_their_owner_only_except_published_ones(tmp_path: Path) -> None:
    restrict_new_files()
    (tmp_path / "private").mkdir()
    (tmp_path / "private" / "file").touch()
    with public_files():
        (tmp_path / "model").touch()
    (tmp_path / "later").touch()

    modes = [mode(tmp_path / name) for name in ("private", "private/file", "model", "later")]
    assert modes == [0o700, 0o600, 0o644, 0o600]


def test_a_data_folder_of_an_earlier_release_is_closed_to_others(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for folder in ("blobs/raw", "logs", "run", "vectors", "own"):
        (data / folder).mkdir(parents=True)
    for file in ("ingest.db", "logs/api.log", "run/urls.json", "own/notes"):
        (data / file).touch()

    changed = restrict_data_folder(data)

    assert changed == 8  # the folder, four folders of the service, and three of its files
    assert mode(data) == mode(data / "blobs") == mode(data / "vectors") == 0o700
    assert mode(data / "ingest.db") == mode(data / "logs" / "api.log") == mode(data / "run" / "urls.json") == 0o600
    assert mode(data / "own") == 0o755  # not ours; nobody enters the folder above it
    assert restrict_data_folder(data) == 0


def test_a_shared_folder_and_targets_of_links_stay_as_they_are(tmp_path: Path) -> None:
    shared, elsewhere = tmp_path / "shared", tmp_path / "elsewhere"
    for folder in (shared, elsewhere):
        folder.mkdir()
    shared.chmod(0o1777)
    (shared / "blobs").symlink_to(elsewhere)
    (shared / "ingest.db").touch()

    assert restrict_data_folder(shared) == 1
    assert (mode(shared), mode(elsewhere), mode(shared / "ingest.db")) == (0o1777, 0o755, 0o600)

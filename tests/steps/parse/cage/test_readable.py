"""What the parser process may read."""

import sys
import sysconfig
from pathlib import Path

import pytest

from ingest.steps.parse.cage.readable import readable_paths

HANDLERS = "ingest.steps.parse.formats"


def test_python_its_packages_and_this_package_are_readable() -> None:
    paths = readable_paths(HANDLERS, [])

    for needed in (sysconfig.get_path("stdlib"), sysconfig.get_path("purelib"), Path(__file__).parents[4] / "ingest"):
        assert any(Path(needed).is_relative_to(path) for path in paths), needed
    assert not {Path("/"), Path("/proc"), Path("/tmp"), Path.home(), Path("/etc")} & set(paths)


def test_a_private_folder_below_a_readable_one_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("project/library", "project/deep/data/blobs", "project/deep/other"):
        (tmp_path / name).mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "project")])

    paths = {path for path in readable_paths(HANDLERS, [tmp_path / "project/deep/data"]) if tmp_path in path.parents}

    assert paths == {tmp_path / "project/library", tmp_path / "project/deep/other"}


def test_entries_of_the_import_path_that_are_no_libraries_are_not_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(sys, "path", [*sys.path, "", "/", "relative", str(tmp_path)])

    paths = readable_paths(HANDLERS, [])

    assert not {Path("/"), tmp_path, Path("relative")} & set(paths)

"""Globs and walks stay inside the import roots, even while folders are replaced by links."""

import glob
import os
from pathlib import Path

import pytest

from ingest.errors import Refused
from ingest.imports.globs import expand_glob
from ingest.imports.import_roots import ImportRoots
from ingest.imports.patterns import PathFilter
from ingest.imports.sources import FolderWalker, check_source, list_files
from tests.imports.test_import_roots import import_roots


def test_a_glob_with_matches_only_outside_the_roots_matches_nothing(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()
    (tmp_path / "secret").mkdir()
    (tmp_path / "root" / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "secret" / "salaries.txt").write_text("x")

    with pytest.raises(Refused, match="No path matches"):
        check_source(f"{tmp_path}/root/*/salaries.txt", import_roots(tmp_path / "root"))


class RootsWithSwappedFolder(ImportRoots):
    """Import roots during an attack: a folder is replaced by a link out of the roots right after it was checked, and
    restored before the next check."""

    def allows(self, path: str) -> bool:
        if os.path.basename(path) == "key.txt":
            self._swap()
        return super().allows(path)

    def _allows_real_path(self, real: str) -> bool:
        is_allowed = super()._allows_real_path(real)
        if os.path.basename(real) == "sub":
            self._swap()
        return is_allowed

    def _swap(self) -> None:
        root = Path(self.folders[0])
        now, then = ("link", "true") if (root / "sub").is_symlink() else ("true", "link")
        (root / "sub").rename(root.parent / now)
        (root.parent / then).rename(root / "sub")


@pytest.fixture
def swapped_folder(tmp_path: Path) -> Path:
    """An import root with the folder `sub`, and next to the root a link to a folder outside it."""
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "key.txt").write_text("secret")
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    (tmp_path / "root" / "sub").mkdir(parents=True)
    (tmp_path / "root" / "sub" / "a.txt").write_text("root")
    return tmp_path / "root"


def listed_names(root: Path, source: str) -> set[str]:
    """Return the names of the files and problems that a walk of a source yields."""
    return {
        os.path.basename(item.display_path)
        for item in list_files([source], FolderWalker(PathFilter(), RootsWithSwappedFolder(folders=(str(root),))))
    }


def test_a_folder_replaced_by_a_link_during_a_walk_reveals_no_names(swapped_folder: Path) -> None:
    assert listed_names(swapped_folder, str(swapped_folder)) == {"a.txt"}


@pytest.mark.parametrize("pattern", ["*/*", "**", "**/*.txt", "s?b/*"])
@pytest.mark.parametrize("link_first", [False, True])
def test_a_folder_replaced_by_a_link_during_a_glob_reveals_no_names(
    swapped_folder: Path, pattern: str, link_first: bool
) -> None:
    if link_first:
        (swapped_folder / "sub").rename(swapped_folder.parent / "true")
        (swapped_folder.parent / "link").rename(swapped_folder / "sub")

    assert "key.txt" not in listed_names(swapped_folder, f"{swapped_folder}/{pattern}")


@pytest.mark.parametrize(
    "pattern",
    [
        "*", "*.txt", "**", "**/*", "**/*.txt", "*/*.txt", "a/**", "a/**/c.txt", "a/b*/[cd].txt", ".*", ".*/*", "*/", "a/*/",
        "**/b/*", "?.txt", "nowhere/*", "*/nowhere", "**/**", "a/*/../*.txt",
    ],
)  # fmt: skip
def test_a_glob_inside_a_root_agrees_with_the_glob_module(tmp_path: Path, pattern: str) -> None:
    for name in ("r.txt", "a/x.txt", "a/b/c.txt", "a/b/d.txt", "a/b2/c.txt", ".hidden/y.txt", "a/.z.txt", "e/[f].txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "twin").symlink_to(tmp_path / "a")

    matches = list(expand_glob(f"{tmp_path}/{pattern}", import_roots(tmp_path)))

    plain = {os.path.normpath(item) for item in glob.iglob(f"{tmp_path}/{pattern}", recursive=True)}
    assert {os.path.normpath(item) for item in matches} == plain


def test_a_loop_of_links_ends_a_glob(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.txt").write_text("x")
    for name in ("one", "two", "three"):
        (tmp_path / "a" / name).symlink_to(tmp_path)

    matches = list(expand_glob(f"{tmp_path}/**/*.txt", import_roots(tmp_path)))

    assert f"{tmp_path}/a/x.txt" in matches
    assert len(matches) < 10

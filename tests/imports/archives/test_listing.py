"""The members of zip and tar archives."""

from pathlib import Path

import pytest

from ingest.imports.archives import Member, MemberProblem, list_members
from tests.imports.archives.builders import encrypted, tarred, zipped


def members(tmp_path: Path, data: bytes) -> dict[str, int | str]:
    """Return the size of each member by its name, or the problem."""
    path = tmp_path / "archive"
    path.write_bytes(data)
    listed = list_members(str(path))
    assert listed is not None
    return {item.name: item.size if isinstance(item, Member) else item.reason for item in listed}


def test_a_zip_lists_its_files(tmp_path: Path) -> None:
    assert members(tmp_path, zipped({"a.txt": b"abc", "in/": b"", "in/b.txt": b"x"})) == {"a.txt": 3, "in/b.txt": 1}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_lists_its_files_however_it_is_compressed(tmp_path: Path, mode: str) -> None:
    assert members(tmp_path, tarred({"a.txt": b"abc", "in/b.txt": b"x"}, mode)) == {"a.txt": 3, "in/b.txt": 1}


def test_archives_in_archives_are_opened_one_level_deep(tmp_path: Path) -> None:
    deepest = zipped({"c.txt": b"c"})
    inner = tarred({"b.txt": b"b", "deep.zip": deepest})

    assert members(tmp_path, zipped({"in/inner.tgz": inner, "a.txt": b"a"})) == {
        "in/inner.tgz/b.txt": 1,
        "in/inner.tgz/deep.zip": "Archives are nested more than 2 levels deep",
        "a.txt": 1,
    }


def test_a_member_that_cannot_be_read_is_listed_with_its_problem(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"in.zip": encrypted(zipped({"secret.txt": b"s"})), "open.txt": b"o"}))

    items = list_members(str(path))

    assert items is not None
    assert next(items) == MemberProblem("in.zip/secret.txt", "The member is encrypted")
    assert [item.name for item in items] == ["open.txt"]


def test_a_damaged_archive_in_an_archive_hides_files(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"inner.tgz": tarred({"a.txt": b"a" * 5000})[:-20]}))

    items = list_members(str(path))

    assert items is not None
    assert list(items) == [MemberProblem("inner.tgz", "The archive is damaged", hides_files=True)]


def test_another_file_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("Not a zip")

    assert list_members(str(tmp_path / "a.zip")) is None

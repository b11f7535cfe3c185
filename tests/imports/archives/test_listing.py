"""The members of zip and tar archives."""

import io
import tarfile
from pathlib import Path

import pytest

from ingest.imports.archives import Member, MemberProblem, list_members
from ingest.imports.archives import formats as archive_formats
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


def test_an_encrypted_member_is_a_problem_and_the_others_are_listed(tmp_path: Path) -> None:
    data = encrypted(zipped({"secret.txt": b"s", "open.txt": b"o"}))

    assert members(tmp_path, data) == {"secret.txt": "The member is encrypted", "open.txt": 1}


def test_links_in_a_tar_are_problems(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        link = tarfile.TarInfo("passwd")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)

    assert members(tmp_path, buffer.getvalue()) == {"passwd": "Not a regular file"}


def test_a_damaged_archive_in_an_archive_hides_files(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(zipped({"inner.tgz": tarred({"a.txt": b"a" * 5000})[:-20]}))

    items = list_members(str(path))

    assert items is not None
    assert list(items) == [MemberProblem("inner.tgz", "The archive is damaged", hides_files=True)]


def test_another_file_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_text("Not a zip")

    assert list_members(str(tmp_path / "a.zip")) is None


@pytest.mark.parametrize("cut", [1, 200])
def test_a_damaged_tar_raises_an_error(tmp_path: Path, cut: int) -> None:
    (tmp_path / "a.tgz").write_bytes(tarred({"a.txt": bytes(range(256)) * 90})[:-cut])

    with pytest.raises(OSError, match="The archive is damaged"):
        list_members(str(tmp_path / "a.tgz"))


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_formats, "MIN_BYTES_FOR_RATIO", 10_000)
    monkeypatch.setattr(archive_formats, "MAX_RATIO", 10)
    for name, data in {"a.zip": zipped({"zeros": bytes(10**6)}), "a.tgz": tarred({"zeros": bytes(10**6)})}.items():
        (tmp_path / name).write_bytes(data)

        with pytest.raises(OSError, match="would grow from"):
            list_members(str(tmp_path / name))


def test_an_archive_of_too_many_members_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_formats, "MAX_MEMBERS", 2)
    (tmp_path / "a.tar").write_bytes(tarred(dict.fromkeys("abc", b"x"), "w"))

    with pytest.raises(OSError, match="more than 2 members"):
        list_members(str(tmp_path / "a.tar"))


def test_names_in_utf_8_without_its_flag_are_read(tmp_path: Path) -> None:
    # The name is stored as cp437, which Python takes for these bytes.
    data = zipped({"gr_e.txt": b"x"}).replace(b"gr_e.txt", b"gr\xc3\xbc.txt")

    assert members(tmp_path, data) == {"grü.txt": 1}

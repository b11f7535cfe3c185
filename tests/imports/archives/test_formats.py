"""Zip and tar archives: their members, copies of them, and the bounds for what they unpack to."""

import io
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from ingest.imports.archives import formats as archive_formats
from ingest.imports.archives.formats import open_archive
from tests.imports.archives.builders import encrypted, tarred, zipped


def members(tmp_path: Path, data: bytes) -> dict[str, int | str]:
    """Return the size of each member by its name, or the problem."""
    path = tmp_path / "archive"
    path.write_bytes(data)
    archive = open_archive(str(path))
    assert archive is not None
    with closing(archive):
        return {name: entry.problem or entry.size for name, entry in archive.entries.items()}


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


@pytest.mark.parametrize("cut", [1, 200])
def test_a_damaged_tar_raises_an_error(tmp_path: Path, cut: int) -> None:
    (tmp_path / "a.tgz").write_bytes(tarred({"a.txt": bytes(range(256)) * 90})[:-cut])

    with pytest.raises(OSError, match="The archive is damaged"):
        open_archive(str(tmp_path / "a.tgz"))


def test_an_archive_that_unpacks_to_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_formats, "MIN_BYTES_FOR_RATIO", 10_000)
    monkeypatch.setattr(archive_formats, "MAX_RATIO", 10)
    for name, data in {"a.zip": zipped({"zeros": bytes(10**6)}), "a.tgz": tarred({"zeros": bytes(10**6)})}.items():
        (tmp_path / name).write_bytes(data)

        with pytest.raises(OSError, match="would grow from"):
            open_archive(str(tmp_path / name))


def test_an_archive_of_too_many_members_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive_formats, "MAX_MEMBERS", 2)
    (tmp_path / "a.tar").write_bytes(tarred(dict.fromkeys("abc", b"x"), "w"))

    with pytest.raises(OSError, match="more than 2 members"):
        open_archive(str(tmp_path / "a.tar"))


def test_names_in_utf_8_without_its_flag_are_read(tmp_path: Path) -> None:
    # The name is stored as cp437, which Python takes for these bytes.
    data = zipped({"gr_e.txt": b"x"}).replace(b"gr_e.txt", b"gr\xc3\xbc.txt")

    assert members(tmp_path, data) == {"grü.txt": 1}


ARCHIVES: dict[str, Callable[[dict[str, bytes]], bytes]] = {
    "zip": zipped,
    "tar": lambda content: tarred(content, "w"),
    "tgz": tarred,
}


@pytest.mark.parametrize("kind", ARCHIVES)
def test_members_are_copied_in_any_order(tmp_path: Path, kind: str) -> None:
    contents = {"a.txt": b"abc" * 1000, "in/b.txt": b"x", "empty": b""}
    (tmp_path / "archive").write_bytes(ARCHIVES[kind](contents))
    archive = open_archive(str(tmp_path / "archive"))
    assert archive is not None
    copied = {}
    with closing(archive):
        for name in reversed(archive.entries):
            target = io.BytesIO()
            archive.copy(archive.entries[name], target)
            copied[name] = target.getvalue()

    assert copied == contents


@pytest.mark.parametrize("kind", ARCHIVES)
def test_names_are_safe_and_members_of_the_same_name_replace_each_other(tmp_path: Path, kind: str) -> None:
    data = ARCHIVES[kind]({"../../a.txt": b"1", "C:\\in\\b.txt": b"22", "/a.txt": b"333", "..": b"4444"})

    assert members(tmp_path, data) == {"a.txt": 3, "in/b.txt": 2}


def test_a_changed_member_has_another_fingerprint(tmp_path: Path) -> None:
    found = []
    for content in (b"one", b"two", b"one"):
        (tmp_path / "a.zip").write_bytes(zipped({"x": content}))
        archive = open_archive(str(tmp_path / "a.zip"))
        assert archive is not None
        with closing(archive):
            found.append(archive.entries["x"].fingerprint)

    assert found[0] == found[2] != found[1]


def test_a_zip_with_a_wrong_checksum_raises_an_error_when_it_is_copied(tmp_path: Path) -> None:
    content = bytes(range(256))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as stored:
        stored.writestr("x", content)
    (tmp_path / "a.zip").write_bytes(buffer.getvalue().replace(content, bytes(256)))
    archive = open_archive(str(tmp_path / "a.zip"))
    assert archive is not None

    with closing(archive), pytest.raises(OSError, match="The archive is damaged"):
        archive.copy(archive.entries["x"], io.BytesIO())


@pytest.mark.parametrize("data", [b"", b"Not an archive", b"\0" * 600])
def test_other_files_are_no_archives(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.zip").write_bytes(data)

    assert open_archive(str(tmp_path / "a.zip")) is None

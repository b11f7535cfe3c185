"""Members of archives as local files."""

from pathlib import Path

import pytest

from ingest.imports.archives import ArchiveReader
from tests.imports.archives.builders import encrypted, tarred, zipped


def test_members_are_copied_in_any_order(tmp_path: Path) -> None:
    reader = ArchiveReader()
    for name, data in {"a.zip": zipped({"x": b"1", "y": b"2"}), "b.tgz": tarred({"x": b"3", "y": b"4"})}.items():
        (tmp_path / name).write_bytes(data)
    copied = []

    for archive, member in [("a.zip", "y"), ("b.tgz", "y"), ("b.tgz", "x"), ("a.zip", "x")]:
        reader.copy(str(tmp_path / archive), member, tmp_path / "copy")
        copied.append((tmp_path / "copy").read_bytes())
    reader.close()

    assert copied == [b"2", b"4", b"3", b"1"]


def test_a_member_of_an_archive_in_an_archive_is_copied(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(zipped({"in/b.zip": zipped({"c/d.txt": b"deep"})}))
    reader = ArchiveReader()

    reader.copy(str(tmp_path / "a.zip"), "in/b.zip/c/d.txt", tmp_path / "copy")

    assert (tmp_path / "copy").read_bytes() == b"deep"


def test_more_archives_than_are_kept_open_are_read(tmp_path: Path) -> None:
    reader = ArchiveReader()
    for number in range(12):
        (tmp_path / f"{number}.zip").write_bytes(zipped({"in.zip": zipped({"x": str(number).encode()})}))

        reader.copy(str(tmp_path / f"{number}.zip"), "in.zip/x", tmp_path / "copy")

        assert (tmp_path / "copy").read_text() == str(number)


def test_a_changed_archive_is_opened_again(tmp_path: Path) -> None:
    reader = ArchiveReader()
    for content in (b"old", b"newer"):
        (tmp_path / "a.zip").write_bytes(zipped({"x": content}))

        reader.copy(str(tmp_path / "a.zip"), "x", tmp_path / "copy")

        assert (tmp_path / "copy").read_bytes() == content


@pytest.mark.parametrize(
    ("data", "member", "message"),
    [
        (zipped({"x": b"1"}), "gone", "no longer has this member"),
        (encrypted(zipped({"x": b"1"})), "x", "encrypted"),
        (zipped({"x": bytes(range(256))}).replace(bytes(range(20, 30)), bytes(10), 1), "x", "damaged"),
        (b"not a zip", "x", "no longer has this member"),
    ],
)
def test_a_member_that_cannot_be_read_raises_an_error(tmp_path: Path, data: bytes, member: str, message: str) -> None:
    (tmp_path / "a.zip").write_bytes(data)

    with pytest.raises(OSError, match=message):
        ArchiveReader().copy(str(tmp_path / "a.zip"), member, tmp_path / "copy")

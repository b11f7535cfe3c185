"""Addresses of members of archives."""

from pathlib import Path

import pytest

from ingest.imports.archives.addresses import is_archive_name, safe_member_name, split_address


@pytest.mark.parametrize("name", ["a.zip", "A.ZIP", "a.tar", "a.tar.gz", "a.tgz", "a.tar.bz2", "a.tar.xz", "dir/a.txz"])
def test_archives_are_known_by_their_suffix(name: str) -> None:
    assert is_archive_name(name)


@pytest.mark.parametrize("name", ["a.docx", "a.epub", "a.gz", "zip", "a.zip.txt", "a.7z"])
def test_other_files_are_no_archives(name: str) -> None:
    assert not is_archive_name(name)


def test_an_address_below_a_file_names_a_member(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"x")

    assert split_address(f"{tmp_path}/a.zip/in/b.txt") == (f"{tmp_path}/a.zip", "in/b.txt")


def test_other_addresses_name_no_member(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"x")

    assert split_address(f"{tmp_path}/a.zip") is None
    assert split_address(f"{tmp_path}/missing/b.txt") is None


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("a/b.txt", "a/b.txt"),
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\docs\\a.txt", "docs/a.txt"),
        ("./a//b/../c.txt", "a/b/c.txt"),
        ("..", ""),
    ],
)
def test_names_of_members_stay_below_their_archive(name: str, safe: str) -> None:
    assert safe_member_name(name) == safe

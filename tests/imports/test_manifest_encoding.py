"""Encodings of manifests."""

from pathlib import Path

import pytest

from ingest.errors import Refused
from ingest.imports.manifest import read_manifest
from ingest.imports.patterns import PathFilter
from ingest.imports.source_files import SourceFile
from ingest.imports.sources import FolderWalker


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_a_csv_is_read_in_the_encodings_of_spreadsheets(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "Größe.txt").write_text("x")
    manifest = tmp_path / "list.csv"
    manifest.write_bytes("path;note\r\nGröße.txt;5 € – später\r\n".encode(encoding))

    (file,) = read_manifest(manifest, str(manifest), FolderWalker(PathFilter()))

    assert isinstance(file, SourceFile)
    assert (file.upload_name, file.attributes) == ("Größe.txt", {"note": "5 € – später"})


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("l.csv", b"path\na.txt\n\x81\xff\n", "neither UTF-8, UTF-16 nor windows-1252: see line 3"),
        ("l.csv", b"\xef\xbb\xbfpath\n\xff\n", "is not UTF-8: see line 2"),
        ("l.csv", b"\xff\xfep\0a\0t\0h\0\n\0a", "begins as UTF-16, but line 2 is not"),
        ("l.jsonl", b'{"path": "a.txt"}\n{"path": "\xe4"}\n', "is not UTF-8: see line 2"),
        ("l.csv", "path\na\n".encode("utf-32"), "is UTF-32"),
    ],
)
def test_other_bytes_are_refused_with_the_line(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(data)

    with pytest.raises(Refused, match=reason):
        list(read_manifest(tmp_path / name, str(tmp_path / name), FolderWalker(PathFilter())))

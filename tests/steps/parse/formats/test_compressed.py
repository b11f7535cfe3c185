"""Compressed single files."""

import bz2
import gzip
import io
import lzma
import tarfile
from pathlib import Path

import pytest

from ingest.errors import InvalidFile, UnsupportedFile
from ingest.steps.parse.formats import compressed
from tests.steps.parse.documents import DocumentBuilder, Parse


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_a_compressed_text_is_read(parse: Parse, compress: "type[bytes]") -> None:
    assert parse("notes.txt.gz", compress("Grüße aus Köln".encode())).text == "Grüße aus Köln"


def test_a_compressed_document_is_read_as_its_kind(parse: Parse, documents: DocumentBuilder) -> None:
    parsed = parse("a.docx.gz", gzip.compress(documents.docx(documents.paragraph("words"))))

    assert (parsed.text, parsed.kind) == ("words", "docx")


def test_the_name_in_the_header_tells_the_kind(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with gzip.GzipFile("page.md", "wb", fileobj=buffer) as file:
        file.write(b"<html>as text")
    (tmp_path / "blob").write_bytes(buffer.getvalue())

    assert compressed.read(tmp_path / "blob").text == "<html>as text"


def test_a_compressed_tar_is_an_archive(parse: Parse) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        archive.addfile(tarfile.TarInfo("a.txt"))

    with pytest.raises(UnsupportedFile, match=r"it is an archive.*ingest import"):
        parse("a.tgz", buffer.getvalue())


def test_a_damaged_file_and_a_bomb_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "blob"
    path.write_bytes(gzip.compress(b"words" * 100)[:-12])
    with pytest.raises(InvalidFile, match="damaged"):
        compressed.read(path)

    monkeypatch.setattr(compressed, "_MAX_BYTES", 10**6)
    path.write_bytes(gzip.compress(bytes(3 * 10**6)))
    with pytest.raises(InvalidFile, match="would grow"):
        compressed.read(path)

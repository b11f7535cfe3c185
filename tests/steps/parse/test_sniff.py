"""Detection of the kind of a file."""

import pytest

from ingest.errors import InvalidFile, UnsupportedFile
from ingest.steps.parse.sniff import sniff

HTML = b"<!-- note --><!DOCTYPE html><html><body>x</body></html>"
MAIL = b"From: a@example.com\nMIME-Version: 1.0\nMessage-ID: <1>\nSubject: x\n\nbody"


@pytest.mark.parametrize(
    ("head", "filename", "kind"),
    [
        (b"%PDF-1.7\n", "report.txt", "pdf"),
        (b"junk before\n%PDF-1.7\n", "report.pdf", "pdf"),
        (b"PK\3\4rest", "report.txt", "zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "report", "ole"),
        (b"{\\rtf1 x}", "report.doc", "rtf"),
        (HTML, "page.html", "html"),
        (HTML, "page.txt", "html"),
        (HTML, "page", "html"),
        (HTML, "report.doc", "html"),
        (b"<p>no doctype</p>", "page.htm", "html"),
        (b'<?xml version="1.0"?>\n<html>', "data.xml", "html"),
        (b'<?xml version="1.0"?>\n<r>', "data.xml", "xml"),
        (b'<?xml version="1.0"?>\n<r>', "data", "xml"),
        (MAIL, "mail.eml", "eml"),
        (MAIL, "mail.txt", "eml"),
        (b"Dear you,\nFrom: me\n", "letter.txt", "text"),
        (b"plain", "named.pdf", "text"),
        (b"plain", "named.docx", "text"),
        (b"<html>", "template.py", "text"),
        (b"BMW is a car", "cars.txt", "text"),
        (b"MZ is short", "note.txt", "text"),
        ("\ufeffa,b\n".encode("utf-16-le"), "table.csv", "text"),
        ("\ufeff<html>".encode("utf-16-le"), "page.html", "html"),
    ],
)
def test_the_content_decides_and_then_the_name(head: bytes, filename: str, kind: str) -> None:
    assert sniff(head, filename) == kind


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"\x89PNG\r\n\x1a\n", "an image, and OCR is not configured"),
        (b"\xff\xd8\xff\xe0", "an image"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "an image"),
        (b"BM\1\2\3\4\0\0\0\0\x36\0", "an image"),
        (b"ID3\3\0\0", "an audio file"),
        (b"RIFF\0\0\0\0WAVEfmt ", "an audio file"),
        (b"\0\0\0\x18ftypmp42", "a video"),
        (b"\x1f\x8b\x08\0", "an archive"),
        (b"7z\xbc\xaf\x27\x1c", "an archive"),
        (b"x" * 257 + b"ustar", "an archive"),
        (b"\x7fELF\2", "a program"),
        (b"MZ\x90\0\3", "a program"),
        (b"SQLite format 3\0", "a database"),
    ],
)
def test_formats_without_text_are_refused_with_their_description(head: bytes, what: str) -> None:
    with pytest.raises(UnsupportedFile, match=f"The file type is not supported: it is {what}"):
        sniff(head, "file.txt")


def test_unknown_binary_content_is_not_supported() -> None:
    with pytest.raises(UnsupportedFile, match=r"^The file type is not supported\.$"):
        sniff(bytes(range(32)) * 8, "file.bin")


def test_binary_content_under_the_name_of_a_document_is_invalid() -> None:
    with pytest.raises(InvalidFile, match=r"named \.docx"):
        sniff(bytes(range(32)) * 8, "report.docx")

"""Detection of the kind of a file."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import FileError, InvalidFile, UnsupportedFile
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
        ("\n<!DOCTYPE html><html>".encode("utf-16-be"), "page.html", "html"),
        # noise before the content
        (b"\n\n\n%PDF-1.7\n", "report", "pdf"),
        (b"\xef\xbb\xbf%PDF-1.4", "report.txt", "pdf"),
        (b"\0\0\0%PDF-1.4", "report.bin", "pdf"),
        (b"HTTP/1.1 200 OK\r\nContent-Type: application/pdf\r\n\r\n%PDF-1.4\n", "download", "pdf"),
        (b"Printed by the spooler\n%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", "job.dat", "pdf"),
        (b"\xef\xbb\xbf{\\rtf1 x}", "report.rtf", "rtf"),
        (b"\r\n {\\rtf1 x}", "report.doc", "rtf"),
        (b"\xef\xbb\xbfPK\3\4", "report.docx", "zip"),
        (b"PK00PK\3\4", "report.xlsx", "zip"),
        (b"#!/bin/sh\nexit\nPK\3\4", "report.docx", "zip"),
        (b"HTTP/1.1 200 OK\nServer: x\n\n<!DOCTYPE html><html>", "download", "html"),
        (b"\xef\xbb\xbf\r\n<?xml version='1.0'?><r/>", "data.xml", "xml"),
        # text about formats
        (b"The header is %PDF-1.7 in such files.\n", "notes.txt", "text"),
        (b"PK is a brand\n", "notes.txt", "text"),
        (b"II* is a sign", "notes.txt", "text"),
        (b"The ftyp box of a video", "notes.txt", "text"),
        (b"RIFF is a container, WEBP too", "notes.txt", "text"),
        (b"BZh9 begins such files", "notes.txt", "text"),
        (b"MZ" + b"a" * 100 + b"\0", "notes.txt", "text"),
        (b"x" * 257 + b"ustar is a word", "notes.txt", "text"),
        # false endings
        (b"%PDF-1.7\n", "report.docx", "pdf"),
        (b"<table><tr><td>Name</td></tr></table>", "report.xls", "html"),
        (b"<div><h1>Notice</h1><p>Fees</p></div>", "notice", "html"),
        (b"<!DOCTYPE html><title>404</title>", "data.csv", "html"),
        (b"<html><body>Log in</body>", "data.json", "html"),
        (b"<1 % of <people> agree", "notes.txt", "text"),
        (b"<placeholder> is replaced", "notes", "text"),
        (b"<div>{{ name }}</div>", "template.vue", "text"),
        (b"<div>markup in Markdown</div>\n", "README.md", "text"),
        (b"\x09\x08\x08\0\0\5\x10\0", "old.xls", "xls"),
        (b"\x1f\x8b\x08\0", "notes.txt.gz", "compressed"),
        (b"\x89PNG\r\n\x1a\n", "a.png", "image"),
        (b"\xff\xd8\xff\xe0", "a.txt", "image"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "a", "image"),
        (b"BM\1\2\3\4\0\0\0\0\x36\0", "a.bmp", "image"),
        (b"\0\0\0\x18ftypheic", "a.heic", "image"),
        (b"BZh91AY&SY", "notes.txt.bz2", "compressed"),
        # names without a suffix
        (HTML, "minutes.2024", "html"),
        (HTML, "report (final.version 2)", "html"),
        (b"Return-Path: <a>\nFrom: a\nTo: b\n\nx", "1700000000.M1P2.host:2,S", "eml"),
    ],
)
def test_the_content_decides_and_then_the_name(head: bytes, filename: str, kind: str) -> None:
    assert sniff(head, filename) == kind


@pytest.mark.parametrize(
    ("head", "what"),
    [
        (b"ID3\3\0\0", "an audio file"),
        (b"RIFF\0\0\0\0WAVEfmt ", "an audio file"),
        (b"\0\0\0\x18ftypmp42", "a video"),
        (b"7z\xbc\xaf\x27\x1c", "an archive"),
        (b"x" * 257 + b"ustar", "an archive"),
        (b"x" * 257 + b"ustar\x0000", "an archive"),
        (b"\0\0\0\x1cftypM4A ", "an audio file"),
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


ODF = "urn:oasis:names:tc:opendocument:xmlns:office:1.0"
ODF_TYPE = "application/vnd.oasis.opendocument"


@pytest.mark.parametrize(
    ("root", "kind"),
    [
        ('<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" xmlns:o="urn:x">', "spreadsheetml"),
        ('<ss:Workbook xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet">', "spreadsheetml"),
        ('<w:wordDocument xmlns:w="http://schemas.microsoft.com/office/word/2003/wordml">', "wordml"),
        ('<pkg:package xmlns:pkg="http://schemas.microsoft.com/office/2006/xmlPackage">', "flatopc"),
        (f'<office:document xmlns:office="{ODF}" office:mimetype="{ODF_TYPE}.text">', "fodt"),
        (f'<office:document xmlns:office="{ODF}" office:mimetype="{ODF_TYPE}.spreadsheet">', "fods"),
        (f'<office:document xmlns:office="{ODF}" office:mimetype="{ODF_TYPE}.presentation">', "fodp"),
        ('<svg xmlns="http://www.w3.org/2000/svg">', "xml"),
        ('<x:html xmlns:x="http://www.w3.org/1999/xhtml">', "html"),
        ('<rss version="2.0">', "xml"),
    ],
)
@pytest.mark.parametrize("prolog", ["", '<?xml version="1.0"?>\n<?mso-application progid="x"?>\n<!-- <html> -->\n'])
@pytest.mark.parametrize("name", ["data.xml", "report.doc", "report"])
def test_the_root_element_tells_the_vocabulary(root: str, kind: str, prolog: str, name: str) -> None:
    assert sniff((prolog + root).encode(), name) == kind


@pytest.mark.parametrize(
    ("source", "name", "kind"),
    [
        ("From a@example.org Mon Jan  1 00:00:00 2024\nSubject: s\n\nx", "inbox", "mbox"),
        ("From a@example.org Mon Jan  1 00:00:00 2024\nSubject: s\n\nx", "archive.txt", "mbox"),
        ("From a@example.org Mon Jan  1 00:00:00 2024\nSubject: s\n\nx", "all.eml", "mbox"),
        ("From the beginning at 10:30 we were late.\nNobody cared.", "diary.txt", "text"),
        ("Subject: s\nFrom: a\n\nx", "a.eml", "eml"),
        ("123\nFrom: a\nMIME-Version: 1.0\nSubject: s\n\nx", "a.emlx", "eml"),
        ("Date: x\nMessage-ID: <1>\nSubject: s\nMIME-Version: 1.0\nContent-Type: multipart/related;\n\tboundary=x\n\n--x", "r.doc", "eml"),
        ("From: <Saved by Blink>\nSubject: s\nMIME-Version: 1.0\n\n--x", "page.html", "eml"),
        ("From: Ann\nTo: Bob\nDate: 5 May\nSubject: Budget\n\nA memo.", "memo.txt", "text"),
        ("From: Ann\nMIME-Version is a header.\nReceived: no\n", "notes.txt", "text"),
    ],
)  # fmt: skip
def test_mails_and_mailboxes_are_told_from_texts_about_mail(source: str, name: str, kind: str) -> None:
    assert sniff(source.encode(), name) == kind


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["a", "a.pdf", "a.docx", "a.html", "a.xml", "a.eml", "a.txt", "a.csv"]))
def test_any_bytes_have_a_kind_or_are_refused(head: bytes, name: str) -> None:
    with contextlib.suppress(FileError):
        assert sniff(head, name)

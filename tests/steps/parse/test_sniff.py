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


def test_unknown_binary_content_is_not_supported() -> None:
    with pytest.raises(UnsupportedFile, match=r"^The file type is not supported\.$"):
        sniff(bytes(range(32)) * 8, "file.bin")


def test_binary_content_under_the_name_of_a_document_is_invalid() -> None:
    with pytest.raises(InvalidFile, match=r"named \.docx"):
        sniff(bytes(range(32)) * 8, "report.docx")


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(["a", "a.pdf", "a.docx", "a.html", "a.xml", "a.eml", "a.txt", "a.csv"]))
def test_any_bytes_have_a_kind_or_are_refused(head: bytes, name: str) -> None:
    with contextlib.suppress(FileError):
        assert sniff(head, name)


def test_a_sentence_with_a_time_begins_no_mailbox() -> None:
    assert sniff(b"From Monday 12:30 on we start\nNote: bring a pen\n", "plan.txt") == "text"
    assert sniff(b"From a@b Mon Jan  1 12:30:00 2024\nSubject: plan\n\ntext\n", "plan.txt") == "mbox"


@pytest.mark.parametrize("suffix", ["rdf", "enex", "mm", "ttml", "gpx"])
def test_exports_in_xml_are_read_as_xml(suffix: str) -> None:
    assert sniff(b'<?xml version="1.0"?><root><item>A &amp; B</item></root>', f"a.{suffix}") == "xml"

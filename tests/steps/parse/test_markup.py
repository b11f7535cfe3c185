"""Markup and mails by the beginning of a text."""


import contextlib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest.errors import FileError, InvalidFile, UnsupportedFile
from ingest.steps.parse.sniff import sniff
from ingest.steps.parse.markup import detect_markup, is_mail, is_mailbox


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

"""Markup and mails by the beginning of a text."""

import pytest

from ingest.steps.parse.markup import detect_markup, is_mail, is_mailbox
from ingest.steps.parse.sniff import sniff
from tests.timing import assert_linear

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


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        ("<!DOCTYPE html><title>x", "html"),
        ("<!doctype HTML PUBLIC '-//W3C//DTD HTML 4.01//EN'>\n<p>", "html"),
        ("<HTML><body>", "html"),
        ("<?xml version='1.0'?><!-- <html> --><r/>", "xml"),
        ("<!DOCTYPE r [<!ENTITY a 'b'>]><r xmlns='urn:x'/>", "xml"),
        ("<feed xmlns='http://www.w3.org/2005/Atom'>", "xml"),
        ("<?xml version='1.0'?>", "xml"),
        ("<book>", None),
        ("<p>no closing", None),
        ("<<<", None),
        ("plain <html>", None),
        ("", None),
    ],
)
def test_the_first_element_tells_markup(start: str, kind: str | None) -> None:
    assert detect_markup(start, has_xml_name=False, may_be_fragment=False) == kind


@pytest.mark.parametrize(
    ("start", "is_html"),
    [
        ("<div>a</div>", True),
        ("<p>one<br>two", True),
        ("<table><tr><td>x</td>", True),
        ("<div is a sign", False),
        ("<x:div>a</x:div>", False),
        ("<placeholder> text </p>", False),
    ],
)
def test_a_fragment_of_html_has_a_known_element_and_an_end(start: str, is_html: bool) -> None:
    assert detect_markup(start, has_xml_name=False, may_be_fragment=True) == ("html" if is_html else None)
    assert detect_markup(start, has_xml_name=False, may_be_fragment=False) is None


def test_under_the_name_of_xml_any_element_is_xml() -> None:
    assert detect_markup("<book>", has_xml_name=True, may_be_fragment=False) == "xml"
    assert detect_markup("<html>", has_xml_name=True, may_be_fragment=False) == "html"
    assert detect_markup("text", has_xml_name=True, may_be_fragment=False) is None


def test_a_flat_document_without_a_known_type_is_text_or_xml() -> None:
    root = f'<office:document xmlns:office="{ODF}"'

    assert detect_markup(f"{root}>", has_xml_name=False, may_be_fragment=False) == "fodt"
    assert (
        detect_markup(f'{root} office:mimetype="{ODF_TYPE}.graphics">', has_xml_name=False, may_be_fragment=False)
        == "fodg"
    )
    assert (
        detect_markup(f'{root} office:mimetype="{ODF_TYPE}.chart">', has_xml_name=False, may_be_fragment=False) == "xml"
    )


@pytest.mark.parametrize("unit", ["<!--", "<?", "<!doctype ", "<a ", "<", " ", "<!-- a -->", "A: b\n", "A:\n \n"])
def test_repeated_signs_are_judged_in_linear_time(unit: str) -> None:
    def judge(size: int) -> None:
        start = unit * (size // len(unit))
        detect_markup(start, has_xml_name=False, may_be_fragment=True)
        is_mail(start)
        is_mailbox(start)

    assert_linear(judge, 60_000)


def test_a_mailbox_begins_with_a_separator_and_a_header() -> None:
    assert is_mailbox("From a@example.org Mon Jan  1 00:00:00 2024\nSubject: s\n")
    assert is_mailbox("From - Mon Jan  1 00:00:00 2024\r\nX-Mozilla-Status: 0001\r\n")
    assert not is_mailbox("From a@example.org Mon Jan  1 00:00:00 2024\nhello\n")
    assert not is_mailbox("From the start at 10:30 on\nSubject: s\n"[5:])


def test_a_mail_has_three_headers_of_which_one_is_technical() -> None:
    assert is_mail("From: a\nTo: b\nMessage-ID: <1>\n\nx")
    assert is_mail("Received: by x;\n\tMon\nFrom: a\nSubject: s\n\nx")
    assert not is_mail("From: a\nTo: b\nSubject: s\nDate: d\n\nx")
    assert not is_mail("From: a\nMessage-ID: <1>\n\nx")
    assert not is_mail("A memo.\nFrom: a\nTo: b\nMessage-ID: <1>\n")

"""Headers and footers of the printed pages of spreadsheets."""

from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats.odf.print_headers import PrintHeaders
from tests.steps.parse.formats.odf.conftest import NAMESPACES

ReadOdf = Callable[[bytes], ParsedText]


def master(content: str, name: str = "Default") -> str:
    return f'<style:master-page style:name="{name}">{content}</style:master-page>'


def headers(*pages: str) -> PrintHeaders:
    found = PrintHeaders()
    xml = f"<office:document-styles {NAMESPACES}><office:master-styles>{''.join(pages)}</office:master-styles></office:document-styles>"
    found.add(etree.fromstring(xml))
    return found


def test_equal_texts_are_there_once_and_hidden_ones_are_not() -> None:
    page = master(
        "<style:header><text:p>Confidential</text:p></style:header>"
        "<style:header-left><text:p>Confidential</text:p></style:header-left>"
        '<style:footer style:display="false"><text:p>Hidden</text:p></style:footer>'
        "<style:footer-first><text:p>Harbour office</text:p></style:footer-first>"
        "<style:header-style><text:p>no text</text:p></style:header-style>"
    )

    assert headers(page).texts("Default") == ["Confidential", "Harbour office"]


@pytest.mark.parametrize(
    ("content", "texts"),
    [
        ("Page <text:page-number>1</text:page-number> of <text:page-count>9</text:page-count>", []),
        ("<text:sheet-name>???</text:sheet-name>", []),
        ("Printed<text:s/>on <text:date>2024-05-06</text:date>", ["Printed on"]),
        ("R&amp;D <text:span>of the <text:span>port</text:span></text:span>", ["R&D of the port"]),
        ("-", []),
    ],
)
def test_page_numbers_dates_and_names_of_sheets_are_left_out(content: str, texts: list[str]) -> None:
    assert headers(master(f"<style:header><text:p>{content}</text:p></style:header>")).texts("Default") == texts


def test_each_kind_of_page_has_its_own_texts() -> None:
    region = "<style:region-left><text:p>Left</text:p></style:region-left><style:region-right><text:p>Right</text:p></style:region-right>"
    found = headers(
        master(f"<style:header>{region}</style:header>", "One"),
        master("<style:footer><text:p>Foot</text:p></style:footer>", "Two"),
    )

    assert (found.texts("One"), found.texts("Two"), found.texts("Three")) == (["Left\nRight"], ["Foot"], [])


def test_a_sheet_is_followed_by_the_headers_of_its_pages(odf: Any, read_odf: ReadOdf) -> None:
    style = '<style:style style:name="ta1" style:family="table" style:master-page-name="Mine"/>'
    pages = master("<style:header><text:p>Mine</text:p></style:header>", "Mine") + master(
        "<style:header><text:p>Not mine</text:p></style:header>", "Other"
    )
    body = f'<table:table table:name="S" table:style-name="ta1">{odf.row("a", "b")}</table:table>'

    data = odf.package(
        "spreadsheet", body, automatic=style, styles=f"<office:master-styles>{pages}</office:master-styles>"
    )

    assert read_odf(data).text == "S\n\na | b\n\nMine"

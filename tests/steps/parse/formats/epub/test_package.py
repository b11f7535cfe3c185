"""The package of an e-book: the order and names of its chapters, and how they are found."""

from collections.abc import Callable

import pytest

from ingest.steps.parse import ParsedText
from tests.steps.parse.documents import DocumentBuilder
from tests.steps.parse.formats.epub.books import CONTAINER, Members, book, page

ReadEpub = Callable[[bytes], ParsedText]


def test_chapters_have_their_names_in_the_table_of_contents(read_epub: ReadEpub, documents: DocumentBuilder) -> None:
    chapters: Members = {"c%201.xhtml": page("<p>One.</p>"), "c2.xhtml": page("<p>Two.</p>"), "c3.xhtml": page("Three")}
    items = "".join(f'<item id="{n}" href="{n}" media-type="application/xhtml+xml"/>' for n in chapters)
    nav = page(
        '<nav><ol><li><a href="../OEBPS/c%201.xhtml">The <i>first</i></a></li><li><a href="c2.xhtml#top">Second</a></li>'
        '<li><a href="c2.xhtml#below">Below</a></li></ol></nav>'
    )
    ncx = (
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>First</text></navLabel>'
        '<content src="c%201.xhtml"/><navPoint><navLabel><text>Second</text></navLabel><content src="c2.xhtml#x"/>'
        "</navPoint></navPoint></navMap></ncx>"
    )
    members: Members = {"c 1.xhtml": chapters["c%201.xhtml"], "c2.xhtml": chapters["c2.xhtml"], "c3.xhtml": "Three"}
    spine = "".join(f'<itemref idref="{n}"/>' for n in chapters)
    nav_item = '<item id="nav" href="nav.xhtml" properties="nav" media-type="application/xhtml+xml"/>'
    ncx_item = '<item id="ncx" href="toc.ncx" media-type="application/x-dtbncx+xml"/>'

    new = read_epub(documents.zipped(book(members | {"nav.xhtml": nav}, manifest=items + nav_item, spine=spine)))
    old = read_epub(
        documents.zipped(book(members | {"toc.ncx": ncx}, manifest=items + ncx_item, spine=spine, toc='toc="ncx"'))
    )

    assert [section.name for section in new.sections] == ["The first", "Second", ""]
    assert [section.name for section in old.sections] == ["First", "Second", ""]
    assert new.text == old.text == "One.\n\nTwo.\n\nThree"


def test_notes_outside_the_linear_order_and_outside_the_spine_are_read(
    read_epub: ReadEpub, documents: DocumentBuilder
) -> None:
    chapters: Members = {"n.xhtml": page("Notes"), "c.xhtml": page("Text"), "extra.xhtml": page("Extra")}
    spine = '<itemref idref="n.xhtml" linear="no"/><itemref idref="c.xhtml"/><itemref idref="unknown"/>'

    parsed = read_epub(documents.zipped(book(chapters, spine=spine)))

    assert parsed.text == "Notes\n\nText\n\nExtra"
    assert [warning.part for warning in parsed.report.warnings] == ["chapter unknown"]


@pytest.mark.parametrize(
    ("href", "member"),
    [
        ("Text/Kapitel%201.xhtml", "OEBPS/Text/Kapitel 1.xhtml"),
        ("Text/kapitel.XHTML", "OEBPS/text/Kapitel.xhtml"),
        ("../Text/c.xhtml", "Text/c.xhtml"),
        ("Text\\c.xhtml", "OEBPS/Text/c.xhtml"),
        ("Text/c.xhtml", "OEBPS\\Text\\c.xhtml"),
        ("%E7%AB%A0.xhtml", "OEBPS/章.xhtml"),
        ("c.xhtml#start", "OEBPS/c.xhtml"),
        ("Text/a%2Bb.xhtml", "OEBPS/Text/a%2Bb.xhtml"),
    ],
)
def test_chapters_are_found_under_other_spellings_of_their_paths(
    read_epub: ReadEpub, documents: DocumentBuilder, href: str, member: str
) -> None:
    items = f'<item id="c" href="{href}" media-type="application/xhtml+xml"/>'
    members = book({}, manifest=items, spine='<itemref idref="c"/>')
    members[member] = page("Found")

    assert read_epub(documents.zipped(members)).text == "Found"


@pytest.mark.parametrize(
    "members",
    [
        {"c10.xhtml": page("Two"), "c2.xhtml": page("One"), "__MACOSX/._c2.xhtml": "x"},
        {"META-INF/container.xml": CONTAINER, "c2.html": page("One"), "c10.htm": page("Two")},
        {
            "META-INF/container.xml": "no XML",
            "x/c.opf": "<package/>",
            "c2.xhtml": page("One"),
            "c10.xhtml": page("Two"),
        },
    ],
)
def test_a_book_without_a_list_of_chapters_is_read_by_the_names_of_its_files(
    read_epub: ReadEpub, documents: DocumentBuilder, members: Members
) -> None:
    parsed = read_epub(documents.zipped({"mimetype": "application/epub+zip", **members}))

    assert parsed.text == "One\n\nTwo"
    assert [warning.code for warning in parsed.report.warnings] == ["manifest_missing"]


def test_a_package_without_a_container_is_found(read_epub: ReadEpub, documents: DocumentBuilder) -> None:
    members = book({"b.xhtml": page("One"), "a.xhtml": page("Two")})
    del members["META-INF/container.xml"]

    assert read_epub(documents.zipped(members)).text == "One\n\nTwo"

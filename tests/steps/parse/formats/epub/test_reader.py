"""E-books: the order, names and contents of chapters, and books that are not as they should be."""

from collections.abc import Callable

import pytest

from ingest.errors import InvalidFile
from ingest.steps.parse import ParsedText
from tests.steps.parse.documents import DocumentBuilder, Parse
from tests.steps.parse.formats.epub.books import Members, book, page

ReadEpub = Callable[[bytes], ParsedText]


def test_chapters_are_sections_in_reading_order_with_headings(read_epub: ReadEpub, documents: DocumentBuilder) -> None:
    chapters: Members = {
        "b.xhtml": page("<h1>First</h1><p>One.</p>"),
        "a.xhtml": page("<h2>Second</h2><table><tr><th>k</th><th>v</th></tr><tr><td></td><td>2</td></tr></table>"),
    }

    parsed = read_epub(documents.zipped(book(chapters)))

    assert parsed.text == "First\n\nOne.\n\nSecond\n\nk | v\n | 2"
    assert [(s.kind, s.number) for s in parsed.sections] == [("chapter", 1), ("chapter", 2)]
    first = parsed.sections[0]
    assert parsed.text[first.start : first.end] == "First\n\nOne."
    assert [(h.level, h.title, parsed.text[h.start :][:3]) for h in parsed.headings] == [
        (1, "First", "Fir"),
        (2, "Second", "Sec"),
    ]
    assert [parsed.text[t.start : t.end] for t in parsed.tables] == ["k | v\n | 2"]
    assert parsed.report.parts == {"chapter": {"read": 2}}


def test_a_missing_chapter_is_reported_and_the_rest_is_read(parse: Parse, documents: DocumentBuilder) -> None:
    members = book({"gone.xhtml": "", "here.xhtml": page("<p>The chapter that is there</p>")})
    del members["OEBPS/gone.xhtml"]

    parsed = parse("a.epub", documents.zipped(members))

    assert parsed.text == "The chapter that is there"
    assert parsed.report.parts == {"chapter": {"failed": 1, "read": 1}}
    assert [(w.code, w.part) for w in parsed.report.warnings] == [("chapter_not_read", "chapter OEBPS/gone.xhtml")]


def test_entities_and_empty_elements_of_xhtml_do_not_lose_text(read_epub: ReadEpub, documents: DocumentBuilder) -> None:
    doctype = '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.1//EN" "http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd">'
    chapter = doctype + page(
        '<p>caf&eacute;&nbsp;&mdash; R&amp;D<a id="x"/></p><script src="s.js"/><p>kept</p>', "<title/>"
    )

    text = read_epub(documents.zipped(book({"c.xhtml": chapter}))).text

    assert text.replace("\u00a0", " ") == "café — R&D\n\nkept"


def test_the_title_of_the_book_precedes_the_chapters_unless_these_begin_with_it(
    read_epub: ReadEpub, documents: DocumentBuilder
) -> None:
    metadata = "<dc:title>The Mill</dc:title><dc:creator>Ada Berg</dc:creator><dc:title>Untitled</dc:title>"
    head = "<title>The Mill</title>"

    without = read_epub(documents.zipped(book({"c.xhtml": page("<p>It began.</p>", head)}, metadata=metadata)))
    within = read_epub(
        documents.zipped(book({"c.xhtml": page("<h1>THE MILL</h1><p>by Ada Berg</p>", head)}, metadata=metadata))
    )

    assert (without.text, within.text) == ("The Mill\n\nAda Berg\n\nIt began.", "THE MILL\n\nby Ada Berg")
    assert without.text[without.sections[0].start :] == "It began."


def test_pages_that_are_pictures_are_counted(read_epub: ReadEpub, documents: DocumentBuilder) -> None:
    drawing = '<svg xmlns="http://www.w3.org/2000/svg"><text>Label</text></svg>'
    items = (
        '<item id="p" href="p.xhtml" media-type="application/xhtml+xml"/>'
        '<item id="d" href="d.svg" media-type="image/svg+xml"/>'
    )
    chapters: Members = {"p.xhtml": page('<img src="p.jpg"/>'), "d.svg": drawing}
    spine = '<itemref idref="p"/><itemref idref="d"/><itemref idref="p"/>'

    parsed = read_epub(documents.zipped(book(chapters, manifest=items, spine=spine)))

    assert parsed.text == "Label"
    assert parsed.report.parts == {"chapter": {"empty": 2, "read": 1}, "image": {"not_read": 2}}
    assert [warning.code for warning in parsed.report.warnings] == ["image_not_read"], "the cover is decoration"


def test_an_epub_is_detected_by_its_content(parse: Parse, documents: DocumentBuilder) -> None:
    parsed = parse("a.epub", documents.epub("<h1>Chapter</h1><p>Prose.</p>"))

    assert (parsed.text, parsed.kind) == ("Chapter\n\nProse.", "epub")


def test_a_book_without_any_chapter_is_invalid(read_epub: ReadEpub, documents: DocumentBuilder) -> None:
    with pytest.raises(InvalidFile, match="it has no chapters"):
        read_epub(documents.zipped({"mimetype": "application/epub+zip", "picture.jpg": b"x"}))


def test_superscripts_of_style_sheets_are_read(read_epub: ReadEpub, documents: DocumentBuilder) -> None:
    members = book({"a.xhtml": page('<p>10<span class="CharOverride-1">5</span> H<span class="low">2</span>O</p>')})
    members["css/book.css"] = "span.CharOverride-1 { vertical-align: super; font-size: 58% } .low{vertical-align:sub}"

    assert read_epub(documents.zipped(members)).text == "10\u2075 H\u2082O"

"""E-books: the order, names and contents of chapters, and books that are not as they should be."""

from collections.abc import Callable

import pytest

from ingest.errors import InvalidFile
from ingest.steps.parse import ParsedText
from tests.steps.parse.documents import DocumentBuilder, Parse

ReadEpub = Callable[[bytes], ParsedText]
Members = dict[str, str | bytes]

CONTAINER = '<container><rootfiles><rootfile full-path="OEBPS/content.opf"/></rootfiles></container>'


def page(body: str, head: str = "") -> str:
    return f'<html xmlns="http://www.w3.org/1999/xhtml"><head>{head}</head><body>{body}</body></html>'


def book(chapters: Members, *, manifest: str = "", spine: str = "", metadata: str = "", toc: str = "") -> Members:
    """Return a book whose chapters are in the folder OEBPS, in this order unless `manifest` and `spine` say otherwise."""
    items = manifest or "".join(
        f'<item id="{name}" href="{name}" media-type="application/xhtml+xml"/>' for name in chapters
    )
    order = spine or "".join(f'<itemref idref="{name}"/>' for name in chapters)
    opf = (
        f'<package xmlns="http://www.idpf.org/2007/opf" xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>{metadata}'
        f"</metadata><manifest>{items}</manifest><spine {toc}>{order}</spine></package>"
    )
    members: Members = {"mimetype": "application/epub+zip", "META-INF/container.xml": CONTAINER}
    return members | {"OEBPS/content.opf": opf} | {f"OEBPS/{name}": text for name, text in chapters.items()}


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


def test_a_missing_chapter_is_reported_and_the_rest_is_read(parse: Parse, documents: DocumentBuilder) -> None:
    members = book({"gone.xhtml": "", "here.xhtml": page("<p>The chapter that is there</p>")})
    del members["OEBPS/gone.xhtml"]

    parsed = parse("a.epub", documents.zipped(members))

    assert parsed.text == "The chapter that is there"
    assert parsed.report.parts == {"chapter": {"failed": 1, "read": 1}}
    assert [(w.code, w.part) for w in parsed.report.warnings] == [("chapter_not_read", "chapter OEBPS/gone.xhtml")]


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

"""Word documents: the order of their parts, headings, notes, comments, and their memory."""

from pathlib import Path

import pytest

from ingest.config import Settings
from ingest.errors import InvalidFile
from ingest.steps.parse import Parser
from tests.steps.parse.documents import DocumentBuilder, Parse
from tests.steps.parse.formats.docx.conftest import Read
from tests.steps.parse.word_documents import docx, members, paragraph, part, relationships, styled, styles, zipped


def test_a_docx_keeps_headings_lists_tables_and_notes(parse: Parse, documents: DocumentBuilder) -> None:
    item = '<w:numPr><w:ilvl w:val="{}"/><w:numId w:val="1"/></w:numPr>'
    body = (
        documents.paragraph("Title", '<w:pStyle w:val="Heading1"/>')
        + documents.paragraph("one", item.format(0))
        + documents.paragraph("inner", item.format(1))
        + documents.word_table([["a", "b"], ["", "d"]])
        + documents.paragraph("End &amp; tail", '<w:tabs><w:tab w:val="left"/></w:tabs>')
    )

    parsed = parse(
        "a.docx",
        documents.docx(body, header1=documents.paragraph("Top"), header2=documents.paragraph("Top"), footnotes1=""),
    )

    assert parsed.text == "Top\n\nTitle\n\n- one\n  - inner\n\na | b\n | d\n\nEnd & tail"
    assert parsed.kind == "docx"


def test_lists_have_the_numbers_that_word_shows(parse: Parse, documents: DocumentBuilder) -> None:
    item = '<w:numPr><w:ilvl w:val="{}"/><w:numId w:val="{}"/></w:numPr>'
    body = (
        documents.paragraph("Scope", '<w:pStyle w:val="Clause"/>')
        + documents.paragraph("one", item.format(0, 1))
        + documents.paragraph("inner", item.format(1, 1))
        + documents.paragraph("inner too", item.format(1, 1))
        + documents.paragraph("two", item.format(0, 1))
        + documents.paragraph("bullet", item.format(0, 2))
        + documents.paragraph("other", item.format(1, 1))
        + documents.paragraph("again", item.format(0, 3))
        + documents.paragraph("not", '<w:pStyle w:val="Clause"/><w:numPr><w:numId w:val="0"/></w:numPr>')
        + documents.paragraph("deep", '<w:pStyle w:val="Clause"/><w:numPr><w:ilvl w:val="1"/></w:numPr>')
    )

    parsed = parse("a.docx", documents.numbered_docx(body))

    assert parsed.text == (
        "§ I Scope\n\n1. one\n  a) inner\n  b) inner too\n2. two\n- bullet\n  a) other\n7. again\n\nnot\n\n§ I.01 deep"
    )


def test_numbers_follow_the_current_properties_and_not_those_before_a_tracked_change(
    parse: Parse, documents: DocumentBuilder
) -> None:
    item = '<w:numPr><w:ilvl w:val="0"/><w:numId w:val="1"/></w:numPr>'
    was = "<w:pPrChange><w:pPr>{}</w:pPr></w:pPrChange>"
    body = (
        documents.paragraph("first", item)
        + documents.paragraph("was no item", item + was.format('<w:numPr><w:numId w:val="0"/></w:numPr>'))
        + documents.paragraph("is none any more", was.format(item))
    )

    assert parse("a.docx", documents.numbered_docx(body)).text == "1. first\n2. was no item\n\nis none any more"


def test_a_text_box_is_read_once(parse: Parse, documents: DocumentBuilder) -> None:
    box = f"<w:txbxContent>{documents.paragraph('boxed')}</w:txbxContent>"
    body = f"<w:p><w:r><w:t>around</w:t></w:r><w:r><w:Choice>{box}</w:Choice><w:Fallback>{box}</w:Fallback></w:r></w:p>"

    assert parse("a.docx", documents.docx(body)).text == "boxed\n\naround"


def test_a_huge_docx_needs_little_memory(documents: DocumentBuilder, tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes(documents.docx(documents.paragraph("some words") * 30_000))  # as a tree, 17 MiB and more
    parser = Parser(Settings().model_copy(update={"parse_memory_mib": 16}))  # less than Settings allow

    parsed = parser.parse(path, "a.docx")

    assert parsed.text.count("some words") == 30_000
    parser.close()


def test_broken_xml_in_a_docx_fails_with_a_clear_error(parse: Parse, documents: DocumentBuilder) -> None:
    with pytest.raises(InvalidFile, match="could not be parsed as docx"):
        parse("a.docx", documents.docx("<w:p>"))


@pytest.mark.parametrize(
    ("style", "definition", "level"),
    [
        ("Heading2", None, 2),
        ("berschrift3", ("berschrift3", "heading 3", ""), 3),
        ("Mine", ("Mine", "My heading", '<w:pPr><w:outlineLvl w:val="1"/></w:pPr>'), 2),
        ("Child", ("Child", "Based on another", '<w:basedOn w:val="Parent"/>'), 4),
        ("Title", ("Title", "Title", ""), 1),
        ("Body", ("Body", "Body", '<w:basedOn w:val="Parent"/><w:pPr><w:outlineLvl w:val="9"/></w:pPr>'), 0),
        ("Round", ("Round", "In a circle", '<w:basedOn w:val="Round"/>'), 0),
    ],
)
def test_headings_are_found_by_style(
    read_docx: Read, style: str, definition: tuple[str, str, str] | None, level: int
) -> None:
    parent = ("Parent", "Parent", '<w:pPr><w:outlineLvl w:val="3"/></w:pPr>')
    parts: dict[str, str | bytes] = {"styles.xml": styles(parent, definition)} if definition else {}

    parsed = read_docx(docx(styled("Scope", style) + paragraph("Text"), parts))

    assert parsed.text == "Scope\n\nText"
    assert [(heading.start, heading.level, heading.title) for heading in parsed.headings] == (
        [(0, level, "Scope")] if level else []
    )


def test_headings_are_found_by_their_own_level(read_docx: Read) -> None:
    body = paragraph("Text") + paragraph("Scope", '<w:outlineLvl w:val="0"/>') + paragraph("", "<w:outlineLvl/>")

    assert [(heading.start, heading.level) for heading in read_docx(docx(body)).headings] == [(6, 1)]


def test_parts_are_read_in_order_and_equal_ones_once(read_docx: Read) -> None:
    note = '<w:footnote w:type="separator"><w:p/></w:footnote><w:footnote>{}</w:footnote>'
    parts: dict[str, str | bytes] = {
        "header1.xml": part("hdr", paragraph("Head")),
        "header2.xml": part("hdr", paragraph("Head")),
        "header10.xml": part("hdr", paragraph("Last head")),
        "kopf.xml": part("hdr", paragraph("Named head")),
        "footnotes.xml": part("footnotes", note.format(paragraph("A note"))),
        "endnotes.xml": part("endnotes", f"<w:endnote>{paragraph('An end')}</w:endnote>"),
        "footer1.xml": part("ftr", paragraph("Foot")),
    }

    parsed = read_docx(docx(paragraph("Body"), parts, [("header", "kopf.xml"), ("header", "header1.xml")]))

    assert parsed.text == "Named head\n\nHead\n\nLast head\n\nBody\n\nA note\n\nAn end\n\nFoot"


def test_comments_name_their_authors_and_are_counted(read_docx: Read) -> None:
    comments = (
        f'<w:comment w:id="1" w:author="Anna Berg">{paragraph("Please check.")}{paragraph("Twice.")}</w:comment>'
        f'<w:comment w:id="2">{paragraph("Done")}</w:comment>'
    )

    parsed = read_docx(docx(paragraph("Body"), {"comments.xml": part("comments", comments)}))

    assert parsed.text == "Body\n\nAnna Berg: Please check.\n\nTwice.\n\nDone"
    assert parsed.report.parts["comment"] == {"read": 2}


def test_a_header_may_hold_a_table(read_docx: Read) -> None:
    table = f"<w:tbl><w:tr><w:tc>{paragraph('a')}</w:tc><w:tc>{paragraph('b')}</w:tc></w:tr></w:tbl>"

    parsed = read_docx(docx(paragraph("Body"), {"header1.xml": part("hdr", table)}))

    assert parsed.text == "a | b\n\nBody"
    assert [parsed.text[t.start : t.end] for t in parsed.tables] == ["a | b"]


def test_the_main_part_is_found_under_any_name(read_docx: Read) -> None:
    content = members(paragraph("Body"), {"header1.xml": part("hdr", paragraph("Head"))})
    content["word/text/main.xml"] = content.pop("word/document.xml")
    content["word/text/header1.xml"] = content.pop("word/header1.xml")
    content["_rels/.rels"] = relationships(("officeDocument", "/word/text/main.xml"))

    assert read_docx(zipped(content)).text == "Head\n\nBody"


def test_the_main_part_is_found_by_its_content_type(read_docx: Read) -> None:
    content = members(paragraph("Body"))
    content["main.xml"] = content.pop("word/document.xml")
    del content["_rels/.rels"]
    kind = "application/vnd.ms-word.document.macroEnabled.main+xml"
    content["[Content_Types].xml"] = f'<Types><Override PartName="/main.xml" ContentType="{kind}"/></Types>'

    assert read_docx(zipped(content)).text == "Body"


def test_a_package_without_a_main_part_fails(read_docx: Read) -> None:
    with pytest.raises(InvalidFile, match="main part is missing"):
        read_docx(zipped({"[Content_Types].xml": "<Types/>"}))


def test_pictures_are_counted_if_there_is_text(read_docx: Read) -> None:
    parts: dict[str, str | bytes] = {"media/a.png": b"x", "media/b.png": b"y"}
    targets = [("image", "media/a.png"), ("image", "media/a.png"), ("image", "media/b.png"), ("image", "NULL")]

    report = read_docx(docx(paragraph("Body"), parts, targets)).report

    assert report.parts == {"image": {"not_read": 2}}
    assert not report.warnings


def test_a_document_of_pictures_only_says_so(read_docx: Read) -> None:
    from ingest.errors import UnsupportedFile

    with pytest.raises(UnsupportedFile, match="only pictures"):
        read_docx(docx("<w:p/>", {"media/a.png": b"x"}, [("image", "media/a.png")]))

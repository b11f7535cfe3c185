"""Word documents: the order of their parts, headings, notes, comments, and their memory."""

from pathlib import Path

from ingest.config import Settings
from ingest.steps.parse import Parser
from tests.steps.parse.documents import DocumentBuilder
from tests.steps.parse.formats.docx.conftest import Read
from tests.steps.parse.word_documents import (
    BODY,
    STRICT_W,
    TEXT,
    W,
    docx,
    members,
    paragraph,
    part,
    relationships,
    zipped,
)


def test_a_huge_docx_needs_little_memory(documents: DocumentBuilder, tmp_path: Path) -> None:
    path = tmp_path / "blob"
    path.write_bytes(documents.docx(documents.paragraph("some words") * 30_000))  # as a tree, 17 MiB and more
    parser = Parser(Settings().model_copy(update={"parse_memory_mib": 16}))  # less than Settings allow

    parsed = parser.parse(path, "a.docx")

    assert parsed.text.count("some words") == 30_000
    parser.close()


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


def test_a_strict_document_reads_like_a_transitional_one(read_docx: Read) -> None:
    content = {name: data.replace(W, STRICT_W) for name, data in members(BODY).items() if isinstance(data, str)}
    content["_rels/.rels"] = content["_rels/.rels"].replace(
        "http://schemas.openxmlformats.org/officeDocument/2006", "http://purl.oclc.org/ooxml/officeDocument"
    )

    assert read_docx(zipped(dict(content))).text == TEXT


def test_names_with_backslashes_and_in_other_cases_are_found(read_docx: Read) -> None:
    content = members(BODY, {"Header1.XML": part("hdr", paragraph("Head"))}, [("header", "HEADER1.xml")])

    assert (
        read_docx(zipped({name.replace("/", "\\"): data for name, data in content.items()})).text == f"Head\n\n{TEXT}"
    )
    assert read_docx(zipped({name.upper(): data for name, data in content.items()})).text == f"Head\n\n{TEXT}"

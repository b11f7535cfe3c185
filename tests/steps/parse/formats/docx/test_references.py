"""Charts, diagrams, embedded objects and imported parts of a document."""

import io

import pytest

from ingest.steps.parse.parsed import ParsedText
from tests.steps.parse.documents import DocumentBuilder
from tests.steps.parse.formats.docx.conftest import Read
from tests.steps.parse.word_documents import NAMESPACES, docx, paragraph, run, table, zipped

CHART = (
    f"<c:chartSpace {NAMESPACES}><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Sales by county</a:t></a:r></a:p></c:rich>"
    "</c:tx></c:title><c:plotArea><c:barChart><c:ser><c:tx><c:strRef><c:strCache><c:pt idx='0'><c:v>2024</c:v></c:pt>"
    "</c:strCache></c:strRef></c:tx><c:cat><c:strRef><c:strCache><c:pt idx='0'><c:v>Kent</c:v></c:pt></c:strCache>"
    "</c:strRef></c:cat><c:val><c:numRef><c:numCache><c:pt idx='0'><c:v>12.5</c:v></c:pt></c:numCache></c:numRef></c:val>"
    "</c:ser></c:barChart></c:plotArea></c:chart></c:chartSpace>"
)
DIAGRAM = (
    f"<dgm:dataModel {NAMESPACES}><dgm:ptLst><dgm:pt modelId='1'><dgm:t><a:p><a:r><a:t>Approval by the board</a:t></a:r>"
    "</a:p></dgm:t></dgm:pt></dgm:ptLst></dgm:dataModel>"
)


def drawing(content: str) -> str:
    return f"<w:r><w:drawing><wp:inline><a:graphic><a:graphicData>{content}</a:graphicData></a:graphic></wp:inline></w:drawing></w:r>"


def ole_object(identifier: str) -> str:
    return f'<w:r><w:object><v:shape/><o:OLEObject Type="Embed" ProgID="x" r:id="{identifier}"/></w:object></w:r>'


def test_a_chart_and_a_diagram_are_read_at_their_place(read_docx: Read) -> None:
    body = paragraph(run("See") + drawing('<c:chart r:id="rId1"/>')) + paragraph(drawing('<dgm:relIds r:dm="rId2"/>'))
    parts: dict[str, str | bytes] = {"charts/chart1.xml": CHART, "diagrams/data1.xml": DIAGRAM}
    targets = [("chart", "charts/chart1.xml"), ("diagramData", "diagrams/data1.xml")]

    parsed = read_docx(docx(body + paragraph("End"), parts, targets))

    assert parsed.text == "See\n\nSales by county\n\n | 2024\nKent | 12.5\n\nApproval by the board\n\nEnd"
    assert [parsed.text[t.start : t.end] for t in parsed.tables] == [" | 2024\nKent | 12.5"]


def test_a_chart_that_no_place_refers_to_is_read_at_the_end(read_docx: Read) -> None:
    parsed = read_docx(docx(paragraph("Body"), {"charts/chart1.xml": CHART}, [("chart", "charts/chart1.xml")]))

    assert parsed.text.startswith("Body\n\nSales by county")


def test_a_chart_in_a_cell_is_a_part_of_its_row(read_docx: Read) -> None:
    body = table(["Figure 1", paragraph(drawing('<c:chart r:id="rId1"/>'))])

    parsed = read_docx(docx(body, {"charts/chart1.xml": CHART}, [("chart", "charts/chart1.xml")]))

    assert parsed.text == "Figure 1 | Sales by county; | 2024; Kent | 12.5"


@pytest.mark.parametrize(
    ("name", "data", "text"),
    [
        ("chunk.html", b"<html><body><p>The annex names <b>Oslo</b>.</p></body></html>", "The annex names Oslo."),
        ("chunk.xhtml", "<html><body><p>Füße</p></body></html>".encode(), "Füße"),
        ("chunk.txt", b"The annex names Oslo.", "The annex names Oslo."),
    ],
)
def test_an_imported_part_is_read_at_its_place(read_docx: Read, name: str, data: bytes, text: str) -> None:
    body = paragraph("Before") + '<w:altChunk r:id="rId1"/>' + paragraph("After")

    parsed = read_docx(docx(body, {name: data}, [("aFChunk", name)]))

    assert parsed.text.startswith("Before\n\n")
    assert text in parsed.text
    assert parsed.text.endswith("\n\nAfter")


def test_an_imported_document_is_read(read_docx: Read) -> None:
    parsed = read_docx(docx('<w:altChunk r:id="rId1"/>', {"a.docx": docx(paragraph("Inner"))}, [("aFChunk", "a.docx")]))

    assert "Inner" in parsed.text


def test_an_embedded_document_is_a_section_of_its_own(read_docx: Read) -> None:
    parts: dict[str, str | bytes] = {"embeddings/Contract.docx": docx(paragraph("The terms"))}
    body = paragraph(run("See") + ole_object("rId1"))

    parsed = read_docx(docx(body, parts, [("package", "embeddings/Contract.docx")]))

    assert parsed.text == "See\n\nAttachment: Contract.docx\n\nThe terms"
    section = parsed.sections[0]
    assert (section.kind, section.name) == ("attachment", "Contract.docx")
    assert parsed.text[section.start : section.end] == "Attachment: Contract.docx\n\nThe terms"
    assert parsed.report.parts["embedded_object"] == {"read": 1}


def native(label: str, data: bytes) -> bytes:
    """Return an Ole10Native stream."""
    name = label.encode("cp1252") + b"\0"
    body = b"\2\0" + name + name + b"\0\0\3\0" + len(name).to_bytes(4, "little") + name
    body += len(data).to_bytes(4, "little") + data
    return len(body).to_bytes(4, "little") + body


def test_a_file_in_an_ole_package_is_read_under_its_name(read_docx: Read, documents: DocumentBuilder) -> None:
    data = documents.ole({"\x01Ole10Native": native("minutes.txt", b"The board met in Oslo.")})
    parts: dict[str, str | bytes] = {"embeddings/oleObject1.bin": data}

    parsed = read_docx(docx(paragraph(ole_object("rId1")), parts, [("oleObject", "embeddings/oleObject1.bin")]))

    assert parsed.text.startswith("Attachment: minutes.txt\n\nThe board met in Oslo.")


def test_an_object_that_cannot_be_read_is_counted_and_named(read_docx: Read, documents: DocumentBuilder) -> None:
    parts: dict[str, str | bytes] = {
        "embeddings/a.bin": documents.ole({"Equation Native": b"x" * 100}),
        "embeddings/b.bin": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 damaged",
    }
    body = paragraph(run("Body") + ole_object("rId1") + ole_object("rId2"))

    parsed = read_docx(docx(body, parts, [("oleObject", "embeddings/a.bin"), ("oleObject", "embeddings/b.bin")]))

    assert parsed.text == "Body"
    assert parsed.report.parts["embedded_object"] == {"not_read": 1, "failed": 1}
    assert [warning.code for warning in parsed.report.warnings] == ["embedded_object_not_read"] * 2
    assert "equation" in parsed.report.warnings[0].message


def test_documents_in_documents_end_at_a_bound(read_docx: Read) -> None:
    document = docx(paragraph("level 9"))
    for level in reversed(range(9)):
        body = paragraph(run(f"level {level}") + ole_object("rId1"))
        document = docx(body, {"embeddings/a.docx": document}, [("package", "embeddings/a.docx")])

    parsed = read_docx(document)

    assert "level 3" in parsed.text
    assert "level 9" not in parsed.text
    assert "levels deep" in parsed.report.warnings[0].message


def test_a_missing_part_is_named(read_docx: Read) -> None:
    parsed = read_docx(docx(paragraph(run("Body") + ole_object("rId1")), targets=[("package", "embeddings/a.xlsx")]))

    assert parsed.text == "Body"
    assert [(warning.code, warning.part) for warning in parsed.report.warnings] == [("part_not_read", "a.xlsx")]


def test_the_workbook_behind_a_chart_is_not_read_again(read_docx: Read) -> None:
    from tests.steps.parse.word_documents import relationships

    parts: dict[str, str | bytes] = {
        "charts/chart1.xml": CHART,
        "charts/_rels/chart1.xml.rels": relationships(("package", "../embeddings/a.xlsx")),
        "embeddings/a.xlsx": zipped({"x": io.BytesIO(b"").getvalue()}),
    }

    parsed: ParsedText = read_docx(docx(paragraph("Body"), parts, [("chart", "charts/chart1.xml")]))

    assert not parsed.report.warnings


def test_a_document_that_is_one_imported_web_archive_is_read_as_its_text(read_docx: Read) -> None:
    archive = (
        b'MIME-Version: 1.0\nContent-Type: multipart/related; type="text/html"; boundary="b"\n\n--b\n'
        b'Content-Type: text/html; charset="utf-8"\nContent-Transfer-Encoding: quoted-printable\n'
        b"Content-Location: file:///C:/fake/document.html\n\n<html><body><p>The lease ends in Oslo.</p></body></html>\n--b--\n"
    )

    parsed = read_docx(docx('<w:altChunk r:id="rId1"/>', {"afchunk.mht": archive}, [("aFChunk", "/word/afchunk.mht")]))

    assert "The lease ends in Oslo." in parsed.text
    assert "Attachment" not in parsed.text


def test_an_imported_part_that_cannot_be_read_is_named(read_docx: Read) -> None:
    parts: dict[str, str | bytes] = {"chunk.bin": b"\x00\x01\x02" * 100}

    parsed = read_docx(docx(paragraph("Body") + '<w:altChunk r:id="rId1"/>', parts, [("aFChunk", "chunk.bin")]))

    assert parsed.text == "Body"
    assert [(warning.code, warning.part) for warning in parsed.report.warnings] == [("part_not_read", "chunk.bin")]


def test_controls_are_read_or_counted(read_docx: Read) -> None:
    bag = '<ax:ocx xmlns:ax="urn:ax"><ax:ocxPr ax:name="Caption" ax:value="I agree"/></ax:ocx>'
    parts: dict[str, str | bytes] = {"activeX/a.xml": bag, "activeX/b.xml": '<ax:ocx xmlns:ax="urn:ax"/>'}
    content = "".join(f'<w:r><w:object><w:control r:id="rId{number}"/></w:object></w:r>' for number in (1, 2))

    parsed = read_docx(docx(paragraph(content), parts, [("control", "activeX/a.xml"), ("control", "activeX/b.xml")]))

    assert parsed.text == "I agree"
    assert parsed.report.parts["embedded_object"] == {"read": 1, "not_read": 1}

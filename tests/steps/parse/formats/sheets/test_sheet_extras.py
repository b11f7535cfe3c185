"""What a sheet holds beside its cells."""

import pytest

from ingest.steps.parse.formats.sheets.sheet_extras import comment_text, print_header_text
from tests.steps.parse.documents import DocumentBuilder, Parse
from tests.steps.parse.formats.sheets.parsed_sheets import body
from tests.steps.parse.workbooks import MAIN, cell, relationships, row, sheet_drawing, text_box, xlsx


def test_text_boxes_and_comments_follow_the_rows(parse: Parse) -> None:
    comments = (
        f'<comments xmlns="{MAIN}"><authors><author>Ann</author></authors><commentList>'
        '<comment ref="A1" authorId="0"><text><r><t>Ann:</t></r><r><t>\nChecked by the auditor</t></r></text></comment>'
        "</commentList></comments>"
    )
    data = xlsx(
        {"Data": row(1, cell("A1", "cell"))},
        related=[("drawing", "../drawings/drawing1.xml"), ("comments", "../comments1.xml")],
        parts={"xl/drawings/drawing1.xml": sheet_drawing(text_box("Remark")), "xl/comments1.xml": comments},
    )

    parsed = parse("a.xlsx", data)

    assert body(parsed) == "cell\n\nRemark\n\nComment on A1 (Ann): Checked by the auditor"
    assert parsed.report.parts["comment"] == {"read": 1}


def test_threads_of_comments_are_read_with_their_authors_and_without_the_copy_for_old_versions(parse: Parse) -> None:
    ns = "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"
    old = (
        f'<comments xmlns="{MAIN}"><authors><author>tc={{1}}</author></authors><commentList>'
        '<comment ref="B2" authorId="0"><text><t>[Threaded comment]\n\nYour version ...</t></text></comment>'
        '<comment ref="C3" authorId="0"><text><t>An old one</t></text></comment></commentList></comments>'
    )
    threads = (
        f'<ThreadedComments xmlns="{ns}"><threadedComment ref="B2" personId="{{P}}" id="{{1}}"><text>Is it right?</text>'
        '</threadedComment><threadedComment ref="B2" personId="{P}" id="{2}" parentId="{1}"><text>Yes.</text>'
        "</threadedComment></ThreadedComments>"
    )
    persons = f'<personList xmlns="{ns}"><person displayName="Bo Li" id="{{P}}"/></personList>'
    rels = [("worksheet", "worksheets/sheet1.xml"), ("person", "persons/person.xml")]
    data = xlsx(
        {"Data": ""},
        related=[("comments", "../comments1.xml"), ("threadedComment", "../threadedComments/threadedComment1.xml")],
        parts={
            "xl/comments1.xml": old,
            "xl/threadedComments/threadedComment1.xml": threads,
            "xl/persons/person.xml": persons,
            "xl/_rels/workbook.xml.rels": relationships(rels),
        },
    )

    assert body(parse("a.xlsx", data)) == (
        "Comment on B2 (Bo Li): Is it right?\n\nComment on B2 (Bo Li): Yes.\n\nComment on C3: An old one"
    )


def test_charts_pictures_and_groups_in_drawings_are_read(parse: Parse) -> None:
    c, a = (
        "http://schemas.openxmlformats.org/drawingml/2006/chart",
        "http://schemas.openxmlformats.org/drawingml/2006/main",
    )
    chart = (
        f'<c:chartSpace xmlns:c="{c}" xmlns:a="{a}"><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Visitors</a:t></a:r></a:p>'
        "</c:rich></c:tx></c:title><c:plotArea><c:barChart><c:ser><c:cat><c:strRef><c:strCache><c:pt idx='0'><c:v>Bergen"
        "</c:v></c:pt></c:strCache></c:strRef></c:cat></c:ser></c:barChart></c:plotArea></c:chart></c:chartSpace>"
    )
    frame = (
        "<xdr:oneCellAnchor><xdr:graphicFrame><xdr:nvGraphicFramePr><xdr:cNvPr id='3' name='c'/></xdr:nvGraphicFramePr>"
        f"<a:graphic><a:graphicData uri='{c}'><c:chart xmlns:c='{c}' r:id='rId1'/></a:graphicData></a:graphic>"
        "</xdr:graphicFrame></xdr:oneCellAnchor>"
    )
    picture = "<xdr:pic><xdr:nvPicPr><xdr:cNvPr id='4' name='p' descr='Map of the harbour'/></xdr:nvPicPr></xdr:pic>"
    group = f"<xdr:absoluteAnchor><xdr:grpSp>{picture}</xdr:grpSp></xdr:absoluteAnchor>"
    data = xlsx(
        {"Data": row(1, cell("A1", "x"))},
        related=[("drawing", "../drawings/drawing1.xml")],
        parts={
            "xl/drawings/drawing1.xml": sheet_drawing(frame + group),
            "xl/drawings/_rels/drawing1.xml.rels": relationships([("chart", "../charts/chart1.xml")]),
            "xl/charts/chart1.xml": chart,
        },
    )

    parsed = parse("a.xlsx", data)

    assert body(parsed) == "x\n\nVisitors\n\nBergen\n\nMap of the harbour"
    assert parsed.report.parts["chart"] == {"read": 1}
    assert parsed.report.parts["image"] == {"not_read": 1}
    assert not parsed.report.warnings


def test_a_sheet_of_pictures_alone_has_a_warning(parse: Parse) -> None:
    picture = "<xdr:oneCellAnchor><xdr:pic><xdr:nvPicPr><xdr:cNvPr id='4' name='p'/></xdr:nvPicPr></xdr:pic></xdr:oneCellAnchor>"
    data = xlsx(
        {"Scan": ""},
        related=[("drawing", "../drawings/drawing1.xml")],
        parts={"xl/drawings/drawing1.xml": sheet_drawing(picture)},
    )

    parsed = parse("a.xlsx", data)

    assert parsed.report.parts == {"image": {"not_read": 1}, "sheet": {"empty": 1}}
    assert [(w.code, w.part) for w in parsed.report.warnings] == [("picture_not_read", "sheet Scan")]


def test_print_headers_are_read_without_their_codes(parse: Parse) -> None:
    after = (
        '<headerFooter><oddHeader>&amp;L&amp;"Arial,Bold"&amp;12Internal &amp;&amp; secret&amp;R&amp;D</oddHeader>'
        "<oddFooter>&amp;CPage &amp;P of &amp;N - Draft</oddFooter></headerFooter>"
    )

    assert (
        body(parse("a.xlsx", xlsx({"Data": row(1, cell("A1", "x"))}, after=after))) == "x\n\nInternal & secret\n\nDraft"
    )


def test_embedded_files_are_read_as_parts_of_the_sheet(parse: Parse, documents: DocumentBuilder) -> None:
    inner = documents.docx(documents.paragraph("The contract"))
    data = xlsx(
        {"Data": row(1, cell("A1", "x"))},
        related=[("package", "../embeddings/Contract.docx")],
        parts={"xl/embeddings/Contract.docx": inner},
    )

    parsed = parse("a.xlsx", data)

    assert "The contract" in parsed.text
    assert [section.kind for section in parsed.sections][:2] == ["sheet", "attachment"]
    assert parsed.report.parts["embedded_object"] == {"read": 1}


@pytest.mark.parametrize(
    ("author", "text", "shown"),
    [
        ("Ann", "Ann:\n Checked \n twice", "Comment on B2 (Ann): Checked\ntwice"),
        ("Ann", "Anna: no", "Comment on B2 (Ann): Anna: no"),
        ("", " alone ", "Comment on B2: alone"),
    ],
)
def test_a_comment_names_its_author_once(author: str, text: str, shown: str) -> None:
    assert comment_text("B2", author, text) == shown


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ('&L&"Arial,Bold"&12Internal && secret&R&D', "Internal & secret"),
        ("&CPage &P of &N - Draft", "Draft"),
        ("Seite &P", ""),
        ("&LLeft&CCentre&RRight", "Left\nCentre\nRight"),
        ("&C&K01+000Coloured&K00FF00 words", "Coloured words"),
        ("R&&L 2024", "R&L 2024"),
        ("R&&D, Q&&A, B&&&P", "R&D, Q&A, B&"),
        ("&D &T &F &A", ""),
        ("&CConfidential &P", "Confidential"),
        ('&L&"Arial,Bold"Page &"Arial"&P of &N&RSite &P', "Site"),
        ("&C第 &P 页，共 &N 页", ""),
    ],
)
def test_a_print_header_is_its_words(code: str, words: str) -> None:
    assert print_header_text(code) == words


def test_labels_of_controls_are_read_and_frames_of_comments_are_not(parse: Parse) -> None:
    box = '<v:shape><v:textbox><div>{}</div></v:textbox><x:ClientData ObjectType="{}"/></v:shape>'.format
    drawing = (
        '<xml xmlns:v="urn:schemas-microsoft-com:vml" xmlns:x="urn:schemas-microsoft-com:office:excel">'
        f"{box('Send  now', 'Button')}{box('A comment', 'Note')}</xml>"
    )
    data = xlsx(
        {"Data": row(1, cell("A1", "x"))},
        related=[("vmlDrawing", "../drawings/vmlDrawing1.vml")],
        parts={"xl/drawings/vmlDrawing1.vml": drawing},
    )

    assert body(parse("a.xlsx", data)) == "x\n\nSend now"


def test_a_drawing_that_is_missing_is_reported(parse: Parse) -> None:
    parsed = parse("a.xlsx", xlsx({"Data": row(1, cell("A1", "x"))}, related=[("drawing", "../drawings/gone.xml")]))

    assert body(parsed) == "x"
    assert [(w.code, w.part) for w in parsed.report.warnings] == [("part_not_read", "sheet Data")]

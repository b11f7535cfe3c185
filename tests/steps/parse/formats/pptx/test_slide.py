"""One slide: shapes, tables, charts, notes, comments, pictures, embedded objects."""

from ingest.steps.parse import ParsedText
from tests.steps.parse.documents import DocumentBuilder, Parse
from tests.steps.parse.presentations import A, frame, paragraph, picture, pptx, shape, slide_xml, table, title
from tests.steps.parse.workbooks import relationships


def warnings(parsed: ParsedText) -> list[tuple[str, str]]:
    return [(warning.code, warning.part) for warning in parsed.report.warnings]


def test_the_title_comes_first_and_shapes_off_the_slide_are_read(parse: Parse) -> None:
    shapes = shape(paragraph("Body")) + title("Title") + shape(paragraph("Bleeds"), place='x="-100000" y="914400"')

    assert parse("a.pptx", pptx([shapes])).text == "Title\n\nBody\n\nBleeds"


def test_shapes_in_groups_are_read_in_their_order(parse: Parse) -> None:
    inner = f"<p:grpSp>{shape(paragraph('two'))}<p:grpSp>{shape(paragraph('three'))}</p:grpSp></p:grpSp>"

    assert parse("a.pptx", pptx([shape(paragraph("one")) + inner + shape(paragraph("four"))])).text == (
        "one\n\ntwo\n\nthree\n\nfour"
    )


def test_a_title_on_two_lines_is_one_heading(parse: Parse) -> None:
    broken = shape(
        "<a:p><a:r><a:t>Annual</a:t></a:r><a:br/><a:r><a:t>report</a:t></a:r></a:p>", placeholder='type="ctrTitle"'
    )

    parsed = parse("a.pptx", pptx([broken]))

    assert parsed.text == "Annual\nreport"
    assert (parsed.headings[0].title, parsed.sections[0].name) == ("Annual report", "Annual report")


def test_superscripts_breaks_and_formulas_are_read_and_slide_numbers_are_not(parse: Parse) -> None:
    runs = (
        '<a:p><a:r><a:t>10</a:t></a:r><a:r><a:rPr baseline="30000"/><a:t>5</a:t></a:r><a:br/><a:r><a:t>CO</a:t></a:r>'
        '<a:r><a:rPr baseline="-25000"/><a:t>2</a:t></a:r><a:fld type="slidenum"><a:t>17</a:t></a:fld></a:p>'
        "<a:p><mc:AlternateContent><mc:Choice Requires='a14'><a14:m><m:oMath><m:r><m:t>x=1</m:t></m:r></m:oMath></a14:m>"
        "</mc:Choice><mc:Fallback><a:r><a:t>x=1</a:t></a:r></mc:Fallback></mc:AlternateContent></a:p>"
    )

    assert parse("a.pptx", pptx([shape(runs)])).text == "10⁵\nCO₂\n\nx=1"


def test_alternate_content_is_read_once(parse: Parse) -> None:
    alternate = (
        f"<mc:AlternateContent><mc:Choice Requires='x'>{shape(paragraph('new'))}</mc:Choice>"
        f"<mc:Fallback>{shape(paragraph('old'))}</mc:Fallback></mc:AlternateContent>"
        f"<mc:AlternateContent><mc:Choice Requires='x'/><mc:Fallback>{shape(paragraph('other'))}</mc:Fallback>"
        "</mc:AlternateContent>"
    )

    assert parse("a.pptx", pptx([alternate])).text == "new\n\nother"


def test_tables_keep_the_columns_of_merged_cells(parse: Parse) -> None:
    wide = f"<a:tc gridSpan='2'><a:txBody>{paragraph('Sales')}{paragraph('2024')}</a:txBody></a:tc>"
    covered = f"<a:tc hMerge='1'><a:txBody>{paragraph('')}</a:txBody></a:tc>"
    below = "<a:tc vMerge='1'><a:txBody><a:p/></a:txBody></a:tc>"

    parsed = parse(
        "a.pptx", pptx([table(["Region", wide, covered, "Note"], [below, "Q1", "Q2", "x"], ["North", "", "7"])])
    )

    assert parsed.text == "Region | Sales 2024 |  | Note\n | Q1 | Q2 | x\nNorth |  | 7"
    assert len(parsed.tables) == 1


def test_charts_and_diagrams_are_read(parse: Parse) -> None:
    c, d = (
        "http://schemas.openxmlformats.org/drawingml/2006/chart",
        "http://schemas.openxmlformats.org/drawingml/2006/diagram",
    )
    chart = (
        f'<c:chartSpace xmlns:c="{c}" xmlns:a="{A}"><c:chart><c:title><c:tx><c:rich><a:p><a:r><a:t>Visitors per harbour</a:t>'
        "</a:r></a:p></c:rich></c:tx></c:title><c:plotArea><c:ser><c:cat><c:strRef><c:strCache><c:pt idx='0'><c:v>Bergen</c:v>"
        "</c:pt></c:strCache></c:strRef></c:cat><c:val><c:numRef><c:numCache><c:pt idx='0'><c:v>12</c:v></c:pt></c:numCache>"
        "</c:numRef></c:val></c:ser></c:plotArea></c:chart></c:chartSpace>"
    )
    diagram = (
        f'<d:dataModel xmlns:d="{d}" xmlns:a="{A}"><d:ptLst><d:pt modelId="1"><d:t><a:p><a:r><a:t>Plan</a:t></a:r></a:p></d:t>'
        '</d:pt><d:pt modelId="2"><d:t><a:p><a:r><a:t>Do</a:t></a:r></a:p></d:t></d:pt></d:ptLst></d:dataModel>'
    )
    shapes = frame(f'<c:chart xmlns:c="{c}" r:id="rId1"/>', c) + frame(
        f'<d:relIds xmlns:d="{d}" r:dm="rId2" r:lo="rId9"/>', d
    )

    parsed = parse(
        "a.pptx",
        pptx(
            [shapes],
            related=[("chart", "../charts/chart1.xml"), ("diagramData", "../diagrams/data1.xml")],
            parts={"ppt/charts/chart1.xml": chart, "ppt/diagrams/data1.xml": diagram},
        ),
    )

    assert parsed.text == "Visitors per harbour\n\nBergen | 12\n\nPlan\nDo"
    assert parsed.report.parts == {"chart": {"read": 1}, "diagram": {"read": 1}, "slide": {"read": 1}}


def test_a_chart_that_is_missing_is_reported(parse: Parse) -> None:
    c = "http://schemas.openxmlformats.org/drawingml/2006/chart"

    parsed = parse("a.pptx", pptx([title("T") + frame(f'<c:chart xmlns:c="{c}" r:id="rId1"/>', c)]))

    assert parsed.text == "T"
    assert parsed.report.parts["chart"] == {"failed": 1}
    assert warnings(parsed) == [("part_not_read", "ppt/slides/slide1.xml")]


def test_notes_are_read_without_the_number_and_date_of_the_page(parse: Parse) -> None:
    notes = slide_xml(
        shape(paragraph("7"), placeholder='type="sldNum"')
        + shape(paragraph("I say"), paragraph("much"), placeholder='type="body" idx="1"')
        + shape(paragraph("Today"), placeholder='type="dt"'),
        "notes",
    )

    data = pptx([title("T")], related=[("notesSlide", "../notesSlides/n.xml")], parts={"ppt/notesSlides/n.xml": notes})

    assert parse("a.pptx", data).text == "T\n\nNotes:\nI say\nmuch"


def test_alternative_texts_are_read_unless_they_are_file_names_or_of_decoration(parse: Parse) -> None:
    decorative = '<a:extLst><a:ext><x:decorative xmlns:x="x" val="1"/></a:ext></a:extLst>'
    shapes = (
        title("T") + picture("Map of the harbour") + picture("logo-2.png") + picture("Line", decorative)
        + picture("A ship&#10;&#10;Description automatically generated")
        + shape(description="An arrow") + shape(paragraph("text"), description="not needed")
    )  # fmt: skip

    parsed = parse("a.pptx", pptx([shapes]))

    assert parsed.text == "T\n\nMap of the harbour\n\nA ship\n\nAn arrow\n\ntext"
    assert parsed.report.parts == {"slide": {"read": 1}, "image": {"not_read": 4}}
    assert not parsed.report.warnings


def test_sound_and_video_are_reported(parse: Parse) -> None:
    video = picture().replace("<p:nvPr/>", '<p:nvPr><a:videoFile r:link="rId9"/></p:nvPr>')

    parsed = parse("a.pptx", pptx([title("T") + video]))

    assert parsed.report.parts["media"] == {"not_read": 1}
    assert warnings(parsed) == [("media_not_read", "slide 1")]


def test_footers_are_read_once_and_dates_of_today_never(parse: Parse) -> None:
    footer = shape(paragraph("Internal"), placeholder='type="ftr" idx="11"')
    today = shape('<a:p><a:fld type="datetime1"><a:t>1/2/2024</a:t></a:fld></a:p>', placeholder='type="dt"')
    number = shape('<a:p><a:fld type="slidenum"><a:t>1</a:t></a:fld></a:p>', placeholder='type="sldNum"')

    assert (
        parse("a.pptx", pptx([title("A") + footer + today + number, title("B") + footer])).text == "A\n\nInternal\n\nB"
    )


def test_text_that_a_layout_draws_is_read_once_and_its_prompts_never(parse: Parse) -> None:
    layout = slide_xml(
        shape(paragraph("ACME Corp")) + shape(paragraph("Click to edit"), placeholder='type="title"'), "sldLayout"
    )
    master = slide_xml(
        shape(paragraph("Since 1900")) + shape(paragraph("Click"), placeholder='type="body"'), "sldMaster"
    )
    data = pptx(
        [title("A"), title("B")],
        related=[("slideLayout", "../slideLayouts/l.xml")],
        parts={
            "ppt/slideLayouts/l.xml": layout,
            "ppt/slideLayouts/_rels/l.xml.rels": relationships([("slideMaster", "../slideMasters/m.xml")]),
            "ppt/slideMasters/m.xml": master,
            "ppt/slides/_rels/slide2.xml.rels": relationships([("slideLayout", "../slideLayouts/l.xml")]),
        },
    )

    assert parse("a.pptx", data).text == "A\n\nACME Corp\n\nSince 1900\n\nB"


def test_embedded_objects_are_read_as_parts_of_the_slide(parse: Parse, documents: DocumentBuilder) -> None:
    ole = frame('<p:oleObj progId="Excel.Sheet.12" r:id="rId1"><p:embed/></p:oleObj>')
    data = pptx(
        [title("T") + ole],
        related=[("package", "../embeddings/Sheet1.xlsx")],
        parts={"ppt/embeddings/Sheet1.xlsx": documents.xlsx({"S": [["inner", 7]]})},
    )

    parsed = parse("a.pptx", data)

    assert parsed.text == "T\n\nAttachment: Sheet1.xlsx\n\nS\n\ninner | 7"
    assert [section.kind for section in parsed.sections] == ["slide", "attachment", "sheet"]
    assert parsed.report.parts["embedded_object"] == {"read": 1}

"""The blocks of a Word part: paragraphs, list items, tables, comments and what is anchored in them."""

from tests.steps.parse.documents import DocumentBuilder, Parse
from tests.steps.parse.formats.docx.conftest import Read
from tests.steps.parse.word_documents import alternatives, box, control, docx, paragraph, part, run


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


def test_a_text_box_is_read_once(parse: Parse, documents: DocumentBuilder) -> None:
    box = f"<w:txbxContent>{documents.paragraph('boxed')}</w:txbxContent>"
    body = f"<w:p><w:r><w:t>around</w:t></w:r><w:r><w:Choice>{box}</w:Choice><w:Fallback>{box}</w:Fallback></w:r></w:p>"

    assert parse("a.docx", documents.docx(body)).text == "boxed\n\naround"


def test_comments_name_their_authors_and_are_counted(read_docx: Read) -> None:
    comments = (
        f'<w:comment w:id="1" w:author="Anna Berg">{paragraph("Please check.")}{paragraph("Twice.")}</w:comment>'
        f'<w:comment w:id="2">{paragraph("Done")}</w:comment>'
    )

    parsed = read_docx(docx(paragraph("Body"), {"comments.xml": part("comments", comments)}))

    assert parsed.text == "Body\n\nAnna Berg: Please check.\n\nTwice.\n\nDone"
    assert parsed.report.parts["comment"] == {"read": 2}


def test_a_prompt_around_paragraphs_is_not_content(read_docx: Read) -> None:
    body = control("<w:showingPlcHdr/>", paragraph("Prompt")) + control("", paragraph("Answer"))

    assert read_docx(docx(body)).text == "Answer"


def test_a_box_at_a_heading_is_below_it(read_docx: Read) -> None:
    heading = f"<w:pPr><w:pStyle w:val='Heading1'/></w:pPr>{run('Scope')}<w:r><w:pict>{box('boxed')}</w:pict></w:r>"

    assert read_docx(docx(f"<w:p>{heading}</w:p>")).text == "Scope\n\nboxed"


def test_a_text_box_is_read_once_in_either_form(read_docx: Read) -> None:
    choice = f"<w:drawing><wps:wsp><wps:txbx>{box('boxed')}</wps:txbx></wps:wsp></w:drawing>"
    fallback = f"<w:pict><v:shape><v:textbox>{box('boxed')}</v:textbox></v:shape></w:pict>"
    both = f"<w:r>{alternatives(choice, fallback)}</w:r>"

    assert read_docx(docx(paragraph(run("around") + both))).text == "boxed\n\naround"
    assert read_docx(docx(paragraph(run("around") + f"<w:r>{fallback}</w:r>"))).text == "boxed\n\naround"

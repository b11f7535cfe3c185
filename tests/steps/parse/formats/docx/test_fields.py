"""Fields and old forms."""

import pytest

from ingest.steps.parse.formats.docx.fields import instruction_text
from tests.steps.parse.formats.docx.conftest import Read
from tests.steps.parse.word_documents import docx, field, paragraph, run


def form(content: str) -> str:
    return f"<w:ffData>{content}</w:ffData>"


ENTRIES = '<w:listEntry w:val="A positive"/><w:listEntry w:val="B negative"/>'


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (field("PAGE", run("3")), "3"),
        (field(" HYPERLINK &quot;http://example.org&quot; ", run("here")), "here"),
        (field("IF " + "1 = 1", field("MERGEFIELD name", run("Anna"))), "Anna"),
        (field(" FORMDROPDOWN ", data=form(f'<w:ddList><w:result w:val="1"/>{ENTRIES}</w:ddList>')), "B negative"),
        (field(" FORMDROPDOWN ", data=form(f"<w:ddList>{ENTRIES}</w:ddList>")), "A positive"),
        (field(" FORMDROPDOWN ", data=form(f'<w:ddList><w:default w:val="9"/>{ENTRIES}</w:ddList>')), ""),
        (field("FORMCHECKBOX", data=form("<w:checkBox><w:default w:val='0'/><w:checked/></w:checkBox>")), "☒"),
        (field("FORMCHECKBOX", data=form("<w:checkBox><w:default w:val='1'/></w:checkBox>")), "☒"),
        (field("FORMCHECKBOX", data=form("<w:checkBox><w:checked w:val='false'/></w:checkBox>")), "☐"),
        (field("FORMCHECKBOX", "", data=form("<w:checkBox/>")), "☐"),
        (field("FORMTEXT", run("typed"), data=form("<w:textInput><w:default w:val='x'/></w:textInput>")), "typed"),
        (field("FORMTEXT", data=form("<w:textInput><w:default w:val='preset'/></w:textInput>")), "preset"),
        (field("SYMBOL 179 \\f Symbol"), "≥"),
        ('<w:fldSimple w:instr="AUTHOR">' + run("Anna") + "</w:fldSimple>", "Anna"),
    ],
)
def test_a_field_shows_its_result_or_value(read_docx: Read, content: str, text: str) -> None:
    assert read_docx(docx(paragraph(run("Value: ") + content + run(" end")))).text == f"Value: {text} end"


def test_a_field_inside_an_instruction_is_not_shown(read_docx: Read) -> None:
    begin, separate, end = (f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", "end"))
    content = begin + field("MERGEFIELD sex", run("f")) + run("instruction") + separate + run("Dear Ms") + end

    assert read_docx(docx(paragraph(content))).text == "Dear Ms"


def test_a_field_may_span_paragraphs_and_one_left_open_hides_nothing(read_docx: Read) -> None:
    begin, separate, end = (f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("begin", "separate", "end"))
    body = paragraph(begin + "<w:r><w:instrText>TOC</w:instrText></w:r>" + separate + run("one"))
    body += paragraph(run("two") + end) + paragraph(begin + run("hidden")) + paragraph("three")

    assert read_docx(docx(body)).text == "one\n\ntwo\n\nthree"


@pytest.mark.parametrize(
    ("instruction", "text"),
    [
        ('QUOTE "as typed"', "as typed"),
        ("MACROBUTTON NoMacro [Name of the customer]", "[Name of the customer]"),
        ("SYMBOL 0xF0FC \\f Wingdings \\s 12", "✔"),
        ('SYMBOL 61 \\f "Times New Roman"', "="),
        (r"EQ \f(1,2)", "1/2"),
        (r"EQ \f(1;\f(2;3))", "1/2/3"),
        (r"EQ \r(3,x)", "3√(x)"),
        (r"EQ \o\al(a,b) + c", "(a,b) + c"),
        ("PAGE", ""),
        ("", ""),
        ("SYMBOL 99999999999999", ""),
    ],
)
def test_an_instruction_without_a_stored_result(instruction: str, text: str) -> None:
    assert instruction_text(instruction) == text

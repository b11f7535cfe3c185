"""The text inside paragraphs."""

import pytest

from tests.steps.parse.formats.docx.conftest import Read
from tests.steps.parse.word_documents import alternatives, box, control, docx, paragraph, run, styled


def sym(font: str, code: str) -> str:
    return f'<w:r><w:sym w:font="{font}" w:char="{code}"/></w:r>'


def raised(text: str) -> str:
    return run(text, '<w:vertAlign w:val="superscript"/>')


def lowered(text: str) -> str:
    return run(text, '<w:vertAlign w:val="subscript"/>')


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (run("a range of 5") + sym("Symbol", "F0B1") + run("2"), "a range of 5±2"),
        (sym("Symbol", "F0B3") + run(" 40"), "≥ 40"),
        (sym("Wingdings", "F0FE") + run(" yes ") + sym("Wingdings", "A8") + run(" no"), "☑ yes ☐ no"),
        (sym("Arial", "2022") + run(" item"), "• item"),
        (run("5 ") + run("m", '<w:rFonts w:ascii="Symbol" w:hAnsi="Symbol"/>') + run("g"), "5 μg"),
        (run("\uf0b7 item"), "• item"),
        (run("10") + raised("-") + raised("5") + run(" mol"), "10⁻⁵ mol"),
        (run("H") + lowered("2") + run("O"), "H₂O"),
        (run("21") + raised("st") + run(" century"), "21st century"),
        (run("v") + lowered("max"), "v_max"),
        (raised("1") + run(" See below"), "¹ See below"),
        (raised("Raised for its looks"), "Raised for its looks"),
        (run("Kranken\xadversicherung"), "Krankenversicherung"),
        ("<w:r><w:t>Kranken</w:t><w:softHyphen/><w:t>haus</w:t></w:r>", "Krankenhaus"),
        ("<w:r><w:t>A</w:t><w:noBreakHyphen/><w:t>4</w:t><w:tab/><w:t>b</w:t><w:br/><w:t>c</w:t></w:r>", "A-4\tb\nc"),
        (
            run("住所は")
            + "<w:r><w:ruby><w:rt><w:r><w:t>とうきょう</w:t></w:r></w:rt>"
            + "<w:rubyBase><w:r><w:t>東京都</w:t></w:r></w:rubyBase></w:ruby></w:r>",
            "住所は東京都",
        ),
        (run("typed in small letters", "<w:caps/><w:vanish/>"), "typed in small letters"),
        ('<w:hyperlink r:id="rId9">' + run("link") + "</w:hyperlink>", "link"),
        ("<w:smartTag><w:customXml>" + run("tagged") + "</w:customXml></w:smartTag>", "tagged"),
        ('<w:bdo w:val="rtl">' + run("א") + "</w:bdo>", "א"),
    ],
)
def test_a_paragraph_reads_as_it_is_shown(read_docx: Read, content: str, text: str) -> None:
    assert read_docx(docx(paragraph(content))).text == text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (f'<w:del w:id="1">{run("900")}</w:del><w:ins w:id="2">{run("700")}</w:ins>', "700"),
        ('<w:del w:id="1"><w:r><w:delText>900</w:delText></w:r></w:del>' + run("stays"), "stays"),
        (f'<w:moveFrom w:id="1">{run("here")}</w:moveFrom><w:moveTo w:id="2">{run("there")}</w:moveTo>', "there"),
        (f'<w:ins w:id="1"><w:del w:id="2">{run("both")}</w:del>{run("kept")}</w:ins>', "kept"),
    ],
)
def test_changes_are_read_as_accepted(read_docx: Read, content: str, text: str) -> None:
    assert read_docx(docx(paragraph(content))).text == text


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (control("<w:date/>", run("1 May")), "Value: 1 May"),
        (control("<w:dropDownList/>", run("B negative")), "Value: B negative"),
        (control("<w:showingPlcHdr/>", run("Click here to enter text")), "Value:"),
        (control('<w:showingPlcHdr w:val="0"/>', run("typed")), "Value: typed"),
        (control("", run("☒")), "Value: ☒"),
        (control("", control("", run("inner"))), "Value: inner"),
    ],
)
def test_a_content_control_has_its_content_and_not_its_prompt(read_docx: Read, content: str, text: str) -> None:
    assert read_docx(docx(paragraph(run("Value: ") + content))).text == text


def test_the_older_form_is_read_if_the_newer_has_no_text(read_docx: Read) -> None:
    choice = "<w:drawing><wps:wsp/></w:drawing>"
    fallback = f"<w:pict><v:shape><v:textbox>{box('boxed')}</v:textbox></v:shape></w:pict>"

    assert read_docx(docx(paragraph(f"<w:r>{alternatives(choice, fallback)}</w:r>"))).text == "boxed"


@pytest.mark.parametrize(
    ("drawing", "text"),
    [
        ('<wp:inline><wp:docPr id="1" name="x" descr="Photo of the bridge"/></wp:inline>', "Photo of the bridge"),
        ('<wp:inline><wp:docPr id="1" name="x" descr="C:\\photos\\IMG_1.JPG"/></wp:inline>', "Text"),
        ('<wp:inline><wp:docPr id="1" name="x" title="The title"/></wp:inline>', "The title"),
        ('<v:shape alt="A logo"><v:imagedata r:id="rId1"/></v:shape>', "A logo"),
        ('<v:shape><v:textpath string="DRAFT"/></v:shape>', "DRAFT"),
        ("<a:graphic><a:txBody><a:p><a:r><a:t>canvas</a:t></a:r></a:p></a:txBody></a:graphic>", "canvas"),
    ],
)
def test_drawings_have_their_alternative_text_and_their_words(read_docx: Read, drawing: str, text: str) -> None:
    parsed = read_docx(docx(paragraph("Text") + paragraph(f"<w:r><w:drawing>{drawing}</w:drawing></w:r>")))

    assert parsed.text == ("Text" if text == "Text" else f"Text\n\n{text}")


def test_words_beside_a_picture_do_not_run_into_its_text(read_docx: Read) -> None:
    picture = '<w:r><w:drawing><wp:docPr descr="sun"/></w:drawing></w:r>'

    assert read_docx(docx(paragraph(run("before") + picture + run("after")))).text == "before sun after"


def test_formulas_are_written_in_a_line(read_docx: Read) -> None:
    def text(value: str) -> str:
        return f"<m:r><m:t>{value}</m:t></m:r>"

    fraction = f"<m:f><m:num>{text('alpha')}</m:num><m:den>{text('beta')}</m:den></m:f>"
    power = f"<m:sSup><m:e>{text('x')}</m:e><m:sup>{text('2')}</m:sup></m:sSup>"
    body = paragraph(run("Ratio ") + f"<m:oMath>{fraction}{power}</m:oMath>")
    body += paragraph(f"<m:oMathPara><m:oMath>{text('a=1')}</m:oMath><m:oMath>{text('b=2')}</m:oMath></m:oMathPara>")

    assert read_docx(docx(body)).text == "Ratio alpha/beta x²\n\na=1\nb=2"


def test_deep_nesting_does_not_end_the_reader(read_docx: Read) -> None:
    deep = "<w:smartTag>" * 900 + run("deep") + "</w:smartTag>" * 900
    boxes = "<w:r><w:pict><w:txbxContent><w:p>" * 200 + run("box") + "</w:p></w:txbxContent></w:pict></w:r>" * 200

    parsed = read_docx(docx(paragraph(deep) + paragraph(boxes) + styled("end", "")))

    assert parsed.text.startswith("deep")
    assert "box" in parsed.text
    assert parsed.text.endswith("end")

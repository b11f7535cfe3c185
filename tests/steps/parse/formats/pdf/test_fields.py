"""Values of form fields."""

import pytest

from tests.steps.parse.documents import DocumentBuilder
from tests.steps.parse.formats.pdf.conftest import ReadPdf
from tests.steps.parse.formats.pdf.pdf_file import PdfFile


def form(*fields: str) -> PdfFile:
    file = PdfFile()
    appearance = file.stream("", "/Type/XObject/Subtype/Form/BBox[0 0 20 20]")
    references = [
        file.add(f"<</Type/Annot/Subtype/Widget/F 4/Rect[100 {y} 300 {y + 20}]{field.replace('@', appearance)}>>")
        for y, field in zip(range(600, 100, -30), fields, strict=False)
    ]
    joined = " ".join(references)
    file.catalog = f"/AcroForm<</Fields[{joined}]/DR<</Font<</F1 3 0 R>>>>/DA(/F1 12 Tf)>>"
    file.text_page("Application", annotations=joined)
    return file


def box(name: str, state: str, chosen: str, more: str = "") -> str:
    return f"/FT/Btn/T({name}){more}/V/{chosen}/AS/{chosen}/AP<</N<</{state} @/Off @>>>>"


@pytest.mark.parametrize(
    ("field", "line"),
    [
        ("/FT/Tx/T(city)/V(Oslo)", "city: Oslo"),
        ("/FT/Tx/T(city)/TU(Where do you live)/V(Oslo)", "Where do you live: Oslo"),
        ("/FT/Tx/Ff 4096/T(story)/V(one\\rtwo)", "story: one\ntwo"),
        (box("smoker", "Yes", "Yes", "/TU(Do you smoke)"), "Do you smoke: Yes"),
        (box("smoker", "On", "On"), "smoker: Yes"),
        (box("size", "Large", "Large"), "size: Large"),
        (box("colour", "red", "red", "/Ff 32768"), "colour: red"),
        ("/FT/Ch/Ff 131072/T(country)/V(NO)/Opt[[(NO)(Norway)][(SE)(Sweden)]]", "country: Norway"),
        ("/FT/Ch/Ff 393216/T(country)/V(Atlantis)/Opt[(Norway)(Sweden)]", "country: Atlantis"),
        ("/FT/Ch/Ff 2097152/T(days)/V[(Mon)(Wed)]/Opt[(Mon)(Tue)(Wed)]", "days: Mon, Wed"),
    ],
)
def test_a_filled_field_is_its_question_and_value(read_pdf: ReadPdf, field: str, line: str) -> None:
    assert read_pdf(form(field)).text == f"Application\n{line}"


@pytest.mark.parametrize(
    "field",
    [
        "/FT/Tx/T(city)",
        "/FT/Tx/T(city)/V()",
        box("smoker", "Yes", "Off"),
        "/FT/Ch/Ff 131072/T(country)/Opt[(Norway)(Sweden)]",
        "/FT/Btn/Ff 65536/T(send)/MK<</CA(Send)>>",
    ],
)
def test_a_field_without_a_value_is_not_text(read_pdf: ReadPdf, field: str) -> None:
    assert read_pdf(form(field)).text == "Application"


def test_fields_are_in_the_order_of_the_page(read_pdf: ReadPdf) -> None:
    file = form("/FT/Tx/T(a)/V(1)", "/FT/Tx/T(b)/V(2)", "/FT/Tx/T(a)/V(1)")

    assert read_pdf(file).text == "Application\na: 1\nb: 2"


def test_a_field_by_another_library_is_read(read_pdf: ReadPdf, documents: DocumentBuilder) -> None:
    assert read_pdf(documents.pdf_form("City", "Zürich")).text == "Form\nCity: Zürich"

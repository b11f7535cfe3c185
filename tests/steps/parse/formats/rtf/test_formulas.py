"""Formulas of RTF."""

import pytest

from ingest.steps.parse.formats.rtf.formulas import FormulaSink
from ingest.steps.parse.formats.story import Paragraph
from tests.steps.parse.formats.rtf.conftest import ReadRtf


def test_the_elements_of_a_formula_are_sinks_in_sinks() -> None:
    formula = FormulaSink()
    fraction = formula.inner("mf")
    fraction.inner("mnum").inner("mr").write("a\n")
    fraction.inner("mden").inner("mr").write("b")
    formula.end_paragraph(Paragraph())

    assert formula.text == "a/b"


def test_the_text_of_a_property_is_its_value() -> None:
    formula = FormulaSink()
    delimiter = formula.inner("md")
    properties = delimiter.inner("mdPr")
    for word, sign in (("mbegChr", "["), ("mendChr", "]")):
        properties.inner(word).write(sign)
    delimiter.inner("me").inner("mr").write("x")

    assert formula.text == "[x]"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (rb"{\msSup{\me{\mr x}}{\msup{\mr 2}}}", "x²"),
        (rb"{\msSub{\me{\mr x}}{\msub{\mr 1}}}", "x₁"),
        (rb"{\mrad{\mradPr{\mdegHide on}}{\mdeg}{\me{\mr y}}}", "√y"),
        (rb"{\mf{\mfPr{\mctrlPr\f1 gone}}{\mnum{\mr a}}{\mden{\mr b}}}", "a/b"),
    ],
)
def test_formulas_are_text_in_one_line(read_rtf: ReadRtf, source: bytes, text: str) -> None:
    assert read_rtf(rb"\ansi so {\mmath{\*\moMath " + source + rb"}} holds").text == f"so {text} holds"

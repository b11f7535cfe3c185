"""MathML as text."""

import pytest

from ingest.steps.parse.formats.html import html_to_text


@pytest.mark.parametrize(
    ("mathml", "text"),
    [
        ("<mi>E</mi><mo>=</mo><mi>m</mi><msup><mi>c</mi><mn>2</mn></msup>", "E=mc²"),
        ("<mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mn>2</mn></mfrac>", "(a+b)/2"),
        ("<msqrt><mi>x</mi></msqrt>", "√x"),
        ("<mroot><mi>x</mi><mn>3</mn></mroot>", "³√x"),
        ("<msubsup><mi>x</mi><mi>i</mi><mn>2</mn></msubsup>", "xᵢ²"),
        ("<munderover><mo>∑</mo><mrow><mi>i</mi><mo>=</mo><mn>1</mn></mrow><mi>n</mi></munderover>", "∑ᵢ₌₁ⁿ"),
        ("<mfenced><mi>a</mi><mi>b</mi></mfenced>", "(a,b)"),
        ("<mtable><mtr><mtd>1</mtd><mtd>0</mtd></mtr><mtr><mtd>0</mtd><mtd>1</mtd></mtr></mtable>", "[1, 0; 0, 1]"),
        ("<mi>f</mi><mo>\u2061</mo><mo>(</mo><mi>x</mi><mo>)</mo>", "f(x)"),
        ("<semantics><mi>x</mi><annotation encoding='application/x-tex'>\\alpha</annotation></semantics>", "x"),
    ],
)
def test_formulas_are_one_line(mathml: str, text: str) -> None:
    assert html_to_text(f"<p><math>{mathml}</math></p>") == text


def test_a_formula_without_elements_has_its_alternative_text() -> None:
    assert html_to_text("<p>so <math alttext='a+b'></math></p>") == "so a+b"


@pytest.mark.parametrize("prefix", ["m:", "mml:", ""])
def test_formulas_with_a_prefix_are_read(prefix: str) -> None:
    html = f"<p><{prefix}math><{prefix}msup><{prefix}mi>x</{prefix}mi><{prefix}mn>2</{prefix}mn></{prefix}msup></{prefix}math></p>"

    assert html_to_text(html) == "x²"

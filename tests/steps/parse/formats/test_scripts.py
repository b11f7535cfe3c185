"""Superscripts and subscripts."""

import pytest

from ingest.steps.parse.formats.scripts import exponent, index, subscript, superscript


@pytest.mark.parametrize(
    ("text", "raised", "lowered"),
    [
        ("5", "⁵", "₅"),
        ("-3", "⁻³", "₋₃"),
        ("\u22123", "⁻³", "₋₃"),
        (" 2 ", " ² ", " ₂ "),
        ("n+1", "ⁿ⁺¹", "ₙ₊₁"),
        ("1,2", "¹,²", "₁,₂"),
        ("1, 2", "¹, ²", "₁, ₂"),
        ("2+", "²⁺", "₂₊"),
        ("k", "^k", "ₖ"),
        ("max", "^max", "_max"),
        ("a+b", "^(a+b)", "_(a+b)"),
        ("th", "th", "_th"),
        ("o", "º", "ₒ"),
        ("TM", "™", "_TM"),
        ("*", "*", "*"),
        ("[3]", "[3]", "[3]"),
        ("raised for its looks", "raised for its looks", "raised for its looks"),
        (" ", " ", " "),
        ("", "", ""),
    ],
)
def test_text_in_a_run(text: str, raised: str, lowered: str) -> None:
    assert (superscript(text), subscript(text)) == (raised, lowered)


@pytest.mark.parametrize(
    ("text", "raised", "lowered"),
    [("2", "²", "₂"), ("th", "^th", "_th"), ("x→0", "^(x→0)", "_(x→0)"), ("i=1", "ⁱ⁼¹", "ᵢ₌₁"), ("", "", "")],
)
def test_text_in_a_formula(text: str, raised: str, lowered: str) -> None:
    assert (exponent(text), index(text)) == (raised, lowered)

"""Bullets and automatic numbers, own and inherited."""

import pytest

from tests.steps.parse.documents import Parse
from tests.steps.parse.presentations import paragraph, pptx, shape


def numbered(level: int = 0, scheme: str = "arabicPeriod", start: int = 0) -> str:
    first = f' startAt="{start}"' if start else ""
    return f'<a:pPr lvl="{level}"><a:buAutoNum type="{scheme}"{first}/></a:pPr>'


BULLET = '<a:pPr><a:buChar char="•"/></a:pPr>'


def test_lists_show_their_levels_and_end_with_an_empty_line(parse: Parse) -> None:
    body = shape(
        paragraph("intro"),
        paragraph("one", BULLET),
        paragraph("two", '<a:pPr lvl="1"><a:buChar char="-"/></a:pPr>'),
        "<a:p><a:pPr><a:buChar char='•'/></a:pPr></a:p>",
        paragraph("outro"),
    )

    assert parse("a.pptx", pptx([body])).text == "intro\n\n- one\n  - two\n\noutro"


def test_numbers_count_within_their_level_and_start_where_they_say(parse: Parse) -> None:
    body = shape(
        paragraph("a", numbered(start=4)),
        paragraph("b", numbered(1, "alphaLcParenR")),
        paragraph("c", numbered(1, "alphaLcParenR")),
        paragraph("d", numbered(start=4)),
        paragraph("e", numbered(1, "alphaLcParenR")),
        paragraph("between"),
        paragraph("f", numbered(start=9)),
    )

    assert parse("a.pptx", pptx([body])).text == "4. a\n  a) b\n  b) c\n5. d\n  a) e\n\nbetween\n\n9. f"


@pytest.mark.parametrize(
    ("scheme", "shown"),
    [
        ("arabicParenBoth", "(27)"),
        ("arabicPlain", "27"),
        ("alphaUcPeriod", "AA."),
        ("romanLcPeriod", "xxvii."),
        ("romanUcParenR", "XXVII)"),
    ],
)
def test_each_scheme_has_its_form(parse: Parse, scheme: str, shown: str) -> None:
    assert parse("a.pptx", pptx([shape(paragraph("x", numbered(0, scheme, 27)))])).text == f"{shown} x"

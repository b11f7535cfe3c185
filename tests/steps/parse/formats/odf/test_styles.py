"""What OpenDocument styles say about text."""

from collections.abc import Callable
from typing import Any

import pytest
from lxml import etree

from ingest.steps.parse import ParsedText
from ingest.steps.parse.formats.odf.styles import Counters, ListLevel, Styles, format_number
from tests.steps.parse.formats.odf.conftest import NAMESPACES

ReadOdf = Callable[[bytes], ParsedText]


def test_exponents_and_hidden_text_come_from_styles(odf: Any, read_odf: ReadOdf) -> None:
    styles = (
        '<style:style style:name="up" style:family="text"><style:text-properties style:text-position="super 58%"/>'
        '</style:style><style:style style:name="T1" style:family="text" style:parent-style-name="up"/>'
        '<style:style style:name="down" style:family="text"><style:text-properties style:text-position="-33% 58%"/>'
        '</style:style><style:style style:name="flat" style:family="text"><style:text-properties '
        'style:text-position="0% 100%"/></style:style><style:style style:name="no" style:family="text">'
        '<style:text-properties text:display="none"/></style:style><style:style style:name="P" style:family="paragraph">'
        '<style:text-properties text:display="none"/></style:style>'
    )
    body = (
        '<text:p>10<text:span text:style-name="T1">5</text:span> H<text:span text:style-name="down">2</text:span>O '
        '<text:span text:style-name="flat">7</text:span><text:span text:style-name="no">secret</text:span></text:p>'
        '<text:p text:style-name="P">secret</text:p>'
    )

    assert read_odf(odf.package("text", body, automatic=styles)).text == "10⁵ H₂O 7"


def styles(content: str) -> Styles:
    """Return the styles of a document with these automatic styles."""
    found = Styles()
    xml = f"<office:document-content {NAMESPACES}><office:automatic-styles>{content}</office:automatic-styles></office:document-content>"
    found.add(etree.fromstring(xml))
    return found


def paragraph_style(name: str, parent: str = "", more: str = "") -> str:
    return f'<style:style style:name="{name}" style:family="paragraph" style:parent-style-name="{parent}" {more}/>'


def test_a_style_based_on_that_of_the_title_is_a_title() -> None:
    found = styles(paragraph_style("P1", "P2") + paragraph_style("P2", "Title") + paragraph_style("P3", "Text"))

    assert [found.is_title(name) for name in ("Title", "P1", "P2", "P3", "")] == [True, True, True, False, False]


def test_styles_that_are_based_on_each_other_end() -> None:
    found = styles(paragraph_style("P1", "P2") + paragraph_style("P2", "P1"))

    assert not found.is_title("P1")
    assert (found.list_style("P1"), found.position("paragraph", "P1"), found.is_hidden("paragraph", "P1")) == (
        "",
        "",
        False,
    )


def test_an_empty_list_style_ends_that_of_the_parent() -> None:
    found = styles(
        paragraph_style("P1", more='style:list-style-name="L"')
        + paragraph_style("P2", "P1")
        + paragraph_style("P3", "P1", 'style:list-style-name=""')
    )

    assert [found.list_style(name) for name in ("P1", "P2", "P3")] == ["L", "L", ""]


def test_the_levels_of_a_list_are_read_and_an_unknown_list_has_none() -> None:
    found = styles(
        '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="A" '
        'style:num-suffix=")" text:start-value="3"/><text:list-level-style-bullet text:level="2"/>'
        '<text:list-level-style-number text:level="11" style:num-format="1"/></text:list-style>'
    )

    assert found.levels("L") == {1: ListLevel("A", suffix=")", start=3), 2: ListLevel(is_bullet=True)}
    assert found.levels("other") == {}


@pytest.mark.parametrize(
    ("position", "script"),
    [
        ("super 58%", "super"),
        ("sub", "sub"),
        ("33% 58%", "super"),
        ("-8% 58%", "sub"),
        ("4%", ""),
        ("x", ""),
        ("", ""),
        ("-2% 80%", "sub"),
        ("0% 80%", ""),
        ("2% 100%", ""),
    ],
)
def test_raised_and_lowered_text(position: str, script: str) -> None:
    style = f'<style:style style:name="T" style:family="text"><style:text-properties style:text-position="{position}"/></style:style>'

    assert styles(style).position("text", "T") == script


def test_counters_show_the_upper_levels_and_start_lower_ones_anew() -> None:
    levels = {1: ListLevel("1", suffix="."), 2: ListLevel("a", prefix="(", suffix=")", shown_levels=2)}
    counters = Counters()

    shown = [counters.count(level, levels) for level in (1, 2, 2, 1, 2)]

    assert shown == ["1.", "(1.a)", "(1.b)", "2.", "(2.a)"]
    assert counters.count(1, levels, start=7) == "7."
    assert counters.count(3, levels) == "", "a level without a format has no number"


@pytest.mark.parametrize(
    ("number_format", "text"), [("1", "14"), ("a", "n"), ("A", "N"), ("i", "xiv"), ("I", "XIV"), ("", ""), ("一", "14")]
)
def test_number_formats(number_format: str, text: str) -> None:
    assert format_number(14, number_format) == text

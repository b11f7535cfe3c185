"""Shared strings and rich text."""

import io

import pytest
from lxml import etree

from ingest.steps.parse.formats.sheets.strings import read_shared_strings, rich_text, unescape
from tests.steps.parse.workbooks import MAIN


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        ("<t> as it is </t>", " as it is "),
        ("<r><t>10</t></r><r><rPr><vertAlign val='superscript'/></rPr><t>5</t></r><r><t> km</t></r>", "10⁵ km"),
        ("<r><t>CO</t></r><r><rPr><vertAlign val='subscript'/></rPr><t>2</t></r>", "CO₂"),
        ("<r><rPr><vertAlign val='baseline'/></rPr><t>plain</t></r>", "plain"),
        ("<t>東京</t><rPh sb='0' eb='2'><t>トウキョウ</t></rPh>", "東京"),
        ("<t>a_x000D_b</t>", "a\nb"),
        ("", ""),
    ],
)
def test_the_text_of_an_element_has_its_runs_and_no_phonetic_guide(xml: str, text: str) -> None:
    assert rich_text(etree.fromstring(f'<si xmlns="{MAIN}">{xml}</si>')) == text


@pytest.mark.parametrize(
    ("text", "read"),
    [("_x000B_", " "), ("_x005F_x0041_", "_x0041_"), ("_x00e9_", "é"), ("_xD800_", " "), ("a_x12_b", "a_x12_b")],
)
def test_characters_that_xml_cannot_hold_are_escaped(text: str, read: str) -> None:
    assert unescape(text) == read


def test_shared_strings_are_in_their_order_each_on_one_line() -> None:
    xml = f'<sst xmlns="{MAIN}"><si><t>one\ntwo</t></si><si/><si><r><t>th</t></r><r><t>ree</t></r></si></sst>'

    assert list(read_shared_strings(io.BytesIO(xml.encode()))) == ["one two", "", "three"]


def test_shared_strings_are_read_up_to_where_the_part_is_cut() -> None:
    xml = f'<sst xmlns="{MAIN}"><si><t>one</t></si><si><t>two</t></si><si><t'

    assert list(read_shared_strings(io.BytesIO(xml.encode())))[:2] == ["one", "two"]

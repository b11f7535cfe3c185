"""Number formats of the styles of cells."""

import pytest
from lxml import etree

from ingest.steps.parse.formats.sheets.styles import plain_or_format, read_formats
from tests.steps.parse.workbooks import MAIN


def test_each_style_has_its_own_or_a_built_in_format() -> None:
    xml = (
        f'<styleSheet xmlns="{MAIN}"><numFmts><numFmt numFmtId="164" formatCode="00000"/>'
        '<numFmt numFmtId="9" formatCode="0.000%"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs>'
        '<cellXfs><xf/><xf numFmtId="164"/><xf numFmtId="10"/><xf numFmtId="9"/><xf numFmtId="49"/><xf numFmtId="999"/>'
        '<xf numFmtId="14"/></cellXfs></styleSheet>'
    )

    formats = read_formats(etree.fromstring(xml), is_1904=False)

    shown = [None if number_format is None else number_format(0.5) for number_format in formats]
    assert shown[:6] == [None, "00001", "50.00%", "50.000%", None, None]
    assert formats[6] is not None
    assert formats[6](45352) == "2024-03-01"


def test_dates_of_the_1904_system_are_counted_from_it() -> None:
    xml = f'<styleSheet xmlns="{MAIN}"><cellXfs><xf numFmtId="14"/></cellXfs></styleSheet>'

    (number_format,) = read_formats(etree.fromstring(xml), is_1904=True)

    assert number_format is not None
    assert number_format(43890) == "2024-03-01"


@pytest.mark.parametrize("xml", ["<styleSheet/>", "<styleSheet><numFmts/><cellXfs/></styleSheet>", "<other/>"])
def test_a_part_without_styles_has_no_formats(xml: str) -> None:
    assert read_formats(etree.fromstring(xml), is_1904=False) == []


@pytest.mark.parametrize("code", ["", "General", "@", "general", "[Red]General"])
def test_a_code_that_changes_nothing_is_no_format(code: str) -> None:
    assert plain_or_format(code, is_1904=False) is None


@pytest.mark.parametrize("code", ["0", 'General" kg"', '0;0;0;"Mr. "@', '"Mr. "@'])
def test_a_code_that_changes_numbers_or_texts_is_a_format(code: str) -> None:
    assert plain_or_format(code, is_1904=False) is not None

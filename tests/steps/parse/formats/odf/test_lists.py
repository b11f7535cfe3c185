"""The numbers of list items in OpenDocument text."""

from collections.abc import Callable
from typing import Any

from ingest.steps.parse import ParsedText

ReadOdf = Callable[[bytes], ParsedText]


LIST_STYLE = (
    '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="1" '
    'style:num-suffix="." text:start-value="5"/><text:list-level-style-number text:level="2" style:num-format="a" '
    'style:num-prefix="(" style:num-suffix=")"/><text:list-level-style-number text:level="3" style:num-format="I" '
    'text:display-levels="3"/></text:list-style>'
)


def item(text: str, more: str = "", attributes: str = "") -> str:
    return f"<text:list-item {attributes}><text:p>{text}</text:p>{more}</text:list-item>"


def test_list_numbers_start_where_the_document_says(odf: Any, read_odf: ReadOdf) -> None:
    inner = f"<text:list>{item('five a')}{item('five b')}</text:list>"
    nine = item("nine", "<text:p>more of it</text:p>", 'text:start-value="9"')
    body = (
        f'<text:list xml:id="one" text:style-name="L">{item("five", inner)}{nine}</text:list>'
        f'<text:p>between</text:p><text:list text:continue-list="one" text:style-name="L">{item("ten")}</text:list>'
        f'<text:list text:continue-numbering="true" text:style-name="L">{item("eleven")}</text:list><text:p>x</text:p>'
        f'<text:list text:style-name="L">{item("five again")}</text:list><text:p>x</text:p>'
        f'<text:list text:style-name="L"><text:list-header><text:p>Header</text:p></text:list-header></text:list>'
        f"<text:list>{item('bullet')}</text:list>"
    )

    text = read_odf(odf.package("text", body, automatic=LIST_STYLE)).text

    assert text == (
        "5. five\n  (a) five a\n  (b) five b\n9. nine\n  more of it\n\nbetween\n\n10. ten\n11. eleven\n\nx\n\n"
        "5. five again\n\nx\n\n  Header\n- bullet"
    )


def test_a_list_without_a_style_of_its_own_has_that_of_its_paragraphs(odf: Any, read_odf: ReadOdf) -> None:
    styles = f'{LIST_STYLE}<style:style style:name="P1" style:family="paragraph" style:list-style-name="L"/>'
    body = '<text:list><text:list-item><text:p text:style-name="P1">five</text:p></text:list-item></text:list>'

    assert read_odf(odf.package("text", body, automatic=styles)).text == "5. five"


def test_a_number_that_the_file_stores_is_shown(odf: Any, read_odf: ReadOdf) -> None:
    stored = "<text:list-item><text:number>§ 12</text:number><text:p>clause</text:p></text:list-item>"

    assert read_odf(odf.package("text", f"<text:list>{stored}</text:list>")).text == "§ 12 clause"


def test_lists_in_items_number_anew_under_each_item(odf: Any, read_odf: ReadOdf) -> None:
    inner = f"<text:list>{item('a')}{item('b')}</text:list>"
    body = f'<text:list text:style-name="L">{item("five", inner)}{item("six", inner)}</text:list>'

    assert read_odf(odf.package("text", body, automatic=LIST_STYLE)).text == (
        "5. five\n  (a) a\n  (b) b\n6. six\n  (a) a\n  (b) b"
    )


def test_the_third_level_shows_all_three(odf: Any, read_odf: ReadOdf) -> None:
    third = f"<text:list>{item('deep')}</text:list>"
    second = f"<text:list>{item('inner', third)}</text:list>"
    body = f'<text:list text:style-name="L">{item("outer", second)}</text:list>'

    assert read_odf(odf.package("text", body, automatic=LIST_STYLE)).text == ("5. outer\n  (a) inner\n    5.a.I deep")

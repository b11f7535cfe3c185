"""Markers of list items."""

import pytest

from ingest.steps.parse.formats.html import html_to_text


@pytest.mark.parametrize(
    ("attributes", "markers"),
    [
        ("", ["1.", "2.", "3."]),
        ("start=5", ["5.", "6.", "7."]),
        ("start=-1", ["-1.", "0.", "1."]),
        ("reversed", ["3.", "2.", "1."]),
        ("reversed start=10", ["10.", "9.", "8."]),
        ("type=a", ["a.", "b.", "c."]),
        ("type=A start=26", ["Z.", "AA.", "AB."]),
        ("type=i start=3", ["iii.", "iv.", "v."]),
        ("type=I start=1998", ["MCMXCVIII.", "MCMXCIX.", "MM."]),
        ("type=i start=0", ["0.", "i.", "ii."]),
        ("start=many", ["1.", "2.", "3."]),
    ],
)
def test_ordered_lists_count_as_a_browser_does(attributes: str, markers: list[str]) -> None:
    text = html_to_text(f"<ol {attributes}><li>x<li>x<li>x</ol>")

    assert [line.split()[0] for line in text.split("\n")] == markers


def test_an_item_may_set_its_number() -> None:
    text = html_to_text("<ol start='5'><li>Fifth rule</li><li value='9'>Ninth rule</li><li>Next</li></ol>")

    assert text == "5. Fifth rule\n9. Ninth rule\n10. Next"


def test_an_empty_item_leaves_no_marker_behind() -> None:
    assert html_to_text("<ul><li></li></ul><p>after</p>") == "after"

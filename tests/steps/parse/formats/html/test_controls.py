"""Form controls."""

import pytest
from lxml import etree

from ingest.steps.parse.formats.html.controls import input_text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<input value=' Ann  B '>", "Ann B"),
        ("<input placeholder='Search'>", "Search"),
        ("<input type=submit value=Send>", "Send"),
        ("<input type=submit placeholder=x>", ""),
        ("<input type=image alt='Go'>", "Go"),
        ("<input type=file value=x>", ""),
    ],
)
def test_input_fields_show_their_value(source: str, text: str) -> None:
    assert input_text(etree.fromstring(source, etree.HTMLParser()).find(".//input")) == text

"""Properties of Outlook messages."""


import io
from typing import Any
import pytest
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.mail.outlook import _add_message, _Storages
from ingest.steps.parse.parsed import ParsedText
from tests.steps.parse.documents import DocumentBuilder, Parse
from tests.steps.parse.formats.mail.messages import lzfu, outlook, properties
from ingest.steps.parse.formats.mail.mapi import Properties, add_body, add_headers, person


@pytest.mark.parametrize(
    "values",
    [
        {0x1013: b"<p>Gr\xfc\xdfe</p>", 0x3FDE: 1252},
        {0x1013: "<meta charset=utf-8><p>Grüße</p>".encode()},
        {0x1013: "<p>Grüße</p>"},
        {0x1000: "This is an HTML email.", 0x1013: "<p>Grüße</p>"},
        {0x1009: lzfu(b"{\\rtf1\\ansi Gr\\'fc\\'dfe\\par}")},
    ],
)
def test_the_body_is_text_html_or_rtf(
    parse: Parse, documents: DocumentBuilder, values: dict[int, str | bytes | int]
) -> None:
    assert parse("a.msg", outlook({0x0037: "s"} | values, documents)).text == "Subject: s\n\nGrüße"

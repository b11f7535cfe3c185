"""What OpenDocument styles say about text."""

from collections.abc import Callable
from typing import Any

from ingest.steps.parse import ParsedText

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

"""OpenDocument text."""

from collections.abc import Callable
from typing import Any

from ingest.steps.parse import ParsedText

ReadOdf = Callable[[bytes], ParsedText]


def test_headers_notes_comments_and_footers_have_their_places(odf: Any, read_odf: ReadOdf) -> None:
    page = (
        "<style:master-page><style:header><text:p>Head</text:p></style:header><style:header-first><text:p>Head</text:p>"
        '</style:header-first><style:header-left style:display="false"><text:p>No</text:p></style:header-left>'
        "<style:footer><text:p>Page <text:page-number>1</text:page-number></text:p></style:footer></style:master-page>"
    )
    body = (
        "<text:p>Text<text:note><text:note-citation>1</text:note-citation><text:note-body><text:p>The note</text:p>"
        "</text:note-body></text:note><office:annotation><dc:creator>Ann</dc:creator><text:p>Why?</text:p>"
        "</office:annotation> end<office:annotation-end/></text:p>"
    )

    parsed = read_odf(odf.package("text", body, styles=f"<office:master-styles>{page}{page}</office:master-styles>"))

    assert parsed.text == "Head\n\nText end\n\nThe note\n\nComment (Ann): Why?\n\nPage 1"
    assert parsed.report.parts == {"comment": {"read": 1}}

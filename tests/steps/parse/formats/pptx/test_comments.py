"""Comments on slides."""

from pathlib import Path

import pytest

from ingest.steps.parse.formats.ooxml.package import OoxmlPackage
from ingest.steps.parse.formats.pptx import comments
from ingest.steps.parse.formats.pptx.comments import read_authors, read_comments
from tests.steps.parse.documents import Parse
from tests.steps.parse.presentations import A, P, paragraph, picture, pptx, shape, slide_xml, title
from tests.steps.parse.workbooks import relationships


def test_comments_of_both_kinds_are_read_with_their_authors(parse: Parse) -> None:
    modern = "http://schemas.microsoft.com/office/powerpoint/2018/8/main"
    parts = {
        "ppt/comments/comment1.xml": f'<p:cmLst xmlns:p="{P}"><p:cm authorId="0"><p:text>Too long</p:text></p:cm></p:cmLst>',
        "ppt/comments/modern1.xml": (
            f'<m:cmLst xmlns:m="{modern}" xmlns:a="{A}"><m:cm authorId="{{1}}"><m:replyLst><m:reply authorId="{{2}}"><m:txBody>'
            f"{paragraph('Done')}</m:txBody></m:reply></m:replyLst><m:txBody>{paragraph('Shorten it')}</m:txBody></m:cm></m:cmLst>"
        ),
        "ppt/commentAuthors.xml": f'<p:cmAuthorLst xmlns:p="{P}"><p:cmAuthor id="0" name="Ann"/></p:cmAuthorLst>',
        "ppt/authors.xml": f'<m:authorLst xmlns:m="{modern}"><m:author id="{{1}}" name="Bo"/></m:authorLst>',
    }
    data = pptx(
        [title("T")],
        related=[("comments", "../comments/comment1.xml"), ("comments", "../comments/modern1.xml")],
        presentation_related=[("commentAuthors", "commentAuthors.xml"), ("authors", "authors.xml")],
        parts=parts,
    )

    parsed = parse("a.pptx", data)

    assert parsed.text == "T\n\nComment (Ann): Too long\n\nComment (Bo): Shorten it\n\nComment: Done"
    assert parsed.report.parts["comment"] == {"read": 3}

"""Comments on slides."""

from pathlib import Path

import pytest

from ingest.steps.parse.formats.ooxml.package import OoxmlPackage
from ingest.steps.parse.formats.pptx import comments
from ingest.steps.parse.formats.pptx.comments import read_authors, read_comments
from tests.steps.parse.documents import Parse
from tests.steps.parse.presentations import A, P, paragraph, pptx, title


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


def _package(tmp_path: Path, data: bytes) -> OoxmlPackage:
    (tmp_path / "deck").write_bytes(data)
    return OoxmlPackage(tmp_path / "deck")


def test_authors_are_those_of_both_kinds_of_comments(tmp_path: Path) -> None:
    data = pptx(
        [title("T")],
        presentation_related=[
            ("commentAuthors", "commentAuthors.xml"),
            ("authors", "authors.xml"),
            ("authors", "gone.xml"),
        ],
        parts={
            "ppt/commentAuthors.xml": f'<p:cmAuthorLst xmlns:p="{P}"><p:cmAuthor id="0" name="Ann"/></p:cmAuthorLst>',
            "ppt/authors.xml": '<authorLst><author id="{1}" name="Bo Li"/><author id="{2}"/></authorLst>',
        },
    )

    with _package(tmp_path, data) as package:
        assert read_authors(package, "ppt/presentation.xml") == {"0": "Ann", "{1}": "Bo Li", "{2}": ""}


def test_comments_beyond_the_bound_and_empty_ones_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comments, "MAX_COMMENTS", 3)
    texts = "".join(f'<cm authorId="0"><text>{text}</text></cm>' for text in ("one", " ", "two\n", "three"))
    data = pptx(
        [title("T")],
        related=[("comments", "../comments/c.xml"), ("comments", "../comments/broken.xml")],
        parts={"ppt/comments/c.xml": f"<cmLst>{texts}</cmLst>", "ppt/comments/broken.xml": "no XML"},
    )

    with _package(tmp_path, data) as package:
        found = list(read_comments(package, "ppt/slides/slide1.xml", {"0": "Ann"}))

    assert found == ["Comment (Ann): one", "Comment (Ann): two"]

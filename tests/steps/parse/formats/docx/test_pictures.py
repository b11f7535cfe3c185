"""Pictures of Word documents."""

import pytest

from ingest.errors import UnsupportedFile
from tests.steps.parse.formats.docx.conftest import Read
from tests.steps.parse.word_documents import docx, members, paragraph, zipped


def test_pictures_are_counted_if_there_is_text(read_docx: Read) -> None:
    parts: dict[str, str | bytes] = {"media/a.png": b"x", "media/b.png": b"y"}
    targets = [("image", "media/a.png"), ("image", "media/a.png"), ("image", "media/b.png"), ("image", "NULL")]

    report = read_docx(docx(paragraph("Body"), parts, targets)).report

    assert report.parts == {"image": {"not_read": 2}}
    assert not report.warnings


def test_a_document_of_pictures_only_says_so(read_docx: Read) -> None:
    with pytest.raises(UnsupportedFile, match="only pictures"):
        read_docx(docx("<w:p/>", {"media/a.png": b"x"}, [("image", "media/a.png")]))


def test_drawings_that_are_no_scans_are_not_read_either(read_docx: Read) -> None:
    parts: dict[str, str | bytes] = {"media/a.emf": b"x", "media/b.svg": b"<svg/>"}

    with pytest.raises(UnsupportedFile, match="The document has no text, only pictures"):
        read_docx(docx("<w:p/>", parts, [("image", "media/a.emf"), ("image", "media/b.svg")]))


def test_pictures_that_are_not_in_the_file_are_not_counted(read_docx: Read) -> None:
    content = members(paragraph("Body"), {"media/a.png": b"x"}, [("image", "media/a.png"), ("image", "media/b.png")])
    rels = content["word/_rels/document.xml.rels"]
    assert isinstance(rels, str)
    external = rels.replace('Target="media/a.png"', 'Target="http://example.org/a.png" TargetMode="External"')

    parsed = read_docx(zipped({**content, "word/_rels/document.xml.rels": external}))

    assert "image" not in parsed.report.parts

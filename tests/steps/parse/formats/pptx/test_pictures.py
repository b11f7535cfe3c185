"""Pictures on slides: counted, and read by OCR where there is nothing else."""

from pathlib import Path

import pytest

from ingest.errors import InvalidFile
from ingest.steps.parse import ParsedText, nested, ocr
from ingest.steps.parse.formats.pptx import pictures
from ingest.steps.parse.formats.pptx.presentation import read
from tests.steps.parse.documents import Parse
from tests.steps.parse.presentations import picture, pptx, slide_xml, title
from tests.steps.parse.workbooks import relationships


def warnings(parsed: ParsedText) -> list[tuple[str, str]]:
    return [(warning.code, warning.part) for warning in parsed.report.warnings]


def test_a_slide_of_pictures_alone_has_a_warning(parse: Parse) -> None:
    parsed = parse("a.pptx", pptx([title("T"), picture(), ""]))

    assert parsed.report.parts["slide"] == {"read": 1, "not_read": 1, "empty": 1}
    assert warnings(parsed) == [("picture_not_read", "slide 2")]
    assert [section.number for section in parsed.sections] == [1, 2, 3]


def test_pictures_are_read_by_ocr_if_a_slide_has_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def recognize(data: bytes, filename: str) -> ParsedText:
        assert filename == "Scan.png"
        return ParsedText(f"seen in {data.decode()}", "image")

    monkeypatch.setattr(nested, "read_nested", recognize)
    monkeypatch.setattr(ocr, "is_available", lambda: True)
    scan = picture().replace("</p:pic>", '<p:blipFill><a:blip r:embed="rId1"/></p:blipFill></p:pic>')
    background = '<p:bg><p:bgPr><a:blipFill><a:blip r:embed="rId1"/></a:blipFill></p:bgPr></p:bg><p:spTree>'
    parts: dict[str, str | bytes] = {
        "ppt/media/Scan.png": b"pixels",
        "ppt/slides/slide2.xml": slide_xml("").replace("<p:spTree>", background),
        "ppt/slides/_rels/slide2.xml.rels": relationships([("image", "../media/Scan.png")]),
    }
    path = tmp_path / "deck"
    path.write_bytes(
        pptx([scan + picture(), "", title("T") + picture()], related=[("image", "../media/Scan.png")], parts=parts)
    )

    parsed = read(path)

    assert parsed.text == "seen in pixels\n\nseen in pixels\n\nT"
    assert [section.kind for section in parsed.sections] == ["slide"] * 3
    assert parsed.report.parts == {"image": {"not_read": 2, "ocr": 2}, "slide": {"read": 3}}
    assert not parsed.report.warnings


def _deck(tmp_path: Path, targets: list[str], pictures_on_slide: int) -> Path:
    """Return a presentation of one slide with pictures; the first ones have `targets`, all below ppt/media."""
    shapes = "".join(
        picture().replace("</p:pic>", f'<p:blipFill><a:blip r:embed="rId{n}"/></p:blipFill></p:pic>')
        for n in range(1, pictures_on_slide + 1)
    )
    path = tmp_path / "deck"
    path.write_bytes(
        pptx(
            [shapes],
            related=[("image", f"../media/{name}") for name in targets],
            parts={f"ppt/media/{name}": name.encode() for name in targets if name != "gone.png"},
        )
    )
    return path


def test_a_picture_that_cannot_be_read_is_reported_and_the_others_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def recognize(data: bytes, filename: str) -> ParsedText:
        if filename == "bad.png":
            raise InvalidFile("It is damaged.")
        return ParsedText("" if filename == "blank.png" else filename, "image")

    monkeypatch.setattr(nested, "read_nested", recognize)
    monkeypatch.setattr(ocr, "is_available", lambda: True)
    monkeypatch.setattr(pictures, "MAX_PICTURES", 4)
    targets = ["bad.png", "chart.emf", "gone.png", "blank.png", "good.png", "more.png"]

    parsed = read(_deck(tmp_path, targets, 6))

    assert parsed.text == "good.png"
    assert parsed.report.parts["image"] == {"not_read": 2, "failed": 2, "empty": 1, "ocr": 1}
    assert warnings(parsed) == [("picture_not_read", "slide 1")] * 2


def test_drawings_of_lines_are_not_read_by_ocr(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "is_available", lambda: True)

    parsed = read(_deck(tmp_path, ["a.WMF", "b.svg"], 2))

    assert parsed.text == ""
    assert parsed.report.parts["image"] == {"not_read": 2}
    assert warnings(parsed) == [("picture_not_read", "slide 1")]

"""Pictures as files: pages, coverage, and what happens without OCR."""

from pathlib import Path

import pytest
from PIL import Image

from ingest.errors import InvalidFile, UnsupportedFile
from ingest.steps.parse import ocr
from ingest.steps.parse.formats import image
from ingest.steps.parse.ocr import RecognizedText
from tests.steps.parse.ocr.conftest import FakeEngine
from tests.steps.parse.ocr.conftest import engine as engine  # a fixture


@pytest.fixture(autouse=True)
def with_ocr(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "is_available", lambda: True)


def save(path: Path, sizes: list[tuple[int, int]]) -> Path:
    images = [Image.new("L", size, 255) for size in sizes]
    images[0].save(path, save_all=True, append_images=images[1:]) if len(images) > 1 else images[0].save(path)
    return path


def test_a_tiff_has_a_section_for_each_page(engine: FakeEngine, tmp_path: Path) -> None:
    parsed = image.read(save(tmp_path / "a.tiff", [(40, 30), (50, 60)]))

    assert parsed.text == "some text\n\nsome text"
    assert [(s.kind, s.number, parsed.text[s.start : s.end]) for s in parsed.sections] == [
        ("page", 1, "some text"),
        ("page", 2, "some text"),
    ]
    assert parsed.report.parts == {"page": {"ocr": 2}}
    assert (parsed.kind, parsed.report.reader) == ("image", "fake")


def test_a_picture_too_small_for_text_needs_no_ocr(engine: FakeEngine, tmp_path: Path) -> None:
    parsed = image.read(save(tmp_path / "a.gif", [(1, 1)]))

    assert parsed.text == ""
    assert parsed.report.parts == {"page": {"empty": 1}}
    assert engine.shapes == []


def test_a_picture_without_text_is_empty(engine: FakeEngine, tmp_path: Path) -> None:
    engine.answer = RecognizedText("")

    assert image.read(save(tmp_path / "a.png", [(40, 40)])).text == ""


def test_a_damaged_picture_is_invalid(engine: FakeEngine, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n")

    with pytest.raises(InvalidFile, match="damaged"):
        image.read(tmp_path / "a.png")


def test_without_ocr_the_message_names_the_setting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "is_available", lambda: False)

    with pytest.raises(UnsupportedFile, match=r"it is an image, and OCR is off \(INGEST_OCR=off\)"):
        image.read(save(tmp_path / "a.png", [(40, 40)]))

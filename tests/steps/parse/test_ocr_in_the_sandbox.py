"""Scans through the parser and its child process: mixed PDFs, limits, progress, and what is left to the slow lane."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pypdfium2
import pytest

from ingest.config import Settings
from ingest.errors import InvalidFile, OcrDeferred, UnsupportedFile
from ingest.steps.parse import Parser
from tests.steps.parse.documents import DocumentBuilder
from tests.steps.parse.ocr.scans import TEXTS, as_pdf, error_rate, scan

HALF_A_PAGE = (827, 480)
MakeParser = Callable[..., Parser]


@pytest.fixture
def make_parser() -> Iterator[MakeParser]:
    parsers: list[Parser] = []

    def make(**settings: object) -> Parser:
        parsers.append(Parser(Settings.model_validate({"ocr": "rapidocr", **settings})))
        return parsers[-1]

    yield make
    for parser in parsers:
        parser.close()


@pytest.fixture
def mixed_pdf(tmp_path: Path) -> Path:
    """A page with text, a scanned page, and another page with text."""
    (tmp_path / "text.pdf").write_bytes(DocumentBuilder().pdf(["First page in letters.", "Last page in letters."]))
    (tmp_path / "scan.pdf").write_bytes(as_pdf([scan([TEXTS["german"]], size=HALF_A_PAGE, rotation=90)]))
    text, scanned = (pypdfium2.PdfDocument(tmp_path / name) for name in ("text.pdf", "scan.pdf"))
    mixed = pypdfium2.PdfDocument.new()
    mixed.import_pages(text, [0])
    mixed.import_pages(scanned)
    mixed.import_pages(text, [1])
    mixed.save(tmp_path / "mixed.pdf")
    return tmp_path / "mixed.pdf"


def test_only_the_scanned_page_of_a_mixed_pdf_is_recognised(make_parser: MakeParser, mixed_pdf: Path) -> None:
    progress: list[tuple[int, int]] = []

    parsed = make_parser().parse(mixed_pdf, "a.pdf", on_progress=lambda done, total: progress.append((done, total)))

    first, second, third = (parsed.text[s.start : s.end] for s in parsed.sections if s.kind == "page")
    assert (first, third) == ("First page in letters.", "Last page in letters.")
    assert error_rate(TEXTS["german"], second) <= 0.01
    assert parsed.report.parts["page"] == {"read": 2, "ocr": 1}
    assert parsed.report.warnings == ()
    assert progress
    assert set(progress) <= {(1, 3), (2, 3), (3, 3)}


def test_a_worker_of_the_fast_lane_leaves_the_file_at_once_and_goes_on(
    make_parser: MakeParser, mixed_pdf: Path, tmp_path: Path
) -> None:
    parser = make_parser()
    with pytest.raises(OcrDeferred):
        parser.parse(mixed_pdf, "a.pdf", defer_ocr=True)
    scan([TEXTS["german"]], size=HALF_A_PAGE).save(tmp_path / "a.png")
    with pytest.raises(OcrDeferred):
        parser.parse(tmp_path / "a.png", "a.png", defer_ocr=True)
    (tmp_path / "b.pdf").write_bytes(DocumentBuilder().pdf(["Only letters."]))

    assert parser.parse(tmp_path / "b.pdf", "b.pdf", defer_ocr=True).text == "Only letters."


def test_with_ocr_off_the_unread_page_is_named(make_parser: MakeParser, mixed_pdf: Path, tmp_path: Path) -> None:
    parsed = make_parser(ocr="off").parse(mixed_pdf, "a.pdf", defer_ocr=True)

    assert "First page in letters." in parsed.text
    assert parsed.report.parts["page"] == {"read": 2, "not_read": 1}
    [warning] = parsed.report.warnings
    assert warning.code == "page_not_read"
    assert "2" in warning.part
    assert "INGEST_OCR" in warning.message


def test_with_ocr_off_a_scan_fails_and_the_message_names_the_setting(make_parser: MakeParser, tmp_path: Path) -> None:
    page = scan([TEXTS["german"]], size=HALF_A_PAGE)
    (tmp_path / "a.pdf").write_bytes(as_pdf([page]))
    page.save(tmp_path / "a.png")

    for name in ("a.pdf", "a.png"):
        with pytest.raises(UnsupportedFile, match="INGEST_OCR=off"):
            make_parser(ocr="off").parse(tmp_path / name, name)


def test_the_time_of_ocr_does_not_count_against_the_parser(make_parser: MakeParser, tmp_path: Path) -> None:
    pages = [scan([TEXTS[language]], size=HALF_A_PAGE) for language in ("english", "japanese")]
    pages[0].save(tmp_path / "a.tiff", save_all=True, append_images=pages[1:])

    parsed = make_parser(parse_timeout_seconds=3, parse_timeout_seconds_per_mib=0).parse(tmp_path / "a.tiff", "a.tiff")

    assert [
        error_rate(TEXTS[language], parsed.text[s.start : s.end]) <= 0.01
        for language, s in zip(("english", "japanese"), parsed.sections, strict=True)
    ] == [True, True]


def test_pages_beyond_the_limits_are_counted_and_the_others_kept(make_parser: MakeParser, tmp_path: Path) -> None:
    pages = [scan([TEXTS["english"]], size=(827, 300)) for _ in range(2)]
    (tmp_path / "a.pdf").write_bytes(as_pdf(pages))

    parsed = make_parser(ocr_max_pages=1).parse(tmp_path / "a.pdf", "a.pdf")

    assert parsed.report.parts["page"] == {"ocr": 1, "not_read": 1}
    assert [warning.code for warning in parsed.report.warnings] == ["ocr_page_limit"]


def test_a_page_that_takes_too_long_fails_alone(make_parser: MakeParser, tmp_path: Path) -> None:
    scan([TEXTS["english"]], size=HALF_A_PAGE).save(tmp_path / "a.png")

    with pytest.raises(InvalidFile, match=r"OCR did not end within 0\.05 s"):
        make_parser(ocr_page_seconds=0.05).parse(tmp_path / "a.png", "a.png")

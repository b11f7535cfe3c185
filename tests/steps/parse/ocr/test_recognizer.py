"""OCR of the pages of one file: what is counted, what is warned of, and the limits."""

import time

import numpy as np
import pypdfium2
import pytest

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.ocr import NeedsOcr, OcrFailed, RecognizedText, Recognizer, open_recognizer
from ingest.steps.parse.options import ParseOptions, set_current_options
from tests.steps.parse.ocr.conftest import FakeEngine

PICTURE = np.full((50, 50), 255, np.uint8)


def opened() -> Recognizer:
    recognizer = open_recognizer()
    assert recognizer is not None
    return recognizer


def sleep_in_steps() -> None:
    for _ in range(500):
        time.sleep(0.01)


def add(recognizer: Recognizer, part: str = "page 1") -> tuple[TextBuilder, bool]:
    builder = TextBuilder()
    return builder, recognizer.add_picture(builder, "page", PICTURE, part)


def test_paragraphs_become_blocks_and_the_page_is_counted(engine: FakeEngine) -> None:
    engine.answer = RecognizedText("one\ntwo\n\nthree", confidence=0.99)

    builder, has_text = add(opened())

    assert has_text
    assert builder.build() == "one\ntwo\n\nthree"
    assert builder.report.build().parts == {"page": {"ocr": 1}}


def test_a_page_without_text_is_empty(engine: FakeEngine) -> None:
    engine.answer = RecognizedText("")

    builder, has_text = add(opened())

    assert not has_text
    assert builder.report.build().parts == {"page": {"empty": 1}}


def test_uncertain_text_is_kept_with_a_warning(engine: FakeEngine) -> None:
    engine.answer = RecognizedText("teht", confidence=0.61)

    builder, _ = add(opened())

    [warning] = builder.report.build().warnings
    assert (warning.code, warning.part, "61 %" in warning.message) == ("ocr_uncertain", "page 1", True)
    assert builder.build() == "teht"


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OcrFailed("It is unreadable."), "It is unreadable."),
        (MemoryError(), "INGEST_OCR_MEMORY_MIB"),
        (RuntimeError("bad_alloc in a library"), "INGEST_OCR_MEMORY_MIB"),
        (KeyError("x"), "KeyError"),
    ],
)
def test_a_page_that_fails_is_counted_and_the_next_one_is_read(
    engine: FakeEngine, error: Exception, message: str
) -> None:
    def fail() -> None:
        raise error

    recognizer, engine.act = opened(), fail
    builder, _ = add(recognizer)
    engine.act = lambda: None

    [warning] = builder.report.build().warnings
    assert builder.report.build().parts == {"page": {"failed": 1}}
    assert (warning.code, message in warning.message) == ("ocr_failed", True)
    assert add(recognizer)[1]


def test_a_page_that_takes_too_long_is_given_up(engine: FakeEngine) -> None:
    set_current_options(ParseOptions(ocr="auto", ocr_page_seconds=0.1))
    engine.act = sleep_in_steps
    started_at = time.monotonic()

    builder, _ = add(opened())

    assert time.monotonic() - started_at < 2
    assert "within 0.1 s" in builder.report.build().warnings[0].message


def test_pages_above_the_limit_are_not_read(engine: FakeEngine) -> None:
    set_current_options(ParseOptions(ocr="auto", ocr_max_pages=2))
    recognizer = opened()

    outcomes = [add(recognizer)[0].report.build() for _ in range(3)]

    assert [[*report.parts["page"]] for report in outcomes] == [["ocr"], ["ocr"], ["not_read"]]
    assert outcomes[2].warnings[0].code == "ocr_page_limit"
    assert open_recognizer() is recognizer  # a file in the file has the same limits


def test_the_next_file_starts_anew(engine: FakeEngine) -> None:
    first = opened()
    set_current_options(ParseOptions(ocr="auto"))

    assert open_recognizer() is not first


def test_a_worker_of_the_fast_lane_is_told_to_leave_the_file(engine: FakeEngine) -> None:
    set_current_options(ParseOptions(ocr="auto", defer_ocr=True))

    with pytest.raises(NeedsOcr):
        open_recognizer()

    assert not issubclass(NeedsOcr, Exception)


def test_without_ocr_there_is_no_recognizer(engine: FakeEngine) -> None:
    set_current_options(ParseOptions(ocr="off", defer_ocr=True))

    assert open_recognizer() is None


@pytest.mark.parametrize(
    ("points", "pixels"), [((612, 792), (1000, 773)), ((14_400, 14_400), (1000, 1000)), ((72, 36), (50, 100))]
)
def test_a_page_is_rendered_for_the_engine_within_bounds(
    engine: FakeEngine, points: tuple[int, int], pixels: tuple[int, int]
) -> None:
    document = pypdfium2.PdfDocument.new()
    page = document.new_page(*points)

    opened().recognize_pdf_page(page)

    [shape] = engine.shapes
    assert len(shape) == 2
    assert all(abs(got - expected) <= 1 for got, expected in zip(shape, pixels, strict=True))
    document.close()

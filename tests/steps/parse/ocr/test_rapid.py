"""RapidOCR on scans in six languages, turned pages, and columns, with the character error rate."""

import numpy as np
import pytest

from ingest.steps.parse.ocr import RecognizedText
from ingest.steps.parse.ocr.rapid import RapidOcrEngine
from tests.steps.parse.ocr.scans import TEXTS, error_rate, scan

MAX_ERROR_RATE = 0.01
HALF_A_PAGE = (827, 480)


@pytest.fixture(scope="module")
def rapidocr() -> RapidOcrEngine:
    return RapidOcrEngine()


def read(engine: RapidOcrEngine, *paragraphs: str, columns: int = 1, rotation: int = 0) -> RecognizedText:
    page = scan(paragraphs, size=HALF_A_PAGE, columns=columns, rotation=rotation)
    return engine.recognize(np.asarray(page), 60)


@pytest.mark.parametrize("language", TEXTS)
def test_a_scan_is_read_without_knowing_its_language(rapidocr: RapidOcrEngine, language: str) -> None:
    recognized = read(rapidocr, TEXTS[language])

    assert error_rate(TEXTS[language], recognized.text) <= MAX_ERROR_RATE
    assert recognized.confidence > 0.95
    assert recognized.rotation == 0


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_a_page_may_be_turned(rapidocr: RapidOcrEngine, rotation: int) -> None:
    recognized = read(rapidocr, TEXTS["german"], rotation=rotation)

    assert error_rate(TEXTS["german"], recognized.text) <= MAX_ERROR_RATE
    assert recognized.rotation == rotation


def test_columns_are_read_one_after_the_other(rapidocr: RapidOcrEngine) -> None:
    recognized = read(rapidocr, TEXTS["english"], TEXTS["french"], columns=2)

    left, right = recognized.text.split("\n\n")
    assert error_rate(TEXTS["english"], left) <= MAX_ERROR_RATE
    assert error_rate(TEXTS["french"], right) <= MAX_ERROR_RATE


def test_paragraphs_are_kept(rapidocr: RapidOcrEngine) -> None:
    recognized = read(rapidocr, TEXTS["english"], TEXTS["chinese"])

    first, second = recognized.text.split("\n\n")
    assert first.startswith("The committee met")
    assert error_rate(TEXTS["chinese"], second) <= MAX_ERROR_RATE


def test_empty_paper_has_no_text(rapidocr: RapidOcrEngine) -> None:
    assert rapidocr.recognize(np.full((300, 200, 3), 240, np.uint8), 60) == RecognizedText("")

"""A fake engine for the tests of what surrounds OCR."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from ingest.steps.parse.ocr import RecognizedText, recognizer
from ingest.steps.parse.options import ParseOptions, set_current_options


class FakeEngine:
    """Returns `answer` for every picture, and records the shapes of the pictures. `act` runs first."""

    name = "fake"
    version = "1"
    dots_per_inch = 100
    max_side = 1000

    def __init__(self) -> None:
        self.answer = RecognizedText("some text", confidence=0.99)
        self.act: Callable[[], object] = lambda: None
        self.shapes: list[tuple[int, ...]] = []

    def recognize(self, image: NDArray[np.uint8], seconds: float) -> RecognizedText:
        self.act()
        self.shapes.append(image.shape)
        return self.answer


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEngine]:
    """The engine of this process, with OCR on."""
    fake = FakeEngine()
    monkeypatch.setattr(recognizer, "_load", lambda name, languages: fake)
    monkeypatch.setattr(recognizer, "selected_engine", lambda options: None if options.ocr == "off" else "rapidocr")
    set_current_options(ParseOptions(ocr="auto"))
    yield fake
    set_current_options(ParseOptions())

"""The confidence of a text."""

import pytest

from ingest.steps.parse.ocr.engine import RecognizedLine, mean_confidence


def test_long_lines_weigh_more() -> None:
    lines = [RecognizedLine("a" * 30, 0, 0, 10, 10, 1.0), RecognizedLine("b" * 10, 0, 10, 10, 20, 0.6)]

    assert mean_confidence(lines) == pytest.approx(0.9)
    assert mean_confidence([]) == 0
    assert (lines[0].width, lines[1].height) == (10, 10)

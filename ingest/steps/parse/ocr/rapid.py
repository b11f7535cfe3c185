"""RapidOCR: PP-OCR models for Latin and East Asian scripts, inside its wheel, on one thread of onnxruntime."""

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from rapidocr import RapidOCR

from ingest.steps.parse.ocr.engine import RecognizedLine, RecognizedText, mean_confidence
from ingest.steps.parse.ocr.pictures import reduced
from ingest.steps.parse.ocr.reading_order import paragraphs

if TYPE_CHECKING:
    from ingest.steps.parse.ocr.engine import Image

_PARAMETERS = {
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    "Global.log_level": "critical",
}
_MIN_CONFIDENCE = 0.5
_TALL = 1.5
"""Height by width from which RapidOCR turns a line of text by 90 degrees counter-clockwise before it reads it."""

_MAX_LINES_FOR_DIRECTION = 24
_UNSURE = 0.85
"""Mean confidence below which the lines are read once more upside down. Text read upside down has 0.5 to 0.75."""


class RapidOcrEngine:
    """One loaded RapidOCR."""

    name = "rapidocr"
    version = version("rapidocr")
    dots_per_inch = 200
    max_side = 2000  # the detector's time grows with the pixels: 2 s for 2000 x 1414

    def __init__(self) -> None:
        cv2.setNumThreads(1)
        self._ocr: Any = RapidOCR(params=_PARAMETERS)

    def recognize(self, image: "Image", seconds: float) -> RecognizedText:
        """Return the text of a picture. `seconds` is the caller's business."""
        image = reduced(image, self.max_side)
        if image.ndim == 2:
            image = np.repeat(image[:, :, None], 3, axis=2)
        crops, boxes = self._find_lines(image[:, :, ::-1])
        if not crops:
            return RecognizedText("")
        is_sideways = _is_sideways(boxes)
        upside_down = self._are_upside_down(crops)
        texts, scores = self._read(crops, upside_down)
        if _mean_score(texts, scores) < _UNSURE:
            other_texts, other_scores = self._read(crops, not upside_down)
            if _mean_score(other_texts, other_scores) > _mean_score(texts, scores):
                upside_down, texts, scores = not upside_down, other_texts, other_scores
        rotation = (90 if is_sideways else 0) + (180 if upside_down else 0)
        lines = [
            RecognizedLine(text, *_upright(box, rotation, image.shape), float(score))
            for text, score, box in zip(texts, scores, boxes, strict=True)
            if text.strip() and score >= _MIN_CONFIDENCE
        ]
        return RecognizedText(paragraphs(lines), lines, mean_confidence(lines), rotation)

    def _find_lines(self, image: "Image") -> tuple[list[Any], Any]:
        """Return the lines cut out of a picture, and their corners: lines x 4 corners x (x, y)."""
        from rapidocr.main import RapidOCRError

        prepared, record = self._ocr.preprocess_img(np.ascontiguousarray(image))
        try:
            crops, found = self._ocr.detect_and_crop(prepared, record)
        except RapidOCRError:  # no text
            return [], None
        return crops, found.boxes

    def _are_upside_down(self, crops: list[Any]) -> bool:
        """Return whether most lines are, by a classifier. One line alone misleads it now and then."""
        longest = sorted(crops, key=lambda crop: -crop.shape[1])[:_MAX_LINES_FOR_DIRECTION]
        _, found = self._ocr.cls_and_rotate(longest)
        votes = [score if "180" in label else -score for label, score in found.cls_res]
        return bool(sum(votes) > 0)

    def _read(self, crops: list[Any], upside_down: bool) -> tuple[list[str], list[float]]:
        read = self._ocr.recognize_txt([cv2.rotate(crop, cv2.ROTATE_180) for crop in crops] if upside_down else crops)
        return list(read.txts), list(read.scores)


def _is_sideways(boxes: Any) -> bool:
    """Return whether the lines run from top to bottom, or from bottom to top."""
    heights, widths = np.ptp(boxes[:, :, 1], axis=1), np.ptp(boxes[:, :, 0], axis=1)
    tall = heights >= _TALL * widths
    return bool(np.sum(heights[tall]) > np.sum(widths[~tall]))


def _mean_score(texts: list[str], scores: list[float]) -> float:
    characters = sum(map(len, texts))
    return sum(score * len(text) for text, score in zip(texts, scores, strict=True)) / max(1, characters)


def _upright(box: Any, rotation: int, shape: tuple[int, ...]) -> tuple[float, float, float, float]:
    """Return left, top, right and bottom of a box after the page was turned back."""
    height, width = shape[:2]
    x, y = box[:, 0], box[:, 1]
    if rotation == 90:  # the page's top is at the right
        x, y = y, width - x
    elif rotation == 180:
        x, y = width - x, height - y
    elif rotation == 270:
        x, y = height - y, x
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())

"""OCR: read the text of scanned pages and of pictures.

`open_recognizer` is for the parsers of the formats. Heavy libraries are imported when the first picture is read.
"""

from ingest.steps.parse.ocr.availability import (
    has_slow_lane,
    is_available,
    lacks_ocr,
    unread_file_message,
    unread_page_message,
)
from ingest.steps.parse.ocr.engine import OcrEngine, OcrFailed, RecognizedLine, RecognizedText
from ingest.steps.parse.ocr.recognizer import UNREAD_PAGE, NeedsOcr, Recognizer, open_recognizer
from ingest.steps.parse.progress import report_progress

__all__ = [
    "UNREAD_PAGE",
    "NeedsOcr",
    "OcrEngine",
    "OcrFailed",
    "RecognizedLine",
    "RecognizedText",
    "Recognizer",
    "has_slow_lane",
    "is_available",
    "lacks_ocr",
    "open_recognizer",
    "report_progress",
    "unread_file_message",
    "unread_page_message",
]

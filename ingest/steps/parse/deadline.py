"""When the worker gives up waiting for its parser process."""

import time
from collections.abc import Mapping
from typing import Any

GRACE_SECONDS = 20.0
"""Time beyond the limit of an OCR page: the parser process ends OCR itself, and must load the engine first."""


class Deadline:
    """The end of the time for one file.

    The time of OCR does not count, because it has limits of its own: of each page, and of the number of pages.
    """

    def __init__(self, seconds: float, *, ocr_page_seconds: float = 0.0, ocr_max_pages: int = 0) -> None:
        self._at = time.monotonic() + seconds
        self._page_seconds = ocr_page_seconds + GRACE_SECONDS
        self._pages_left = ocr_max_pages
        self._seconds_left: float | None = None  # while a page is read: what is left of the file's own time

    def note(self, message: Mapping[str, Any]) -> None:
        """Note a message of the parser process about its OCR (progress.py). Any number of messages gains nothing."""
        now = time.monotonic()
        match message.get("ocr_page"):
            case "started" if self._seconds_left is None and self._pages_left > 0:
                self._pages_left -= 1
                self._seconds_left = self._at - now
                self._at = now + self._page_seconds
            case "ended" if self._seconds_left is not None:
                self._at = now + self._seconds_left
                self._seconds_left = None

    @property
    def is_over(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() > self._at

    @property
    def is_in_ocr(self) -> bool:
        """Whether a page is being read by OCR."""
        return self._seconds_left is not None

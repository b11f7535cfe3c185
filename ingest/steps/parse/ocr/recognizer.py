"""`Recognizer`: OCR for the pages of one file, within the limits of the options."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

from ingest.steps.parse import memory_limit
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.ocr.availability import EngineName, selected_engine
from ingest.steps.parse.ocr.engine import OcrEngine, OcrFailed, RecognizedText
from ingest.steps.parse.ocr.pictures import render_page
from ingest.steps.parse.options import ParseOptions, current_options
from ingest.steps.parse.progress import ocr_page

if TYPE_CHECKING:
    from ingest.steps.parse.ocr.engine import Image

UNREAD_PAGE = "page_not_read"
"""The warning's code for a page that only OCR could read, without OCR."""

UNCERTAIN_BELOW = 0.8
"""Confidence below which the owner is warned. Printed text that is read without errors has 0.95 and more; text in a
script that the engine does not know has 0.7."""


_SECONDS_BETWEEN_INTERRUPTIONS = 1.0


class NeedsOcr(BaseException):
    """The file needs OCR, and the options say that this process shall not do it.

    Not an Exception: parsers that go on after a damaged part must not catch it.
    """


def open_recognizer() -> "Recognizer | None":
    """Return what reads the pictures of this file, or None if OCR is off or not installed.

    Raises NeedsOcr if the options defer OCR to another worker.
    """
    options = current_options()
    name = selected_engine(options)
    if name is None:
        return None
    if options.defer_ocr:
        raise NeedsOcr
    if _current.options is not options:  # files in the file share its limits
        _current.options, _current.recognizer = options, Recognizer(options, name)
    return _current.recognizer


class Recognizer:
    """Reads pages and pictures of one file."""

    def __init__(self, options: ParseOptions, name: EngineName) -> None:
        self._options = options
        self._name = name
        self._pages = 0

    @property
    def reader(self) -> tuple[str, str]:
        """The engine's name and version, as a report names its reader."""
        ocr_engine = _load(self._name, self._options.ocr_languages)
        return ocr_engine.name, ocr_engine.version

    def add_pdf_page(self, builder: TextBuilder, page: Any, part: str) -> bool:
        """Add the text of a page (pypdfium2.PdfPage) and count it. Returns whether there was any."""
        return self._add(builder, "page", part, lambda: self.recognize_pdf_page(page))

    def add_picture(self, builder: TextBuilder, kind: str, image: "Image", part: str) -> bool:
        """Add the text of a picture and count it as a part of this kind. Returns whether there was any."""
        return self._add(builder, kind, part, lambda: self.recognize(image))

    def recognize_pdf_page(self, page: Any) -> RecognizedText:
        """Return the text of a page. Raises OcrFailed."""
        return self._recognize(lambda ocr_engine: render_page(page, ocr_engine.dots_per_inch, ocr_engine.max_side))

    def recognize(self, image: "Image") -> RecognizedText:
        """Return the text of a picture. Raises OcrFailed."""
        return self._recognize(lambda _: image)

    def _add(self, builder: TextBuilder, kind: str, part: str, recognize: Callable[[], RecognizedText]) -> bool:
        try:
            recognized = recognize()
        except _TooManyPages as exc:
            builder.report.count(kind, "not_read")
            builder.report.warn("ocr_page_limit", str(exc), part)
            return False
        except OcrFailed as exc:
            builder.report.count(kind, "failed")
            builder.report.warn("ocr_failed", str(exc), part)
            return False
        builder.report.count(kind, "ocr" if recognized.text else "empty")
        if recognized.text and recognized.confidence < UNCERTAIN_BELOW:
            percent = round(recognized.confidence * 100)
            message = f"The text was recognised from a picture with a confidence of only {percent} %."
            builder.report.warn("ocr_uncertain", message, part)
        for paragraph in recognized.text.split("\n\n"):
            builder.add_block(paragraph)
        return bool(recognized.text)

    def _recognize(self, draw: Callable[[OcrEngine], "Image"]) -> RecognizedText:
        self._pages += 1
        if self._pages > self._options.ocr_max_pages:
            limit = self._options.ocr_max_pages
            raise _TooManyPages(f"OCR reads at most {limit} pages of a file (INGEST_OCR_MAX_PAGES).")
        seconds = self._options.ocr_page_seconds
        with ocr_page(), _memory_for_ocr(self._name, self._options), _interrupted_after(seconds) as alarm:
            try:
                ocr_engine = _load(self._name, self._options.ocr_languages)
                return ocr_engine.recognize(draw(ocr_engine), seconds)
            except MemoryError as exc:
                raise OcrFailed("The picture needs more memory than OCR has (INGEST_OCR_MEMORY_MIB).") from exc
            except OcrFailed:
                raise
            except Exception as exc:
                if alarm.has_rung or isinstance(exc, TimeoutError):
                    raise OcrFailed(f"OCR did not end within {seconds:g} s.") from exc
                raise OcrFailed(_reason(exc)) from exc


class _TooManyPages(OcrFailed):
    pass


class _Current:
    """The recognizer of the file that this process is parsing."""

    options: ParseOptions | None = None
    recognizer: Recognizer | None = None


_current = _Current()


def _reason(exc: Exception) -> str:
    if any(sign in str(exc).lower() for sign in ("bad_alloc", "out of memory", "outofmemory", "failed to allocate")):
        return "The picture needs more memory than OCR has (INGEST_OCR_MEMORY_MIB)."
    return f"The picture could not be read ({type(exc).__name__})."


@cache
def _load(name: EngineName, languages: tuple[str, ...]) -> OcrEngine:
    if name == "rapidocr":
        from ingest.steps.parse.ocr.rapid import RapidOcrEngine

        return RapidOcrEngine()
    from ingest.steps.parse.ocr.tesseract import TesseractEngine

    return TesseractEngine(languages)


@contextmanager
def _memory_for_ocr(name: EngineName, options: ParseOptions) -> Iterator[None]:
    """Replace the memory limit of the parser by that of OCR inside the context, if there is a limit."""
    if not memory_limit.is_memory_limited():
        yield
        return
    with (
        memory_limit.without_memory_limit()
    ):  # the engine's libraries, and what it keeps for its next page, do not count
        _load(name, options.ocr_languages)
        memory_limit.limit_memory(options.ocr_memory_mib)
        yield


class _Alarm:
    """Whether the time of a page is over. A library may turn the interruption into an error of its own."""

    has_rung = False


@contextmanager
def _interrupted_after(seconds: float) -> Iterator[_Alarm]:
    """Raise TimeoutError inside the context after `seconds`; the engines call Python between two lines of text.

    Only the main thread can be interrupted. The worker kills the process if this does not help.
    """
    alarm = _Alarm()
    if threading.current_thread() is not threading.main_thread():
        yield alarm
        return

    def interrupt(*_: object) -> None:
        alarm.has_rung = True
        raise TimeoutError

    previous = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds, _SECONDS_BETWEEN_INTERRUPTIONS)
    try:
        yield alarm
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, previous)

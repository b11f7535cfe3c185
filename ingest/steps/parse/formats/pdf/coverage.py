"""Count the pages of a PDF by outcome, and warn about ranges of pages that were not read."""

from collections.abc import Iterable, Iterator

from ingest.steps.parse import ocr
from ingest.steps.parse.formats.pdf.page import PageContent
from ingest.steps.parse.report import ReportBuilder

_MAX_RANGES = 20
_ILLEGIBLE = "The fonts of the page do not say which characters they show"
_UNRECOGNISED = f"{_ILLEGIBLE}, and OCR found no text."
_DAMAGED = "The page is damaged and was not read."


def report_pages(report: ReportBuilder, pages: list[PageContent]) -> None:
    """Count the pages and pictures, and warn about the pages that were not read. OCR has counted its pages."""
    for outcome in ("read", "empty", "failed"):
        if number := sum(page.outcome == outcome for page in pages):
            report.count("page", outcome, number)
    if unread := sum(page.outcome in ("not_read", "illegible") for page in pages):
        report.count("page", "not_read", unread)
    if pictures := sum(page.pictures for page in pages if page.outcome in ("read", "empty")):
        report.count("image", "not_read", pictures)
    _warn(report, ocr.UNREAD_PAGE, ocr.unread_page_message(), pages, "not_read")
    illegible = _UNRECOGNISED if ocr.is_available() else ocr.unread_file_message(_ILLEGIBLE)
    _warn(report, "page_illegible", illegible, pages, "illegible")
    _warn(report, "page_failed", _DAMAGED, pages, "failed")


def _warn(report: ReportBuilder, code: str, message: str, pages: list[PageContent], outcome: str) -> None:
    numbers = [number for number, page in enumerate(pages, 1) if page.outcome == outcome]
    if numbers:
        report.warn(code, message, name_pages(numbers))


def name_pages(numbers: Iterable[int]) -> str:
    """Return rising page numbers as a phrase: "page 2", "pages 3 to 900", "pages 1, 4 to 6 and 9"."""
    numbers = list(numbers)
    ranges = [str(first) if first == last else f"{first} to {last}" for first, last in _ranges(numbers)]
    if len(ranges) > _MAX_RANGES:
        ranges = [*ranges[:_MAX_RANGES], "others"]
    listed = ", ".join(ranges[:-1]) + " and " + ranges[-1] if len(ranges) > 1 else ranges[0]
    return f"{'page' if len(numbers) == 1 else 'pages'} {listed}"


def _ranges(numbers: list[int]) -> Iterator[tuple[int, int]]:
    first = last = numbers[0]
    for number in numbers[1:]:
        if number != last + 1:
            yield first, last
            first = number
        last = number
    yield first, last

"""Picture files: PNG, JPEG, TIFF with any number of pages, BMP, GIF and WebP, read by OCR."""

from pathlib import Path

from ingest.errors import InvalidFile, UnsupportedFile
from ingest.steps.parse import ocr
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.ocr.pictures import MIN_SIDE, Picture, UnreadablePicture, open_picture
from ingest.steps.parse.parsed import ParsedText

_FINDING = "The file type is not supported: it is an image"


def read(path: Path) -> ParsedText:
    """Return the text of a picture.

    Raises UnsupportedFile if OCR is off or not installed, InvalidFile for a damaged picture.
    """
    if not ocr.is_available():
        raise UnsupportedFile(ocr.unread_file_message(_FINDING))
    builder = TextBuilder()
    try:
        with open_picture(path) as picture:
            reader = _add_pages(builder, picture)
    except UnreadablePicture as exc:
        raise InvalidFile(str(exc)) from exc
    return builder.parsed("image", *reader)


def _add_pages(builder: TextBuilder, picture: Picture) -> tuple[str, str]:
    """Add all pages, and return the reader's name and version, empty if no page has the size of a text."""
    recognizer = None
    for number in range(1, picture.pages + 1):
        try:
            image = picture.page(number - 1)
        except UnreadablePicture as exc:
            if picture.pages == 1:
                raise
            builder.report.count("page", "failed")
            builder.report.warn("page_not_read", str(exc), f"page {number}")
            continue
        if min(image.shape[:2]) < MIN_SIDE:
            builder.report.count("page", "empty")
        elif recognizer := recognizer or ocr.open_recognizer():
            with builder.section("page", number=number):
                recognizer.add_picture(builder, "page", image, f"page {number}")
        ocr.report_progress(number, picture.pages)
    return recognizer.reader if recognizer else ("", "")

"""Pictures of documents: counted, and read by OCR where they are all that a document has."""

from collections.abc import Callable, Sequence

from ingest.errors import FileError, UnsupportedFile
from ingest.steps.parse.formats.layout import TextBuilder

_MAX_PICTURES = 200
_OBJECTS = frozenset(["embedded_object", "attachment"])

Picture = tuple[str, Callable[[], bytes | None]]
"""A name, and what returns the picture's bytes; None if they are missing."""


def report_pictures(builder: TextBuilder, count: int, pictures: Sequence[Picture] = ()) -> None:
    """Count the pictures of a document, and read those given if it has no text.

    Raises UnsupportedFile if it has pictures only and nothing here can read them.
    """
    if not count:
        return
    if len(builder) or not _OBJECTS.isdisjoint(builder.report.build().parts):
        builder.report.count("image", "not_read", count)  # an object that was not read has its icon in the document
        return
    from ingest.steps.parse import ocr

    if not pictures or not ocr.is_available():
        raise UnsupportedFile(ocr.unread_file_message("The document has no text, only pictures"))
    for number, (name, load) in enumerate(pictures[:_MAX_PICTURES], 1):
        _recognize(builder, name, load())
        ocr.report_progress(number, len(pictures))


def _recognize(builder: TextBuilder, name: str, data: bytes | None) -> None:
    from ingest.steps.parse.nested import read_nested

    try:
        parsed = read_nested(data or b"", name)
    except FileError as exc:
        builder.report.count("image", "failed")
        builder.report.warn("image_not_read", f"A picture was not read. {exc}", name)
        return
    builder.report.count("image", "ocr" if parsed.text.strip() else "empty")
    builder.add_parsed(parsed, name)

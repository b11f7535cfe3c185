"""Files inside a PDF: attachments, and the documents of a portfolio (ISO 32000-2, 7.11.4 and 12.3.5)."""

import ctypes
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.pdf.strings import read_string
from ingest.steps.parse.nested import MAX_BYTES, MAX_FILES, add_nested


def add_attachments(builder: TextBuilder, document: pypdfium2.PdfDocument) -> bool:
    """Add the text of the files that are embedded in the document, and return whether there was any."""
    is_any_read = False
    count = max(0, pdfium.FPDFDoc_GetAttachmentCount(document))
    for index in range(min(count, MAX_FILES)):
        attachment = pdfium.FPDFDoc_GetAttachment(document, index)
        if attachment:
            is_any_read |= add_attachment(builder, attachment, f"attachment {index + 1}")
    if count > MAX_FILES:
        builder.report.count("attachment", "not_read", count - MAX_FILES)
        builder.report.warn(
            "attachment_not_read", f"The file has {count} attachments. Only the first {MAX_FILES} were read."
        )
    return is_any_read


def add_attachment(builder: TextBuilder, attachment: Any, unnamed: str) -> bool:
    """Add the text of one embedded file, and return whether it was read. `unnamed` is the name of one without a name."""
    name = read_string(pdfium.FPDFAttachment_GetName, attachment) or unnamed
    name = name.replace("\\", "/").rpartition("/")[2] or unnamed
    data = _content(attachment)
    if data is None:
        builder.report.count("attachment", "failed")
        builder.report.warn("attachment_not_read", "An attachment is damaged or too large.", f"attachment {name}")
        return False
    return add_nested(builder, data, name)


def _content(attachment: Any) -> bytes | None:
    """Return the content of an embedded file, or None if it cannot be had."""
    size = ctypes.c_ulong()
    if not pdfium.FPDFAttachment_GetFile(attachment, None, 0, size) or size.value > MAX_BYTES:
        return None
    buffer = ctypes.create_string_buffer(max(1, size.value))
    if size.value and not pdfium.FPDFAttachment_GetFile(attachment, buffer, size.value, size):
        return None
    return buffer.raw[: size.value]

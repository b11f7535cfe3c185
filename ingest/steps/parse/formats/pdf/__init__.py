"""PDF: the text layer or OCR, form fields, annotations and embedded files, page by page."""

from ingest.steps.parse.formats.pdf.reader import read

__all__ = ["read"]

"""Word documents in the XML formats: packages (.docx, .docm, .dotx, .dotm), their flat form, and XML of Word 2003."""

from ingest.steps.parse.formats.docx.reader import read

__all__ = ["read"]

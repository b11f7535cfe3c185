"""The XML of Word 2003 (WordprocessingML 2003): one file with much the same elements as the parts of a package."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.errors import InvalidFile
from ingest.steps.parse.formats.docx.blocks import BlockReader
from ingest.steps.parse.formats.docx.styles import Definitions, parse_definitions
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.ooxml import xml
from ingest.steps.parse.formats.ooxml.xml import attribute, child, children
from ingest.steps.parse.parsed import ParsedText

_NOTES = ("footnote", "endnote")


def read_word2003(path: Path) -> ParsedText:
    """Return the text of a document: headers, body, notes, comments, footers. Raises InvalidFile."""
    root, is_damaged = xml.parse(path.read_bytes())
    if root is None:
        raise InvalidFile("The file could not be parsed as docx: its XML is damaged.")
    builder = TextBuilder()
    styles = child(root, "styles")
    definitions = parse_definitions(b"", b"" if styles is None else xml.to_bytes(styles))
    notes, comments = list(_take_out(root, _is_note)), list(_take_out(root, _is_comment))
    _add_distinct(builder, definitions, root.iter("{*}hdr"))
    for body in children(root, "body"):
        BlockReader(builder, lambda: definitions).read(body)
    BlockReader(builder, lambda: definitions).read(notes)
    for comment in comments:
        builder.report.count("comment", "read")
        BlockReader(builder, lambda: definitions, prefix=_author(comment)).read(comment)
    _add_distinct(builder, definitions, root.iter("{*}ftr"))
    if is_damaged:
        builder.report.warn("document_damaged", "The document is damaged; text may be missing.")
    return builder.parsed("docx")


def _take_out(root: Any, is_wanted: Any) -> Iterator[Any]:
    """Remove elements from the text around them and yield them. They are inside the run that refers to them."""
    for element in [node for node in root.iter("{*}footnote", "{*}endnote", "{*}annotation") if is_wanted(node)]:
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)
            yield element


def _is_note(element: Any) -> bool:
    return xml.local_name(element) in _NOTES


def _is_comment(element: Any) -> bool:
    return attribute(element, "type") == "Word.Comment" and child(element, "content") is not None


def _author(comment: Any) -> str:
    author = attribute(comment, "author").strip()
    return f"{author}: " if author else ""


def _add_distinct(builder: TextBuilder, definitions: Definitions, parts: Iterator[Any]) -> None:
    """Add headers or footers, equal ones once."""
    seen: set[str] = set()
    for part in parts:
        inner = TextBuilder()
        BlockReader(inner, lambda: definitions).read(part)
        text = inner.build()
        if text not in seen:
            seen.add(text)
            builder.add_parsed(inner.parsed("docx"), "")

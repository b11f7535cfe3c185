"""XML to text: the content of elements and attributes. No entity is resolved and nothing is downloaded."""

from pathlib import Path

from ingest.steps.parse.formats import html
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.xml.source import decode_xml, parse_xml, strip_markup
from ingest.steps.parse.formats.xml.writer import XmlWriter
from ingest.steps.parse.parsed import ParsedText

__all__ = ["read"]


def read(path: Path) -> ParsedText:
    """Return the text of an XML file, or its source if neither elements nor attributes have text.

    Raises InvalidFile if its entities expand without end.
    """
    builder = TextBuilder()
    decoded = decode_xml(path.read_bytes())
    builder.report.count_replaced_characters(decoded.replaced)
    source = decoded.text
    root, is_damaged = parse_xml(source)
    if root is not None and isinstance(root.tag, str) and root.tag.rpartition("}")[2].lower() == "html":
        html.write_html(builder, source)
        return builder.parsed("html")
    if is_damaged:
        builder.report.warn("xml_damaged", "The file is not well-formed XML; it was read as far as its tags allow.")
    if root is None and is_damaged:
        builder.add_block(strip_markup(source))
    elif root is not None:
        XmlWriter(builder, is_damaged=is_damaged).write(root)
    if not len(builder):
        builder.add_block(source)
    return builder.parsed("xml")

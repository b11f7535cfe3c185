"""HTML: its text as it reads in a browser, with headings and tables, without scripts, styles and pictures."""

from collections.abc import Mapping
from pathlib import Path

from ingest.steps.parse.formats.html.prepare import needs_preparation, prepare
from ingest.steps.parse.formats.html.roles import has_tables_of_boxes, turn_boxes_into_tables
from ingest.steps.parse.formats.html.source import decode_html, decode_html_counted, parse_html, strip_tags
from ingest.steps.parse.formats.html.writer import HtmlWriter
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.parsed import ParsedText
from ingest.steps.parse.signatures import without_noise

__all__ = ["decode_html", "html_to_text", "read", "write_html"]


def read(path: Path) -> ParsedText:
    """Return the text of an HTML file."""
    builder = TextBuilder()
    data = path.read_bytes()
    write_html(builder, without_noise(data) if data.startswith(b"HTTP/") else data)
    parsed = builder.parsed("html")
    if not parsed.text and parsed.report.parts:
        builder.report.warn("only_pictures", "The page consists of pictures, which were not read.")
        return builder.parsed("html")
    return parsed


def write_html(
    builder: TextBuilder, html: bytes | str, declared: str | None = None, raised: Mapping[str, str] | None = None
) -> None:
    """Add an HTML document or fragment to a builder: its text, headings and tables, and the number of its pictures.

    `declared` is the character set that a header gives for bytes. `raised` are the classes of style sheets outside the
    document that raise or lower text.
    """
    if isinstance(html, bytes):
        decoded = decode_html_counted(html, declared)
        builder.report.count_replaced_characters(decoded.replaced)
        html = decoded.text
    builder.end_list()
    length_before = len(builder)
    root = parse_html(html)
    if root is not None:
        if raised or needs_preparation(html):
            prepare(root, raised or {})
        if has_tables_of_boxes(html):
            turn_boxes_into_tables(root)
        writer = HtmlWriter(builder)
        writer.write(root)
        if writer.images:
            builder.report.count("image", "not_read", writer.images)
        if len(builder) == length_before:  # then even "Please switch on JavaScript" is better than nothing
            HtmlWriter(builder, reads_fallbacks=True).write(root)
    if len(builder) == length_before:
        # libxml2 drops content below 2,048 levels. Then the text has no structure.
        builder.add_block(strip_tags(html))
    builder.end_list()


def html_to_text(html: bytes | str) -> str:
    """Return the text of an HTML document or fragment."""
    builder = TextBuilder()
    write_html(builder, html)
    return builder.build()

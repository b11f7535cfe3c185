"""Jupyter notebooks (nbformat 3 and 4): Markdown and code as they are, and the text of the outputs."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ingest.errors import InvalidFile
from ingest.steps.parse.charset import decode_counted
from ingest.steps.parse.formats.html import write_html
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.parsed import ParsedText
from ingest.steps.parse.plain.blobs import replace_blobs
from ingest.steps.parse.plain.headings import find_markdown_headings
from ingest.steps.parse.plain.json_escapes import replace_json_escapes
from ingest.steps.parse.plain.terminal import remove_progress, remove_terminal_codes

_PICTURES = ("image/png", "image/jpeg", "image/gif", "image/svg+xml", "application/pdf")
_PLAIN_OUTPUTS = ("text/markdown", "text/latex", "text/plain", "text", "application/json")
_MAX_LEVEL = 6


def read(path: Path) -> ParsedText:
    """Return the cells of a notebook in their order. Raises InvalidFile if the file has none."""
    decoded = decode_counted(path.read_bytes())
    builder = TextBuilder()
    builder.report.count_replaced_characters(decoded.replaced)
    try:
        notebook = json.loads(decoded.text)
    except (ValueError, RecursionError):
        notebook = None
    if isinstance(notebook, Mapping):
        for cell in _cells(notebook):
            _add_cell(builder, cell)
    elif '"cell_type"' in decoded.text:
        _add_source(builder, decoded.text)
    else:
        raise InvalidFile("The file is named .ipynb but is not a notebook: it has no cells.")
    return builder.parsed("notebook")


def _add_source(builder: TextBuilder, source: str) -> None:
    """Add a file that is no valid notebook, such as one that is cut off or has the marks of a merge conflict."""
    text, pictures = replace_blobs(remove_terminal_codes(replace_json_escapes(source)))
    builder.add_block(text)
    _count_pictures(builder, pictures)
    builder.report.warn("notebook_damaged", "The notebook is damaged: it is not valid JSON. It was read as plain text.")


def _cells(notebook: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    sheets = notebook.get("worksheets")
    parts = [notebook, *sheets] if isinstance(sheets, list) else [notebook]
    for part in parts:
        cells = part.get("cells") if isinstance(part, Mapping) else None
        if isinstance(cells, list):
            yield from (cell for cell in cells if isinstance(cell, Mapping))


def _add_cell(builder: TextBuilder, cell: Mapping[str, Any]) -> None:
    source = _joined(cell.get("source", cell.get("input")))
    kind = cell.get("cell_type")
    builder.report.count("cell", "read" if source.strip() else "empty")
    if kind == "heading":
        builder.add_heading(source, min(max(1, _integer(cell.get("level"))), _MAX_LEVEL))
    elif kind == "markdown":
        _add_markdown(builder, source)
    else:
        builder.add_block(source.strip("\n"))
    outputs = cell.get("outputs")
    for output in outputs if isinstance(outputs, list) else ():
        if isinstance(output, Mapping):
            _add_output(builder, output)


def _add_markdown(builder: TextBuilder, source: str) -> None:
    """Add Markdown in pieces, so that each begins at a heading."""
    text, pictures = replace_blobs(source)
    _count_pictures(builder, pictures)
    headings = list(find_markdown_headings(text))
    edges = [heading.start for heading in headings] + [len(text)]
    builder.add_block(text[: edges[0]].strip("\n"))
    for heading, end in zip(headings, edges[1:], strict=True):
        builder.add_heading(text[heading.start : end].strip("\n"), heading.level, heading.title)


def _add_output(builder: TextBuilder, output: Mapping[str, Any]) -> None:
    if output.get("output_type") in ("pyerr", "error"):
        trace = _joined(output.get("traceback"), "\n") or f"{output.get('ename', '')}: {output.get('evalue', '')}"
        builder.add_block(_shown(trace))
        return
    if output.get("output_type") == "stream":
        builder.add_block(_shown(_joined(output.get("text"))))
        return
    data = output.get("data", output)
    if isinstance(data, Mapping):
        _add_media(builder, data)


def _add_media(builder: TextBuilder, data: Mapping[str, Any]) -> None:
    """Add the richest readable form of an output: HTML for tables, and text otherwise."""
    html = _joined(data.get("text/html", data.get("html")))
    length = len(builder)
    if "<table" in html:
        write_html(builder, html)
    if len(builder) == length:
        texts = (_joined(data.get(name)) for name in _PLAIN_OUTPUTS)
        text = next(filter(str.strip, texts), "")
        builder.add_block(_shown(text))
        if not text and html:
            write_html(builder, html)
    _count_pictures(builder, any(name in data or name.rpartition("/")[2] in data for name in _PICTURES))


def _count_pictures(builder: TextBuilder, number: int) -> None:
    if number:
        builder.report.count("image", "not_read", int(number))


def _shown(text: str) -> str:
    return replace_blobs(remove_terminal_codes(remove_progress(text)))[0].strip("\n")


def _joined(value: object, separator: str = "") -> str:
    """Return the text of a field, which is a string or a list of strings; other JSON is written as JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return separator.join(value)
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _integer(value: object) -> int:
    return value if isinstance(value, int) else 1

"""OpenDocument: text, sheets, presentations and drawings, in a ZIP package or as one flat XML file."""

from pathlib import Path
from typing import Any

from ingest.errors import InvalidFile
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.odf import sheets, slides, text
from ingest.steps.parse.formats.odf.blocks import BlockReader
from ingest.steps.parse.formats.odf.document import Document
from ingest.steps.parse.formats.odf.names import name
from ingest.steps.parse.formats.odf.package import Package
from ingest.steps.parse.parsed import ParsedText

_KINDS = {
    "office:text": "odt",
    "office:spreadsheet": "ods",
    "office:presentation": "odp",
    "office:drawing": "odg",
}


def read(path: Path) -> ParsedText:
    """Return the text of an OpenDocument file of any type. Raises InvalidFile if its content is no XML."""
    builder = TextBuilder()
    with Package(path) as package:
        if "spreadsheet" in package.mimetype():
            kind = "ods"
            sheets.read(package, builder)
        else:
            kind = _read_tree(package, builder)
        for part in dict.fromkeys(package.damaged):
            builder.report.warn("xml_damaged", "The XML of this part is damaged; text may be missing.", part)
        return builder.parsed(f"f{kind[:3]}" if package.is_flat else kind)


def _read_tree(package: Package, builder: TextBuilder) -> str:
    """Read a document that fits into memory, and return its kind."""
    root = package.content()
    content = next((node for node in _bodies(root) if name(node) in _KINDS), None)
    kind = _KINDS.get(name(content), "odt") if content is not None else "odt"
    if kind == "ods":
        sheets.read(package, builder)
        return kind
    document = Document(package, builder, root)
    if content is None:  # OpenOffice.org 1
        content = next((node for node in root if name(node) == "office:body"), None)
    if content is None:
        raise InvalidFile("The file could not be parsed as OpenDocument: it has no content.")
    if kind == "odt":
        text.read(document, content)
    else:
        slides.read(document, content, "slide" if kind == "odp" else "page")
    document.finish()
    return kind


def _bodies(root: Any) -> Any:
    for body in root:
        if name(body) == "office:body":
            yield from body


__all__ = ["BlockReader", "read"]

"""XML to its text content; no entity is resolved and nothing is fetched."""

from pathlib import Path
from typing import Any

from lxml import etree

from ingest.steps.parse.charset import decode
from ingest.steps.parse.formats import html
from ingest.steps.parse.parsed import Parsed


def read(path: Path) -> Parsed:
    """Return the text of an XML file; its source where all it says stands in attributes."""
    data = path.read_bytes()
    root = _root(data)
    if root is not None and isinstance(root.tag, str) and root.tag.rpartition("}")[2].lower() == "html":
        return Parsed(html.text_of(data), "html")
    text = "" if root is None else text_of(root)
    return Parsed(text if text.strip() else decode(data), "xml")


def text_of(root: Any) -> str:
    """Return the text below `root`: one line an element, but elements within running text stay in its line."""
    lines: list[str] = []
    inline: list[str] = []

    def flush() -> None:
        line = " ".join("".join(inline).split())
        inline.clear()
        if line:
            lines.append(line)

    _inline_entities(root)
    mixed: list[bool] = []  # for each open element, whether it is running text
    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        if event == "start":
            if not (mixed and mixed[-1]):
                flush()
            mixed.append(_is_mixed(element))
            inline.append(element.text or "")
            continue
        if event == "end":
            mixed.pop()
        if not (mixed and mixed[-1]):
            flush()
        if element is not root:
            inline.append(element.tail or "")
    flush()
    return "\n".join(lines)


def _root(data: bytes) -> Any:
    options = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": True}
    try:
        return etree.fromstring(data, etree.XMLParser(**options))
    except etree.XMLSyntaxError as exc:
        if exc.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise
        try:
            return etree.fromstring(data, etree.XMLParser(recover=True, **options))
        except etree.XMLSyntaxError:
            return None


def _is_mixed(element: Any) -> bool:
    if not len(element):
        return False
    if element.text and not element.text.isspace():
        return True
    return any(child.tail and not child.tail.isspace() for child in element)


def _inline_entities(root: Any) -> None:
    """Put entities that were not resolved into the text around them, as they are written in the source."""
    for entity in list(root.iter(etree.Entity)):
        before, parent = entity.getprevious(), entity.getparent()
        text = f"{entity.text}{entity.tail or ''}"
        if before is None:
            parent.text = (parent.text or "") + text
        else:
            before.tail = (before.tail or "") + text
        parent.remove(entity)

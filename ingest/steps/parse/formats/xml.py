"""XML to its text content; no entity is resolved and nothing is fetched."""

from pathlib import Path
from typing import Any

from lxml import etree

from ingest.errors import InvalidFile
from ingest.steps.parse.charset import decode
from ingest.steps.parse.formats import html
from ingest.steps.parse.parsed import Parsed

_ABOUT_XML = ("http://www.w3.org/XML/1998/namespace", "http://www.w3.org/2001/XMLSchema-instance")
_VISUAL = (  # in these, attributes say how something looks
    "http://www.w3.org/2000/svg",
    "http://www.w3.org/1999/xhtml",
    "http://www.w3.org/1999/XSL/Format",
    "http://www.w3.org/1998/Math/MathML",
    "http://schemas.openxmlformats.org/",
    "http://schemas.microsoft.com/office/",
    "urn:schemas-microsoft-com:",
    "urn:oasis:names:tc:opendocument:",
)


def read(path: Path) -> Parsed:
    """Return the text of an XML file; its source where neither elements nor attributes say anything."""
    data = path.read_bytes()
    root = _root(data)
    if root is not None and isinstance(root.tag, str) and root.tag.rpartition("}")[2].lower() == "html":
        return Parsed(html.text_of(data), "html")
    text = "" if root is None else text_of(root)
    return Parsed(text if text.strip() else decode(data), "xml")


def text_of(root: Any) -> str:
    """Return the text below `root`: one line an element, but elements within running text stay in its line.

    The attributes of an element have a line before its own; those of elements within running text follow that.
    """
    lines: list[str] = []
    inline: list[str] = []
    inline_attributes: list[str] = []

    def flush() -> None:
        line = " ".join("".join(inline).split())
        inline.clear()
        if line:
            lines.append(line)
        lines.extend(inline_attributes)
        inline_attributes.clear()

    _inline_entities(root)
    mixed: list[bool] = []  # for each open element, whether it is running text
    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        if event == "start":
            attributes = _attributes(element)
            if not (mixed and mixed[-1]):
                flush()
                lines.extend(attributes)
            else:
                inline_attributes.extend(attributes)
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


def _attributes(element: Any) -> list[str]:
    """Return a line with the names and values of attributes that may say something, or nothing."""
    if not element.attrib or _namespace(element.tag).startswith(_VISUAL):
        return []
    said = []
    for name, value in element.attrib.items():
        words = " ".join(value.split())
        local = name.rpartition("}")[2]
        if words and local != "style" and not _namespace(name).startswith(_ABOUT_XML) and not words.startswith("data:"):
            said.append(f"{local}: {words}")
    return [", ".join(said)] if said else []


def _namespace(name: str) -> str:
    return name[1:].partition("}")[0] if name.startswith("{") else ""


def _root(data: bytes) -> Any:
    options = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": True}
    try:
        return etree.fromstring(data, etree.XMLParser(**options))
    except etree.XMLSyntaxError as exc:
        if exc.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise
        if exc.code == etree.ErrorTypes.ERR_ENTITY_LOOP or "amplification" in str(exc):
            # What could be recovered ends before the first of them, and nobody would know.
            raise InvalidFile("The file could not be parsed as XML: its entities expand without end.") from exc
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

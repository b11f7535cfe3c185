"""XML to text: the content of elements and attributes. No entity is resolved and nothing is downloaded."""

from pathlib import Path
from typing import Any

from lxml import etree

from ingest.errors import InvalidFile
from ingest.steps.parse.charset import decode
from ingest.steps.parse.formats import html
from ingest.steps.parse.parsed import ParsedText

_XML_NAMESPACES = ("http://www.w3.org/XML/1998/namespace", "http://www.w3.org/2001/XMLSchema-instance")
_VISUAL_NAMESPACES = (  # their attributes only describe appearance
    "http://www.w3.org/2000/svg",
    "http://www.w3.org/1999/xhtml",
    "http://www.w3.org/1999/XSL/Format",
    "http://www.w3.org/1998/Math/MathML",
    "http://schemas.openxmlformats.org/",
    "http://schemas.microsoft.com/office/",
    "urn:schemas-microsoft-com:",
    "urn:oasis:names:tc:opendocument:",
)


def read(path: Path) -> ParsedText:
    """Return the text of an XML file, or its source if neither elements nor attributes have text."""
    data = path.read_bytes()
    root = _parse(data)
    if root is not None and isinstance(root.tag, str) and root.tag.rpartition("}")[2].lower() == "html":
        return ParsedText(html.html_to_text(data), "html")
    text = "" if root is None else xml_to_text(root)
    return ParsedText(text if text.strip() else decode(data), "xml")


def xml_to_text(root: Any) -> str:
    """Return the text below `root`: one line for each element, except that elements inside running text stay in its line.

    The attributes of an element are a line before its own. Those of elements inside running text follow the text.
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
    mixed: list[bool] = []  # for each open element, whether it contains running text
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
    """Return one line with the names and values of the attributes that may carry text, or no line."""
    if not element.attrib or _namespace(element.tag).startswith(_VISUAL_NAMESPACES):
        return []
    texts = []
    for name, value in element.attrib.items():
        words = " ".join(value.split())
        local = name.rpartition("}")[2]
        if (
            words
            and local != "style"
            and not _namespace(name).startswith(_XML_NAMESPACES)
            and not words.startswith("data:")
        ):
            texts.append(f"{local}: {words}")
    return [", ".join(texts)] if texts else []


def _namespace(name: str) -> str:
    return name[1:].partition("}")[0] if name.startswith("{") else ""


def _parse(data: bytes) -> Any:
    options = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": True}
    try:
        return etree.fromstring(data, etree.XMLParser(**options))
    except etree.XMLSyntaxError as exc:
        if exc.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise
        if exc.code == etree.ErrorTypes.ERR_ENTITY_LOOP or "amplification" in str(exc):
            # Recovery would end before the first such entity, and the loss would go unnoticed.
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
    """Insert unresolved entities into the surrounding text as they are written in the source."""
    for entity in list(root.iter(etree.Entity)):
        before, parent = entity.getprevious(), entity.getparent()
        text = f"{entity.text}{entity.tail or ''}"
        if before is None:
            parent.text = (parent.text or "") + text
        else:
            before.tail = (before.tail or "") + text
        parent.remove(entity)

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

    mixed: list[bool] = []  # for each open element, whether it is running text
    for event, element in etree.iterwalk(root, events=("start", "end", "comment", "pi")):
        if event == "start":
            if not (mixed and mixed[-1]):
                flush()
            mixed.append(_is_mixed(element))
            inline.append(element.text or "")
            # The walk passes over entities, and with them over the text that follows.
            inline.extend(_after_entities(element))
            continue
        if event == "end":
            mixed.pop()
        if not (mixed and mixed[-1]):
            flush()
        if element is not root:
            inline.append(element.tail or "")
            following = element.getnext()
            while following is not None and following.tag is etree.Entity:
                inline.append(f"{following.text}{following.tail or ''}")
                following = following.getnext()
    flush()
    return "\n".join(lines)


def _root(data: bytes) -> Any:
    options = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": True}
    try:
        return etree.fromstring(data, etree.XMLParser(**options))
    except etree.XMLSyntaxError:
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


def _after_entities(element: Any) -> list[str]:
    """The entities with which the content of `element` begins, and the text around them."""
    found: list[str] = []
    for child in element:
        if child.tag is not etree.Entity:
            break
        found.append(f"{child.text}{child.tail or ''}")
    return found

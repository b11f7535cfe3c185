"""Parse the XML of Office files, which may be damaged or hostile."""

from collections.abc import Iterator
from typing import Any

from lxml import etree

OPTIONS: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "huge_tree": True,
    "remove_comments": True,
    "remove_pis": True,
}
"""Options for every parser of untrusted XML."""

_MAX_CACHED_NAMES = 4_000
LOCAL_NAMES: dict[Any, str] = {}
"""Local names of the tags seen so far: `LOCAL_NAMES.get(node.tag) or local_name(node)` saves a call in a loop."""


def parse(data: bytes) -> tuple[Any, bool]:
    """Return the root element, or None, and whether the XML is damaged and was repaired.

    Entities are not part of the format, so XML that declares some counts as unreadable.
    """
    if declares_entities(data):
        return None, True
    try:
        return etree.fromstring(data, etree.XMLParser(**OPTIONS)), False
    except etree.XMLSyntaxError as exc:
        if exc.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise
    except ValueError:  # an encoding that does not exist
        return None, True
    try:
        return etree.fromstring(data.strip(), etree.XMLParser(recover=True, **OPTIONS)), True
    except etree.XMLSyntaxError as exc:
        if exc.code == etree.ErrorTypes.ERR_NO_MEMORY:
            raise
        return None, True


def declares_entities(data: bytes) -> bool:
    """Return whether XML, or the beginning of it, declares entities, which may expand without end."""
    return b"<!ENTITY" in data


def local_name(element: Any) -> str:
    """Return the name of an element without its namespace, "" for a node that is no element."""
    tag = element.tag
    if not isinstance(tag, str):
        return ""
    name = LOCAL_NAMES.get(tag)
    if name is None:
        if len(LOCAL_NAMES) >= _MAX_CACHED_NAMES:  # a hostile file may have any number of names
            LOCAL_NAMES.clear()
        name = LOCAL_NAMES[tag] = tag.rpartition("}")[2]
    return name


def children(node: Any, name: str) -> Iterator[Any]:
    """Return the children of this local name."""
    elements: Iterator[Any] = node.iterchildren(f"{{*}}{name}")
    return elements


def child(node: Any, *path: str) -> Any:
    """Return the first element at a path of local names below `node`, or None."""
    for name in path:
        node = next(node.iterchildren(f"{{*}}{name}"), None)
        if node is None:
            return None
    return node


def child_value(node: Any, *path: str) -> str:
    """Return the attribute `val` of the first element at a path, "" if there is none."""
    found = child(node, *path)
    return "" if found is None else attribute(found, "val")


def attribute(node: Any, name: str, default: str = "") -> str:
    """Return an attribute by its local name: in the node's own namespace, in none, or in any."""
    namespace, _, _ = node.tag.rpartition("}")
    value = node.get(f"{namespace}}}{name}") if namespace else None
    if value is None:
        value = node.get(name)
    if value is None:
        value = next((v for key, v in node.items() if key.endswith(f"}}{name}")), default)
    text: str = value
    return text


def is_on(element: Any) -> bool:
    """Return whether a switch is set: the element exists, and its value does not say no (ECMA-376 part 1, 22.9.2.7)."""
    return element is not None and attribute(element, "val", "1").lower() not in ("0", "false", "off", "none")


def to_int(text: str, default: int = 0) -> int:
    """Return a decimal number of at most nine digits, or `default`."""
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else default


def to_bytes(element: Any) -> bytes:
    """Return an element as a document of its own."""
    data: bytes = etree.tostring(element, encoding="utf-8", with_tail=False)
    return data

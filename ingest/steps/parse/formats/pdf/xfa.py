"""XFA forms: the captions of the template and the values of the data (XFA specification 3.3, chapters 2 and 4).

pdfium shows only the page that stands for the form in viewers without XFA ("Please wait...").
"""

import ctypes
from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.steps.parse.formats.pdf.strings import one_line

_MAX_PACKETS = 100
_MAX_BYTES = 64 * 2**20
_MAX_NODES = 500_000
_PLACEHOLDERS = ("please wait", "if this message is not eventually replaced")
_CHECKED = {"1": "Yes", "0": ""}

Values = dict[str, deque[str]]
"""Values of the data by the name of their element, in document order."""


def read_xfa(document: pypdfium2.PdfDocument) -> list[str]:
    """Return the lines of an XFA form: fixed text, and "caption: value" for each field with a value.

    Values without a field in the template follow. Damaged packets are skipped.
    """
    roots = [root for packet in _packets(document) if (root := _parse(packet)) is not None]
    values: Values = defaultdict(deque)
    order: list[tuple[str, str]] = []
    for data in (node for root in roots for node in _named(root, "data")):
        for name, value in _leaves(data):
            values[name].append(value)
            order.append((name, value))
    lines = [line for root in roots for node in _named(root, "template") for line in _template_lines(node, values)]
    rest = [f"{name}: {value}" for name, value in order if _take(values, name, value)]
    return lines + rest


def is_placeholder(text: str) -> bool:
    """Return whether the text of a page stands for an XFA form."""
    text = one_line(text).casefold()
    return text.startswith(_PLACEHOLDERS[0]) or _PLACEHOLDERS[1] in text


def _packets(document: pypdfium2.PdfDocument) -> Iterator[bytes]:
    """Yield the packets. In files with one stream, it is the whole XML document.

    In others the packets between "preamble" and "postamble" are documents of their own.
    """
    size = ctypes.c_ulong()
    for index in range(min(pdfium.FPDF_GetXFAPacketCount(document), _MAX_PACKETS)):
        pdfium.FPDF_GetXFAPacketContent(document, index, None, 0, size)
        if not 0 < size.value <= _MAX_BYTES:
            continue
        buffer = ctypes.create_string_buffer(size.value)
        if pdfium.FPDF_GetXFAPacketContent(document, index, buffer, size.value, size):
            yield buffer.raw[: size.value]


def _parse(packet: bytes) -> Any | None:
    from lxml import etree

    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(packet, parser)
    except etree.XMLSyntaxError:
        return None


def _named(root: Any, name: str) -> Iterator[Any]:
    """Yield the outermost elements of this local name."""
    if _local(root) == name:
        yield root
    else:
        for number, node in enumerate(root.iter()):
            if number > _MAX_NODES:
                return
            if _local(node) == name:
                yield node
                return


def _local(node: Any) -> str:
    tag = node.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _leaves(data: Any) -> Iterator[tuple[str, str]]:
    """Yield the name and value of each data element that has a value."""
    skipped: set[Any] = set()
    for number, node in enumerate(data.iter()):
        if number > _MAX_NODES:
            return
        parent = node.getparent()
        if node is not data and parent in skipped:
            skipped.add(node)
        elif _is_rich_text(node) or not len(node):
            value = one_line("".join(node.itertext()))
            skipped.add(node)
            if value:
                yield _local(node), value


def _is_rich_text(node: Any) -> bool:
    """Return whether the value of an element is XHTML."""
    return any(_local(child) in ("body", "p", "html") and "xhtml" in child.tag for child in node)


def _template_lines(template: Any, values: Values) -> Iterator[str]:
    for number, node in enumerate(template.iter()):
        if number > _MAX_NODES:
            return
        kind = _local(node)
        if kind == "draw":
            if text := _value(node):
                yield text
        elif kind == "exclGroup":
            chosen = _next_value(node, values)
            if chosen:
                yield f"{_caption(node) or node.get('name', '')}: {_label_of_choice(node, chosen)}".strip(": ")
        elif kind == "field" and _local(node.getparent()) != "exclGroup":
            yield from _field_lines(node, values)


def _field_lines(field: Any, values: Values) -> Iterator[str]:
    """Yield "caption: value", or the caption alone if the field is empty: captions are the text of the form."""
    caption, value = _caption(field), _next_value(field, values) or _value(field)
    kinds = {_local(child) for ui in _children(field, "ui") for child in ui}
    if "button" in kinds:
        return
    if "checkButton" in kinds:
        value = _CHECKED.get(value, value)
    value = _displayed(field, value)
    caption = caption.rstrip(" :")
    if value:
        yield f"{caption or field.get('name', '')}: {value}".strip(": ")
    elif caption:
        yield caption


def _next_value(field: Any, values: Values) -> str:
    """Return the value that the data has for a field, by the name that it is bound to."""
    name = field.get("name", "")
    for bind in _children(field, "bind"):
        if bind.get("match") == "none":
            return ""
        reference = bind.get("ref", "")
        name = reference.rstrip("]*").partition("[")[0].rpartition(".")[2] or name
    waiting = values.get(name)
    return waiting.popleft() if waiting else ""


def _take(values: Values, name: str, value: str) -> bool:
    """Return whether a value is still waiting for its field, and take it."""
    waiting = values.get(name)
    if not waiting or waiting[0] != value:
        return False
    waiting.popleft()
    return True


def _children(node: Any, name: str) -> Iterator[Any]:
    return (child for child in node if _local(child) == name)


def _caption(node: Any) -> str:
    for caption in _children(node, "caption"):
        return _value(caption)
    return ""


def _value(node: Any) -> str:
    return " ".join(one_line("".join(value.itertext())) for value in _children(node, "value")).strip()


def _displayed(field: Any, value: str) -> str:
    """Return the text that a choice shows for a value; the second list of items has what is saved."""
    lists = [[one_line("".join(item.itertext())) for item in items] for items in _children(field, "items")]
    if len(lists) == 2 and value in lists[1]:
        index = lists[1].index(value)
        return lists[0][index] if index < len(lists[0]) else value
    return value


def _label_of_choice(group: Any, chosen: str) -> str:
    """Return the caption of the radio button with a value."""
    for field in _children(group, "field"):
        for items in _children(field, "items"):
            if any(one_line("".join(item.itertext())) == chosen for item in items):
                return _caption(field) or chosen
    return chosen

"""Read the texts of a workbook: shared strings and rich text (ECMA-376 part 1, 18.4)."""

import re
from collections.abc import Iterator
from typing import IO, Any

from lxml import etree

from ingest.steps.parse.formats.ooxml.xml import OPTIONS, local_name
from ingest.steps.parse.formats.scripts import subscript, superscript

_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_SCRIPTS = {"superscript": superscript, "subscript": subscript}


def rich_text(element: Any) -> str:
    """Return the text of an element with a text or with runs; its phonetic guide is not part of it."""
    if len(element) == 1 and local_name(element[0]) == "t":
        return unescape(element[0].text or "")
    parts: list[str] = []
    for node in element.iterchildren("*"):
        name = local_name(node)
        if name == "t":
            parts.append(unescape(node.text or ""))
        elif name == "r":
            parts.append(_run_text(node))
    return "".join(parts)


def unescape(text: str) -> str:
    """Return a text with the characters that XML cannot hold, which files write as _x000B_."""
    if "_x" not in text:
        return text
    return _ESCAPE.sub(lambda match: _character(int(match[1], 16)), text)


def _character(code: int) -> str:
    if code == 0x0D:
        return "\n"
    return chr(code) if code >= 0x20 and not 0xD800 <= code <= 0xDFFF else " "


def read_shared_strings(stream: IO[bytes]) -> Iterator[str]:
    """Yield the shared strings of a workbook in their order, each on one line. Raises etree.XMLSyntaxError."""
    for _, element in etree.iterparse(stream, events=("end",), tag="{*}si", recover=True, **OPTIONS):
        yield " ".join(rich_text(element).split())
        element.clear()
        parent = element.getparent()
        while parent is not None and element.getprevious() is not None:
            del parent[0]


def _run_text(run: Any) -> str:
    text, alignment = "", ""
    for node in run.iterchildren("*"):
        name = local_name(node)
        if name == "t":
            text += unescape(node.text or "")
        elif name == "rPr":
            for setting in node.iterchildren("{*}vertAlign"):
                alignment = setting.get("val", "")
    script = _SCRIPTS.get(alignment)
    return script(text) if script else text

"""Text of DrawingML: paragraphs of shapes, diagrams and charts (ECMA-376 part 1, 21.1.2)."""

import re
from collections.abc import Iterator
from typing import Any

from ingest.steps.parse.formats.ooxml.math import math_text
from ingest.steps.parse.formats.ooxml.xml import child, local_name
from ingest.steps.parse.formats.scripts import subscript, superscript
from ingest.steps.parse.formats.symbols import is_symbol_font, symbol_text

_MAX_DEPTH = 30
_PRIVATE_CODE = re.compile("[\uf020-\uf0ff]+")
_FORMULAS = frozenset(["oMath", "oMathPara"])


def text_of_body(body: Any) -> str:
    """Return the paragraphs of a text body (a:txBody, c:rich, dgm:t) without the empty ones, one in each line."""
    paragraphs = (paragraph_text(paragraph).strip() for paragraph in body.iter("{*}p"))
    return "\n".join(filter(None, paragraphs))


def paragraph_text(paragraph: Any) -> str:
    """Return the text of a paragraph (a:p): runs, fields, line breaks, formulas, with superscripts and symbols."""
    return "".join(_inline(paragraph, 0))


def _inline(element: Any, depth: int) -> Iterator[str]:
    for node in element.iterchildren("*"):
        name = local_name(node)
        if name == "r" or (name == "fld" and node.get("type") != "slidenum"):
            yield _run_text(node)
        elif name == "br":
            yield "\n"
        elif name in _FORMULAS:
            yield math_text(node)
        elif name == "AlternateContent" and depth < _MAX_DEPTH:
            choice = child(node, "Choice")
            text = "" if choice is None else "".join(_inline(choice, depth + 1))
            fallback = child(node, "Fallback")
            yield text if text.strip() or fallback is None else "".join(_inline(fallback, depth + 1))
        elif name == "m" and depth < _MAX_DEPTH:  # a14:m, around formulas
            yield from _inline(node, depth + 1)


def _run_text(run: Any) -> str:
    node = child(run, "t")
    text = "" if node is None else node.text or ""
    properties = child(run, "rPr")
    if not text or properties is None:
        return text
    if not text.isascii() or child(properties, "latin") is not None:
        text = _decode_symbols(text, properties)
    baseline = properties.get("baseline", "0")
    if baseline.startswith("-"):
        return subscript(text)
    return superscript(text) if baseline.strip("0%") else text


def _decode_symbols(text: str, properties: Any) -> str:
    """Return the text with the symbols of the run's fonts; the font of `sym` is for private codes alone."""
    latin, own = child(properties, "latin"), child(properties, "sym")
    font = "" if latin is None else latin.get("typeface", "")
    if not is_symbol_font(font) and own is not None and _PRIVATE_CODE.search(text):
        return _PRIVATE_CODE.sub(lambda match: symbol_text(own.get("typeface", ""), match[0]), text)
    return symbol_text(font, text)

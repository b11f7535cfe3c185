"""The source of an HTML document: its character set, and repairs of what the parser would lose."""

import html
import re
from typing import Any

from lxml import etree

from ingest.steps.parse.charset import Decoded, decode_counted
from ingest.steps.parse.formats.literals import split_literals

_META_CHARSET = re.compile(rb"<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*[\"']?\s*([\w.:-]{2,30})", re.I)
_DECLARATION_BYTES = 4096
_TAG = re.compile(r"<[a-zA-Z/!?][^<>]*>")
_OPENERS = re.compile(r"(?P<script><script\b)|(?P<style><style\b)|(?P<comment><!--)", re.I)
_CLOSERS = {
    "script": re.compile(r"</script\s*>", re.I),
    "style": re.compile(r"</style\s*>", re.I),
    "comment": re.compile("-->"),
}
_CDATA_OPENER = re.compile(r"(?P<cdata><!\[CDATA\[)")
_CDATA_CLOSER = {"cdata": re.compile(r"\]\]>")}
_SPACE = re.compile("[ \\t\\n\\r\\f\\v\\xa0]+")
_RAW_ELEMENTS = re.compile(r"<(title|textarea|script|style)\b[^>]*>", re.I)
_MARKUP_AFTER_TITLE = re.compile(r"</?(?:head|body|meta|link|script|style|base|div|p|h[1-6]|table)\b|\n\s*<", re.I)
_RAW_ENDS = {name: re.compile(f"</{name}\\b", re.I) for name in ("title", "textarea", "script", "style")}
_NEVER_IN_TITLE = re.compile(r"</head\b|<(?:body|title|meta|link)\b", re.I)
_BODY_START = re.compile(r"</head\b|<body\b", re.I)
_MAX_REPAIRS = 10  # each copies the source
_MATHML_PREFIX = re.compile(r"<(/?)(?:m|mml|mathml):(?=m|semantics|annotation)")
_EMPTY_ELEMENT = re.compile(r"<([a-zA-Z][\w:-]*)((?:\s[^<>]*)?)/>")
_VOID_ELEMENTS = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "frame",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    ]
)


def decode_html(data: bytes, declared: str | None = None) -> str:
    """Decode HTML by its byte order mark, the character set that a header or its meta element declares, or detection."""
    return decode_html_counted(data, declared).text


def decode_html_counted(data: bytes, declared: str | None = None) -> Decoded:
    """Do as `decode_html`, and tell the character set and the loss."""
    if declared is None and (meta := _META_CHARSET.search(data[:_DECLARATION_BYTES])):
        declared = meta[1].decode("ascii")
        if declared.lower().startswith(("utf-16", "utf-32")):  # the pattern would not have matched in these encodings
            declared = "utf-8"
    return decode_counted(data, declared)


def parse_html(source: str) -> Any:
    """Return the root element of a document or fragment, or None if it is blank or beyond repair."""
    if not source or source.isspace():
        return None
    # lxml obeys the charset of a meta element even if it is given another one; with UTF-8 bytes both are the same.
    parser = etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True, recover=True)
    return etree.fromstring(_repair(source).encode("utf-8", "replace"), parser)


def strip_tags(source: str) -> str:
    """Return the text of a document without its structure."""
    outside = " ".join(split_literals(source, _OPENERS, _CLOSERS)[::2])
    return html.unescape(_SPACE.sub(" ", _TAG.sub(" ", outside))).strip()


def _repair(source: str) -> str:
    if "\0" in source:
        source = source.replace("\0", "")
    if "<![CDATA[" in source:  # a comment in HTML, and text in XHTML
        pieces = split_literals(source, _CDATA_OPENER, _CDATA_CLOSER)
        pieces[1::2] = [html.escape(piece[9:-3], quote=False) for piece in pieces[1::2]]
        source = "".join(pieces)
    if ":math" in source:
        source = _MATHML_PREFIX.sub(r"<\1", source)
    if "/>" in source and "xhtml" in source[:_DECLARATION_BYTES].lower():
        # The parser of HTML ignores the slash, and an empty title or script would swallow the page.
        source = _EMPTY_ELEMENT.sub(_close_element, source)
    return _close_raw_elements(_open_last_comment(source))


def _open_last_comment(source: str) -> str:
    """Remove the beginning of a comment that lacks its end: to the parser the rest of the page would be the comment."""
    start = source.rfind("<!--")
    if start < 0 or source.find("-->", start) >= 0:
        return source
    return source[:start] + source[start + 4 :]


def _close_element(match: re.Match[str]) -> str:
    return match[0] if match[1].lower() in _VOID_ELEMENTS else f"<{match[1]}{match[2]}></{match[1]}>"


def _close_raw_elements(source: str) -> str:
    """Close a title, text area, script or style that lacks its end tag: it would swallow the rest of the page."""
    position = repairs = 0
    while repairs < _MAX_REPAIRS and (opening := _RAW_ELEMENTS.search(source, position)) is not None:
        name = opening[1].lower()
        closing = _RAW_ENDS[name].search(source, opening.end())
        if closing is not None and not (
            name == "title" and _NEVER_IN_TITLE.search(source, opening.end(), closing.start())
        ):
            position = closing.end()
            continue
        follows = _BODY_START if name in ("script", "style") else _MARKUP_AFTER_TITLE
        markup = follows.search(source, opening.end())
        if markup is None:
            break
        position = markup.start()
        source = f"{source[:position]}</{name}>{source[position:]}"
        repairs += 1
    return source

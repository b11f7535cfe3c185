"""The source of an XML file: its character set, and repairs of what makes a parser stop or skip text."""

import re
from html import unescape
from html.entities import html5
from typing import Any

from lxml import etree

from ingest.errors import OversizedFile
from ingest.steps.parse.charset import Decoded, decode_counted
from ingest.steps.parse.formats.literals import split_literals

_ENCODING = re.compile(rb"""<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{2,40})""")
_DECLARATION = re.compile(r"\s*<\?xml\b[^>]{0,1000}\?>")
_OPENERS = re.compile(r"(?P<cdata><!\[CDATA\[)|(?P<comment><!--)|(?P<instruction><\?)")
_CLOSERS = {"cdata": re.compile(r"\]\]>"), "comment": re.compile("-->"), "instruction": re.compile(r"\?>")}
_AMPERSAND = re.compile(r"&(?!#\d{1,7};|#x[0-9a-fA-F]{1,6};|[A-Za-z_][\w.-]{0,60};)")
_LESS_THAN = re.compile(r"<(?![A-Za-z_:/!?])|<(?=[A-Za-z_/][^<>]{0,500}(?:<|$))")
_NAMED_ENTITY = re.compile(r"&([A-Za-z][A-Za-z0-9]{1,31});")
_INVALID_CHARACTERS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_XML_ENTITIES = frozenset(["amp", "lt", "gt", "quot", "apos"])
_TAG = re.compile(r"<[A-Za-z_/!?][^<>]*>")
_MIN_KEPT_SHARE = 0.97  # of the characters outside the tags: the parser may drop blanks and entities


def decode_xml(data: bytes) -> Decoded:
    """Decode a file by its byte order mark, its declaration or detection."""
    declared = _ENCODING.search(data[:400])
    return decode_counted(data, declared[1].decode("ascii") if declared else None)


def parse_xml(source: str) -> tuple[Any, bool]:
    """Return the root element, and whether the source is damaged.

    The root is None if the source has no elements, or if a parser would lose text of it. Raises InvalidFile if entities
    expand without end.
    """
    source = _DECLARATION.sub("", source.lstrip("\ufeff\0 \t\r\n"), count=1)
    try:
        return _parse(source, recover=False), False
    except etree.XMLSyntaxError as exc:
        _check_error(exc)
    repaired = _repair(source)
    try:
        return _parse(repaired, recover=False), False
    except etree.XMLSyntaxError as exc:
        _check_error(exc)
    try:
        root = _parse(repaired, recover=True)
    except etree.XMLSyntaxError:
        return None, True
    return (root, True) if root is not None and _keeps_text(root, repaired) else (None, True)


def recover_xml(source: str) -> Any:
    """Return the root element of damaged XML as far as it can be read. Raises XMLSyntaxError if nothing can."""
    return _parse(_repair(_DECLARATION.sub("", source.lstrip("\ufeff\0 \t\r\n"), count=1)), recover=True)


def strip_markup(source: str) -> str:
    """Return the text of a source between its tags, one line for each run, and its CDATA sections."""
    pieces = split_literals(source, _OPENERS, _CLOSERS)
    for index, piece in enumerate(pieces):
        if index % 2:
            pieces[index] = piece[9:-3] if piece.startswith("<![CDATA[") else "\n"
        else:
            pieces[index] = unescape(_TAG.sub("\n", piece))
    lines = (" ".join(line.split()) for line in "".join(pieces).split("\n"))
    return "\n".join(filter(None, lines))


def _parse(source: str, *, recover: bool) -> Any:
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True, recover=recover
    )
    return etree.fromstring(source.encode("utf-8", "replace"), parser)


def _check_error(exc: etree.XMLSyntaxError) -> None:
    if exc.code == etree.ErrorTypes.ERR_NO_MEMORY:
        raise exc
    if exc.code == etree.ErrorTypes.ERR_ENTITY_LOOP or "amplification" in str(exc):
        # Recovery would end before the first such entity, and the loss would go unnoticed.
        raise OversizedFile("The file could not be parsed as XML: its entities expand without end.") from exc


def _repair(source: str) -> str:
    """Escape signs that are no markup, outside CDATA sections and comments, and write out the entities of HTML."""
    pieces = split_literals(_INVALID_CHARACTERS.sub("", source), _OPENERS, _CLOSERS)
    has_entities = "<!ENTITY" in source
    for index in range(0, len(pieces), 2):  # the pieces between are literal
        text = _AMPERSAND.sub("&amp;", pieces[index])
        if not has_entities:
            text = _NAMED_ENTITY.sub(_write_out, text)
        pieces[index] = _LESS_THAN.sub("&lt;", text)
    return "".join(pieces)


def _write_out(match: re.Match[str]) -> str:
    name = match[1]
    if name in _XML_ENTITIES:
        return match[0]
    return html5.get(f"{name};", f"&amp;{name};")


def _keeps_text(root: Any, source: str) -> bool:
    """Return whether a recovered tree has the text of its source."""
    in_source = len("".join(strip_markup(source).split()))
    in_tree = sum(len("".join(text.split())) for text in root.itertext(etree.Element, etree.Entity))
    return in_tree >= in_source * _MIN_KEPT_SHARE

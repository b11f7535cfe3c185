"""`XmlWriter`: one line for each element, except that elements inside running text stay in its line."""

import re
from typing import Any

from lxml import etree

from ingest.steps.parse.formats import html
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.scripts import subscript, superscript
from ingest.steps.parse.formats.xml.embedded import embedded_file
from ingest.steps.parse.nested import add_nested

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
_SVG = "{http://www.w3.org/2000/svg}"
_IGNORED = frozenset([f"{_SVG}style", f"{_SVG}script", "{http://www.w3.org/1999/xhtml}script"])
_PARTS_WITH_TITLE = frozenset(  # of DocBook, DITA, JATS, FictionBook, RSS and Atom
    [
        "book",
        "part",
        "chapter",
        "article",
        "section",
        "sect1",
        "sect2",
        "sect3",
        "sect4",
        "sect5",
        "simplesect",
        "sec",
        "appendix",
        "preface",
        "topic",
        "concept",
        "task",
        "reference",
        "map",
        "glossary",
        "refsect1",
        "refsect2",
        "channel",
        "feed",
        "item",
        "entry",
    ]
)
_HTML_TAG = re.compile(
    r"</?(?:p|br|div|a|img|li|ul|ol|b|i|strong|em|span|table|tr|td|h[1-6]|blockquote|pre)\b[^<>]*>", re.I
)
_SOFT_HYPHEN = "\xad"
_LINE_ENDS = frozenset(["br", "lb", "line-break"])  # of HTML and TTML, TEI, OpenDocument
_SUPERSCRIPTS = frozenset(["sup", "superscript"])  # of JATS, DITA and FictionBook, and of DocBook
_SUBSCRIPTS = frozenset(["sub", "subscript"])


class XmlWriter:
    """Writes one document. The attributes of an element are a line before its own.

    Those of elements inside running text follow the text. Titles of the parts of a document are headings. In a damaged
    document, whose elements may end anywhere, words do not run over the edges of elements.
    """

    def __init__(self, builder: TextBuilder, *, is_damaged: bool = False) -> None:
        self._builder = builder
        self._edge = " " if is_damaged else ""
        self._inline: list[str] = []
        self._inline_attributes: list[str] = []
        self._mixed: list[bool] = []  # for each open element, whether it contains running text
        self._level = 0  # of the open parts with titles

    def write(self, root: Any) -> None:
        """Add the text below `root`."""
        _inline_entities(root)
        walker = etree.iterwalk(root, events=("start", "end", "comment", "pi"))
        for event, element in walker:
            if event == "start":
                if self._start(element):
                    walker.skip_subtree()
                continue
            if event == "end":
                self._end(element)
            if not (self._mixed and self._mixed[-1]):
                self._flush()
            if element is not root:
                self._inline.append(self._edge + (element.tail or ""))
        self._flush()

    def _start(self, element: Any) -> bool:
        """Open an element, and return whether to skip what is in it."""
        attributes = _attributes(element)
        if self._mixed and self._mixed[-1]:
            self._inline_attributes.extend(attributes)
        else:
            self._flush()
            for line in attributes:
                self._builder.add_line(line)
        self._mixed.append(_is_mixed(element))
        if element.tag in _IGNORED:
            return True
        if _local_name(element) in _PARTS_WITH_TITLE:
            self._level += 1
        text = element.text or ""
        if not len(element) and len(text) > 10 and self._write_special(element, text):
            return True
        self._inline.append(self._edge + _shown(element, text, is_inline=self._mixed[-2:-1] == [True]))
        return False

    def _write_special(self, element: Any, text: str) -> bool:
        """Write the content of an element that is escaped HTML or a file in base64, and return whether it is one."""
        if "<" in text and _HTML_TAG.search(text):
            self._flush()
            html.write_html(self._builder, text)
            return True
        if (file := embedded_file(element, text)) is None:
            return False
        self._flush()
        name, data = file
        if data:
            add_nested(self._builder, data, name)
        else:
            self._builder.report.count("embedded_object", "not_read")
            self._builder.report.warn("embedded_data_not_read", "Encoded data in the file was not read.", name)
        return True

    def _end(self, element: Any) -> None:
        self._mixed.pop()
        name = _local_name(element)
        if name in _PARTS_WITH_TITLE:
            self._level -= 1
        elif name == "title" and not (self._mixed and self._mixed[-1]) and _is_part(element.getparent()):
            self._write_heading()

    def _write_heading(self) -> None:
        text = " ".join("".join(self._inline).split())
        self._inline.clear()
        if text:
            self._builder.add_heading(text, max(1, self._level))

    def _flush(self) -> None:
        line = " ".join("".join(self._inline).split())
        self._inline.clear()
        if line:
            self._builder.add_line(line.replace(_SOFT_HYPHEN, ""))
        for attribute in self._inline_attributes:
            self._builder.add_line(attribute)
        self._inline_attributes.clear()


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


def _local_name(element: Any) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _is_part(element: Any) -> bool:
    return element is not None and _local_name(element) in _PARTS_WITH_TITLE


def _shown(element: Any, text: str, *, is_inline: bool) -> str:
    """Return the text at the start of an element: a line end is a blank, and raised digits are superscripts."""
    if not is_inline or len(element):
        return text
    name = _local_name(element)
    if name in _LINE_ENDS:
        return f" {text}"
    if name in _SUPERSCRIPTS:
        return superscript(text)
    return subscript(text) if name in _SUBSCRIPTS else text


def _is_mixed(element: Any) -> bool:
    if not len(element):
        return False
    if element.text and not element.text.isspace():
        return True
    return any(child.tail and not child.tail.isspace() for child in element)


def _inline_entities(root: Any) -> None:
    """Insert unresolved entities into the surrounding text as they are written in the source."""
    place: tuple[Any, Any] = (None, None)  # the element in front of the entities and their parent
    texts: list[str] = []
    for entity in list(root.iter(etree.Entity)):
        here = entity.getprevious(), entity.getparent()
        if here != place:
            _append_text(*place, "".join(texts))
            place, texts = here, []
        texts.append(f"{entity.text}{entity.tail or ''}")
        here[1].remove(entity)
    _append_text(*place, "".join(texts))


def _append_text(before: Any, parent: Any, text: str) -> None:
    if before is not None:
        before.tail = (before.tail or "") + text
    elif parent is not None:
        parent.text = (parent.text or "") + text

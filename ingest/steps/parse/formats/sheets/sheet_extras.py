"""Read what a sheet holds beside its cells: comments, text boxes, charts, form controls, objects, print headers."""

import re
from collections.abc import Iterator
from itertools import islice

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.ooxml import xml
from ingest.steps.parse.formats.ooxml.package import OoxmlPackage, PartError
from ingest.steps.parse.formats.ooxml.xml import child, children
from ingest.steps.parse.formats.pptx.pictures import read_pictures
from ingest.steps.parse.formats.pptx.shapes import ShapeWalker
from ingest.steps.parse.formats.pptx.slide import add_object
from ingest.steps.parse.formats.sheets.binary_comments import read_binary_comments
from ingest.steps.parse.formats.sheets.strings import rich_text

MAX_COMMENTS = 100_000
_THREAD_NOTE = "[Threaded comment]"
"""Begins the copy of a thread that files hold for older versions of Excel."""

_PAGE_WORDS = (
    "pages? pag pgs? p seite s página págs? pagina pagg? blad bladzijde side sida sivu strana stránka strona str oldal "
    "страница стр сторінка страна σελίδα σελ sayfa lapa leht lk puslapis stran stranica trang halaman 第 页 頁 ページ 페이지 "
    "صفحة עמוד หน้า"
)
_PAGE_NUMBER = re.compile(
    rf"(?:(?<!\w)(?:{'|'.join(_PAGE_WORDS.split())})\.?\s*)?&P(?:[+-]\d+)?(?:\s*[^\s&]*\s*&N)?(?:\s*[页頁])?|&N", re.I
)
_HEADER_CODE = re.compile(r'&(?:"[^"]*"|K(?:[0-9A-Fa-f]{6}|\d\d[+-]\d{3})|\d+|[BIUEXYSGDTFAZOH])')
_HEADER_PART = re.compile("&[LCR]")


class SheetExtras:
    """Adds the parts that belong to the sheets of one workbook."""

    def __init__(self, builder: TextBuilder, package: OoxmlPackage, workbook: str) -> None:
        self._builder = builder
        self._package = package
        self._workbook = workbook
        self._known_persons: dict[str, str] | None = None

    def add(self, sheet: str, part: str, *, has_cells: bool) -> bool:
        """Add everything that belongs to a sheet beside its cells, and return whether that had text.

        `part` names the sheet in warnings. Pictures are read if the sheet has nothing else.
        """
        size = len(self._builder)
        relationships = [r for r in self._package.relationships(sheet).values() if not r.is_external]
        if not relationships:
            return False
        for relationship in relationships:
            if relationship.kind == "drawing":
                self._add_drawing(relationship.target, part, has_cells=has_cells)
        for text in self._comments(sheet):
            self._builder.report.count("comment", "read")
            self._builder.add_block(text)
        for relationship in relationships:
            if relationship.kind == "vmlDrawing":
                self._add_controls(relationship.target)
            elif relationship.kind in ("oleObject", "package"):
                add_object(self._builder, self._package, relationship.target)
        return len(self._builder) > size

    def _add_drawing(self, drawing: str, part: str, *, has_cells: bool) -> None:
        try:
            root = self._package.root(drawing)
        except PartError:
            self._builder.report.warn("part_not_read", "The drawings on a sheet are missing or damaged.", part)
            return
        walker = ShapeWalker(self._builder, self._package, drawing)
        for shape in walker.shapes(root):
            walker.add(shape)
        pictures = walker.counts.pictures
        if pictures and (has_cells or walker.counts.texts):
            self._builder.report.count("image", "not_read", len(pictures))
        elif pictures:
            read_pictures(self._builder, self._package, self._package.relationships(drawing), pictures, part, "sheet")

    def _comments(self, sheet: str) -> Iterator[str]:
        """Yield comments and threads of comments with their cells and authors."""
        threaded: set[str] = set()
        for part in self._package.related(sheet, "threadedComment"):
            root = self._package.optional_root(part)
            for number, node in enumerate(() if root is None else children(root, "threadedComment")):
                text = child(node, "text")
                if number < MAX_COMMENTS and text is not None and (text.text or "").strip():
                    threaded.add(node.get("ref", ""))
                    author = self._persons.get(node.get("personId", ""), "")
                    yield comment_text(node.get("ref", ""), author, text.text)
        for part in self._package.related(sheet, "comments"):
            found = self._binary_comments(part) if part.endswith(".bin") else self._old_comments(part)
            for reference, author, text in islice(found, MAX_COMMENTS):
                if text.strip() and not (reference in threaded and text.startswith(_THREAD_NOTE)):
                    yield comment_text(reference, "" if author.startswith("tc=") else author, text)

    def _binary_comments(self, part: str) -> Iterator[tuple[str, str, str]]:
        try:
            return read_binary_comments(self._package.read(part))
        except PartError:
            return iter(())

    def _old_comments(self, part: str) -> Iterator[tuple[str, str, str]]:
        """Yield the cell, author and text of each comment that is not in a thread."""
        root = self._package.optional_root(part)
        authors, comments = (None, None) if root is None else (child(root, "authors"), child(root, "commentList"))
        names = [] if authors is None else [(node.text or "").strip() for node in children(authors, "author")]
        for node in () if comments is None else children(comments, "comment"):
            body = child(node, "text")
            number = xml.to_int(node.get("authorId", ""), -1)
            author = names[number] if 0 <= number < len(names) else ""
            yield node.get("ref", ""), author, "" if body is None else rich_text(body)

    @property
    def _persons(self) -> dict[str, str]:
        if self._known_persons is None:
            self._known_persons = {}
            for part in self._package.related(self._workbook, "person"):
                root = self._package.optional_root(part)
                for node in () if root is None else children(root, "person"):
                    self._known_persons[node.get("id", "")] = node.get("displayName", "")
        return self._known_persons

    def _add_controls(self, part: str) -> None:
        """Add the labels of buttons and other controls. The part also holds the frames of comments, read already."""
        try:
            root, _ = xml.parse(self._package.read(part))
        except PartError:
            return
        for shape in () if root is None else root.iter("{*}shape"):
            data = child(shape, "ClientData")
            box = child(shape, "textbox")
            if box is not None and (data is None or data.get("ObjectType") != "Note"):
                self._builder.add_block(" ".join("".join(box.itertext()).split()))


def comment_text(reference: str, author: str, text: str) -> str:
    """Return a comment as all readers of spreadsheets write it. Excel begins comments with the author's name."""
    text = "\n".join(line.strip() for line in text.strip().splitlines())
    if author and text.startswith(f"{author}:"):
        text = text[len(author) + 1 :].strip()
    return f"Comment on {reference} ({author}): {text}" if author else f"Comment on {reference}: {text}"


def print_header_text(code: str) -> str:
    """Return the words of a header or footer of printed pages, without page numbers, dates and fonts."""
    text = code.replace("\0", "").replace("&&", "\0")  # "R&&D" has an ampersand and no code
    text = _PAGE_NUMBER.sub("", _HEADER_CODE.sub("", _HEADER_PART.sub("\n", text))).replace("\0", "&")
    lines = (" ".join(line.split()).strip("-\u2013\u2014|/, ") for line in text.splitlines())
    return "\n".join(line for line in lines if any(character.isalnum() for character in line))

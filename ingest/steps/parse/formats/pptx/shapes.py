"""Walk the shapes of a slide or of a drawing in a sheet, and add their texts to a builder."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.ooxml.charts import add_chart
from ingest.steps.parse.formats.ooxml.diagrams import diagram_text
from ingest.steps.parse.formats.ooxml.drawingml import paragraph_text
from ingest.steps.parse.formats.ooxml.package import OoxmlPackage, PartError, Relationship
from ingest.steps.parse.formats.ooxml.xml import attribute, child, children, local_name
from ingest.steps.parse.formats.pptx.bullets import Numbers, find_bullet, paragraph_level

MAX_DEPTH = 40
"""Groups in groups."""

_CONTAINERS = frozenset(
    ["spTree", "grpSp", "lockedCanvas", "wsDr", "twoCellAnchor", "oneCellAnchor", "absoluteAnchor", "relSizeAnchor"]
)
_FILE_NAME = re.compile(r"[^\n]{1,200}\.(?:png|jpe?g|gif|bmp|tiff?|emf|wmf|svg|webp|pdf)", re.I)
_GENERATED = re.compile(r"\s*(?:Description automatically generated.*|Automatisch generierte Beschreibung)\s*$", re.S)
_MAX_CELLS = 1000


@dataclass
class ShapeCounts:
    """What was met in a walk: shapes with text that are no pictures, sound and video, and the ids of the relationships
    to pictures and embedded objects.
    """

    texts: int = 0
    media: int = 0
    pictures: list[str] = field(default_factory=list)
    objects: list[str] = field(default_factory=list)


class ShapeWalker:
    """Adds the shapes of one part. `styles` returns the list styles that a shape inherits."""

    def __init__(
        self,
        builder: TextBuilder,
        package: OoxmlPackage,
        part: str,
        styles: Callable[[Any], Iterable[Any]] = lambda shape: (),
    ) -> None:
        self.counts = ShapeCounts()
        self._builder = builder
        self._package = package
        self._part = part
        self._styles = styles
        self._known_relationships: dict[str, Relationship] | None = None

    @property
    def _relationships(self) -> dict[str, Relationship]:
        if self._known_relationships is None:
            self._known_relationships = self._package.relationships(self._part)
        return self._known_relationships

    def shapes(self, tree: Any) -> Iterator[Any]:
        """Yield the shapes below an element, those in groups too, in the order in which they are drawn."""
        waiting: list[tuple[Any, int]] = [(tree, 0)]
        while waiting:
            node, depth = waiting.pop()
            name = local_name(node)
            if name == "AlternateContent":
                waiting += [(one, depth + 1) for one in _alternative(node)][::-1] if depth < MAX_DEPTH else []
            elif name in _CONTAINERS:
                if name == "grpSp" and (text := _description(node)):
                    self._builder.add_block(text)
                if depth < MAX_DEPTH:
                    waiting += [(inner, depth + 1) for inner in reversed(list(node.iterchildren("*")))]
            elif name in ("sp", "pic", "graphicFrame", "cxnSp", "contentPart"):
                yield node

    def add(self, shape: Any) -> None:
        """Add the text of one shape."""
        size = len(self._builder)
        name = local_name(shape)
        if name == "pic":
            self._count_picture(shape)
        elif name == "graphicFrame":
            self._add_frame(shape)
        else:
            body = child(shape, "txBody")
            if body is not None:
                self.add_body(body, list(self._styles(shape)))
        if len(self._builder) > size and name != "pic":
            self.counts.texts += 1
        text = _description(shape)
        if text and (name in ("pic", "graphicFrame") or len(self._builder) == size):
            self._builder.add_block(text)

    def add_body(self, body: Any, styles: list[Any]) -> None:
        """Add the paragraphs of a text body, those with bullets or numbers as a list."""
        own_styles = list(children(body, "lstStyle")) + styles
        numbers = Numbers()
        self._builder.end_list()
        for paragraph in children(body, "p"):
            text = paragraph_text(paragraph).strip()
            if not text:
                continue
            properties = child(paragraph, "pPr")
            level = paragraph_level(properties)
            mark = numbers.mark(find_bullet(properties, level, own_styles), level)
            if mark:
                self._builder.add_line(f"{'  ' * level}{mark} {' '.join(text.split())}")
            else:
                self._builder.add_block(text)
        self._builder.end_list()

    def _count_picture(self, shape: Any) -> None:
        properties = child(shape, "nvPicPr", "nvPr")
        media = () if properties is None else properties.iterchildren("{*}videoFile", "{*}audioFile", "{*}wavAudioFile")
        if any(True for _ in media):
            self.counts.media += 1
        else:
            blip = child(shape, "blipFill", "blip")
            self.counts.pictures.append("" if blip is None else attribute(blip, "embed"))

    def _add_frame(self, frame: Any) -> None:
        data = child(frame, "graphic", "graphicData")
        for node in () if data is None else _contents(data):
            name = local_name(node)
            if name == "tbl":
                self._add_table(node)
            elif name == "chart":
                self._add_chart(attribute(node, "id"))
            elif name == "relIds":
                self._add_diagram(attribute(node, "dm"))
            elif name == "oleObj":
                self._count_object(node)

    def _add_table(self, table: Any) -> None:
        """Add a table. Cells that a wider or higher one covers stay empty, so that columns keep their places."""
        self._builder.end_list()
        for row in children(table, "tr"):
            cells = (_cell_text(cell) for number, cell in enumerate(children(row, "tc")) if number < _MAX_CELLS)
            self._builder.add_row(cells)
        self._builder.end_list()

    def _add_chart(self, identifier: str) -> None:
        data = self._related(identifier)
        if data is None or not add_chart(self._builder, data):
            self._builder.report.count("chart", "failed" if data is None else "empty")
            return
        self._builder.report.count("chart", "read")

    def _add_diagram(self, identifier: str) -> None:
        data = self._related(identifier)
        text = "" if data is None else diagram_text(data)
        self._builder.report.count("diagram", "failed" if data is None else "read" if text else "empty")
        self._builder.end_list()
        for line in text.split("\n"):
            self._builder.add_line(line)
        self._builder.end_list()

    def _count_object(self, node: Any) -> None:
        identifier = attribute(node, "id")
        if identifier:
            self.counts.objects.append(identifier)

    def _related(self, identifier: str) -> bytes | None:
        """Return the bytes of the part that a relationship of this part refers to, or None with a warning."""
        relationship = self._relationships.get(identifier)
        try:
            if relationship is not None and not relationship.is_external:
                return self._package.read(relationship.target)
        except PartError:
            pass
        self._builder.report.warn("part_not_read", "A chart or diagram is missing or damaged.", self._part)
        return None


def _alternative(node: Any) -> list[Any]:
    """Return the elements of the first alternative that has some: a choice, or else the fallback."""
    for one in node.iterchildren("{*}Choice", "{*}Fallback"):
        elements = list(one.iterchildren("*"))
        if elements:
            return elements
    return []


def _contents(data: Any) -> Iterator[Any]:
    for node in data.iterchildren("*"):
        yield from _alternative(node) if local_name(node) == "AlternateContent" else (node,)


def _cell_text(cell: Any) -> str:
    if cell.get("hMerge") in ("1", "true") or cell.get("vMerge") in ("1", "true"):
        return ""
    body = child(cell, "txBody")
    return "" if body is None else " ".join(filter(None, (paragraph_text(p).strip() for p in children(body, "p"))))


def _description(shape: Any) -> str:
    """Return the alternative text of a shape, "" if it is decorative or only the name of a file."""
    for properties in shape.iterchildren():
        if not local_name(properties).startswith("nv"):
            continue
        node = child(properties, "cNvPr")
        if node is None or node.get("descr") is None:
            return ""
        if any(attribute(mark, "val") in ("1", "true") for mark in node.iter("{*}decorative")):
            return ""
        text = _GENERATED.sub("", node.get("descr", "")).strip()
        return "" if _FILE_NAME.fullmatch(text) else text
    return ""

"""What a Word part refers to: charts, diagrams, embedded objects and imported parts (altChunk)."""

import posixpath

from ingest.errors import FileError
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.ooxml.charts import add_chart
from ingest.steps.parse.formats.ooxml.diagrams import diagram_text
from ingest.steps.parse.formats.ooxml.embedded import add_control, add_object
from ingest.steps.parse.formats.ooxml.package import OoxmlPackage, PartError, Relationship

_CHARTS = ("chart", "chartEx")
_OBJECTS = ("package", "oleObject")
_READ_KINDS = frozenset([*_CHARTS, *_OBJECTS, "diagramData", "altChunk", "control"])
_HTML_SUFFIXES = (".html", ".htm", ".xhtml")


class PartReferences:
    """Reads the parts that one part refers to, each once."""

    def __init__(self, package: OoxmlPackage, part: str) -> None:
        self._package = package
        self._part = part
        self._relationships: dict[str, Relationship] | None = None
        self._read: set[str] = set()

    @property
    def relationships(self) -> dict[str, Relationship]:
        """The relationships of the part by their ids."""
        if self._relationships is None:
            self._relationships = self._package.relationships(self._part)
        return self._relationships

    def add(self, builder: TextBuilder, kind: str, identifier: str) -> None:
        """Add a chart, a diagram, an object or an imported part as blocks."""
        relationship = self.relationships.get(identifier)
        if relationship is None or relationship.is_external:
            return
        self._add(builder, "altChunk" if kind == "altChunk" else relationship.kind, relationship.target)

    def text(self, kind: str, identifier: str) -> str:
        """Return the same in one line, for a table cell."""
        builder = TextBuilder()
        self.add(builder, kind, identifier)
        return "; ".join(filter(None, builder.build().split("\n")))

    def add_rest(self, builder: TextBuilder) -> None:
        """Add the charts, diagrams and objects that no place in the text refers to."""
        for relationship in self.relationships.values():
            if relationship.kind in (*_CHARTS, "diagramData", *_OBJECTS) and not relationship.is_external:
                self._add(builder, relationship.kind, relationship.target)

    def _add(self, builder: TextBuilder, kind: str, target: str) -> None:
        name = self._package.find(target)
        if (name or target) in self._read or kind not in _READ_KINDS:
            return
        self._read.add(name or target)
        if name is None:
            self._warn(builder, kind, target, "is missing")
            return
        try:
            data = self._package.read(name)
        except PartError as exc:
            self._warn(builder, kind, target, str(exc))
            return
        if kind == "altChunk":
            self._import(builder, name, data)
        elif kind in _CHARTS:
            add_chart(builder, data)
        elif kind == "diagramData":
            builder.add_block(diagram_text(data))
        elif kind == "control":
            add_control(builder, data, self._package.file_name(name))
        elif kind in _OBJECTS:
            add_object(builder, data, self._package.file_name(name))

    def _import(self, builder: TextBuilder, name: str, data: bytes) -> None:
        """Add an imported part, of any format, as a part of the text."""
        content_type = self._package.content_type(name)
        if content_type.endswith("html") or name.endswith(_HTML_SUFFIXES):
            from ingest.steps.parse.formats.html import write_html

            write_html(builder, data)
            return
        from ingest.steps.parse.nested import read_nested

        filename = self._package.file_name(name)
        try:
            builder.add_parsed(read_nested(data, filename), f"imported part {filename}")
        except MemoryError:
            raise
        except Exception as exc:  # noqa: BLE001 - a parser may raise anything, and the document must not fail
            reason = str(exc) if isinstance(exc, FileError) else f"It is damaged ({type(exc).__name__})."
            builder.report.warn("part_not_read", f"An imported part was not read. {reason}", filename)

    def _warn(self, builder: TextBuilder, kind: str, target: str, reason: str) -> None:
        name = posixpath.basename(target)
        builder.report.warn("part_not_read", f"A part of the document {reason}, so its text is not here.", name)
        if kind in _OBJECTS:
            builder.report.count("embedded_object", "failed")

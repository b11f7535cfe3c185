"""Objects embedded in OpenDocument files: charts, texts, tables and files of other programs."""

from functools import partial
from typing import TYPE_CHECKING, Any

from ingest.steps.parse.formats.html.mathml import math_to_text
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.odf.names import attribute, name
from ingest.steps.parse.formats.odf.package import Package
from ingest.steps.parse.formats.odf.sinks import Sink
from ingest.steps.parse.formats.pictures import Picture

if TYPE_CHECKING:
    from ingest.steps.parse.formats.odf.blocks import BlockReader

_MAX_OBJECTS = 200
_TITLES = frozenset(["chart:title", "chart:subtitle", "chart:footer"])


class ObjectReader:
    """Reads the objects of one document, each once and not those in objects."""

    def __init__(self, package: Package, builder: TextBuilder) -> None:
        self.files: list[tuple[str, bytes]] = []  # names and contents of files of other programs
        self.images = 0
        self.pictures: list[Picture] = []
        self._package = package
        self._builder = builder
        self._count = 0
        self._is_inside = False

    def read(self, node: Any, blocks: "BlockReader") -> None:
        """Add the text of an object where it is, or keep its file for the end of the document."""
        self._count += 1
        if self._is_inside or self._count > _MAX_OBJECTS:
            return
        if name(node) == "draw:object-ole":
            self._read_file(node)
            return
        root = self._package.object_root(node)
        if root is None:
            self._report_unread()
            return
        self._is_inside = True
        try:
            _read_document(root, blocks)
        finally:
            self._is_inside = False
        self._builder.report.count("embedded_object", "read")

    def add_image(self, node: Any) -> None:
        """Count a picture, and keep the first ones for the case that the document has no text."""
        self.images += 1
        if len(self.pictures) < _MAX_OBJECTS:
            target = attribute(node, "xlink:href").rpartition("/")[2] or f"picture {self.images}"
            self.pictures.append((target, partial(self._package.object_data, node)))

    def _read_file(self, node: Any) -> None:
        data = self._package.object_data(node)
        if data is None:
            self._report_unread()
        else:
            target = attribute(node, "xlink:href").rpartition("/")[2]
            self.files.append((target or f"Object {self._count}", data))

    def _report_unread(self) -> None:
        self._builder.report.count("embedded_object", "not_read")
        self._builder.report.warn("embedded_object_not_read", "An embedded object is missing or damaged.")


def _read_document(root: Any, blocks: "BlockReader") -> None:
    if name(root) == "math:math":
        blocks.sink.add_block(math_to_text(root))
        return
    charts = [node for node in root.iter("{*}chart") if name(node) == "chart:chart"]
    if not charts:
        for body in root.iter("{*}body"):
            blocks.read(body)
        return
    for chart in charts:
        _read_chart(chart, blocks, blocks.sink)


def _read_chart(chart: Any, blocks: "BlockReader", sink: Sink) -> None:
    """Add a chart: its titles, those of its axes, and its values as a table."""
    titles = [node for node in chart.iter("{*}title", "{*}subtitle", "{*}footer") if name(node) in _TITLES]
    for title in titles:
        sink.add_block(" ".join("".join(map(str, title.itertext())).split()))
    for table in chart.iter("{*}table"):
        if name(table) == "table:table":
            blocks.read_table(table)

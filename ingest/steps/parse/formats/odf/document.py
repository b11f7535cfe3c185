"""What all types of OpenDocument files share: styles, forms, notes, comments, objects, and the report."""

from typing import Any

from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.odf.blocks import BlockReader
from ingest.steps.parse.formats.odf.forms import Forms
from ingest.steps.parse.formats.odf.inline import InlineReader
from ingest.steps.parse.formats.odf.names import name
from ingest.steps.parse.formats.odf.objects import ObjectReader
from ingest.steps.parse.formats.odf.package import Package
from ingest.steps.parse.formats.odf.sinks import CellSink
from ingest.steps.parse.formats.odf.styles import Styles
from ingest.steps.parse.formats.ooxml.embedded import add_object
from ingest.steps.parse.formats.pictures import report_pictures


class Document:
    """One file that is being read. `root` is the root of its content, or None if that is read as a stream."""

    def __init__(self, package: Package, builder: TextBuilder, root: Any) -> None:
        self.builder = builder
        self.styles_root = package.styles()
        styles, forms = Styles(), Forms()
        for part in (self.styles_root, root):
            if part is not None:
                styles.add(part)
        if root is not None:
            forms.add(root)
        self.styles = styles
        self.objects = ObjectReader(package, builder)
        self.blocks = BlockReader(builder, InlineReader(package, styles, forms), styles, self.objects)

    def add_notes(self) -> None:
        """Add the notes of what was read since the last call."""
        inline = self.blocks.inline
        while inline.notes:
            notes, inline.notes = inline.notes, []
            for note in notes:
                self.builder.end_list()
                self.blocks.read(note)

    def add_comments(self) -> None:
        """Add the comments of what was read since the last call."""
        inline = self.blocks.inline
        comments, inline.comments = inline.comments, []
        for place, comment in comments:
            author, text = self._comment(comment)
            if text:
                label = f"Comment on {place}" if place else "Comment"
                self.builder.add_block(f"{label} ({author}): {text}" if author else f"{label}: {text}")
                self.builder.report.count("comment", "read")

    def finish(self) -> None:
        """Add the embedded files, and report what was not read."""
        for filename, data in self.objects.files:
            add_object(self.builder, data, filename)
        report = self.builder.report
        report_pictures(self.builder, self.objects.images, self.objects.pictures)
        if self.blocks.cut_repeats:
            report.warn("repeats_cut", "A row or cell is repeated so often that not all copies were read.")

    def _comment(self, comment: Any) -> tuple[str, str]:
        author = ""
        sink = CellSink()
        outer, self.blocks.sink = self.blocks.sink, sink
        for node in comment:
            if name(node) == "dc:creator":
                author = " ".join("".join(node.itertext()).split())
            elif name(node) in ("text:p", "text:list"):
                self.blocks.read_block(node)
        self.blocks.sink = outer
        return author, sink.text

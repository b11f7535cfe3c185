"""The parts of an RTF document, and how they become one text."""

import re

from ingest.steps.parse.formats.html import write_html
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.ooxml.embedded import add_object
from ingest.steps.parse.formats.pictures import Picture
from ingest.steps.parse.formats.rtf.charsets import Charsets
from ingest.steps.parse.formats.rtf.embedded import EmbeddedFile
from ingest.steps.parse.formats.rtf.html_sink import HtmlSink
from ingest.steps.parse.formats.story import (
    Capture,
    Paragraph,
    Sink,
    Story,
    add_comment,
    add_distinct_stories,
    add_story,
)

_HEADING_NAME = re.compile(r"(?:heading|überschrift|titre|título|titolo|kop|rubrik|заголовок)\s*(\d)\b", re.I)
_MAX_HEADING_LEVEL = 9


class Document:
    """Collects what the reader finds outside the order of the text."""

    def __init__(self) -> None:
        self.charsets = Charsets()
        self.headings: dict[int, int] = {}  # style -> level
        self.body: Sink = Story()
        self.headers: list[Story] = []
        self.footers: list[Story] = []
        self.notes: list[Story] = []
        self.comments: list[tuple[Capture, Story]] = []
        self.author = Capture()
        self.files: list[EmbeddedFile] = []
        self.unread_objects = 0
        self.images = 0
        self.pictures: list[Picture] = []
        self.replaced_bytes = 0
        self.is_cut = False

    def define_style(self, number: int, name: str, outline_level: int | None) -> None:
        """Keep the heading level of a style, if it has one."""
        match = _HEADING_NAME.match(name.strip())
        if outline_level is not None and outline_level < _MAX_HEADING_LEVEL:
            self.headings[number] = outline_level + 1
        elif match and match[1] != "0":
            self.headings[number] = int(match[1])
        elif name.strip().lower() == "title":
            self.headings[number] = 1

    def write(self, builder: TextBuilder) -> None:
        """Add the document: headers, body, notes, comments, footers, embedded files."""
        add_distinct_stories(builder, self.headers)
        if isinstance(self.body, HtmlSink):
            write_html(builder, self.body.html)
        elif isinstance(self.body, Story):
            self.body.end(Paragraph())
            add_story(builder, self.body)
        for note in self.notes:
            add_story(builder, note)
        for author, comment in self.comments:
            add_comment(builder, author.text, comment)
        add_distinct_stories(builder, self.footers)
        self._add_files(builder)
        self._report(builder)

    def _add_files(self, builder: TextBuilder) -> None:
        for file in self.files:
            add_object(builder, file.data, file.name)

    def _report(self, builder: TextBuilder) -> None:
        report = builder.report
        report.count_replaced_characters(self.replaced_bytes)
        if self.unread_objects:
            report.count("embedded_object", "not_read", self.unread_objects)
            message = f"{self.unread_objects} embedded objects were not read."
            report.warn("embedded_object_not_read", message)
        if self.is_cut:
            report.warn("file_cut", "The file ends inside a picture or an object; text after that is missing.")

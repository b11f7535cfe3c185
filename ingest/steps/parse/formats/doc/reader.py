"""Put the stories of a Word document in order, and add its embedded objects."""

import struct
from itertools import pairwise
from typing import Any

from ingest.steps.parse.formats.doc.blips import find_pictures
from ingest.steps.parse.formats.doc.document import Document
from ingest.steps.parse.formats.doc.objects import add_objects
from ingest.steps.parse.formats.doc.text import StoryReader
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.pictures import report_pictures
from ingest.steps.parse.formats.story import Story, add_comment, add_distinct_stories, add_story

_SEPARATORS = 6  # stories between the text and notes, before the headers
_HEADER_KINDS = (0, 1, 4)  # of each section: even and odd header, even and odd footer, first header, first footer
_AUTHOR_BYTES, _AUTHOR_AT = 30, 20


def write_document(builder: TextBuilder, ole: Any, folder: list[str]) -> None:
    """Add the document in a folder of a compound file to a builder."""

    def stream(name: str) -> bytes:
        path = [*folder, name]
        return bytes(ole.openstream(path).read()) if ole.exists(path) else b""

    document = Document(stream)
    reader = StoryReader(document)
    ranges = document.stories()
    headers, footers = _headers_and_footers(document, reader, ranges.get("headers", (0, 0)))
    add_distinct_stories(builder, headers)
    for name in ("main", "boxes", "footnotes", "endnotes"):
        add_story(builder, reader.read(*ranges.get(name, (0, 0))))
    for author, comment in _comments(document, reader, ranges.get("comments", (0, 0))):
        add_comment(builder, author, comment)
    for name in ("header_boxes", "rest"):
        add_story(builder, reader.read(*ranges.get(name, (0, 0))))
    add_distinct_stories(builder, footers)
    if not folder:
        add_objects(builder, ole, write_document)
    pictures = [] if len(builder) else find_pictures(document.data, document.main)
    report_pictures(builder, max(reader.images, len(pictures)), pictures)


def _headers_and_footers(
    document: Document, reader: StoryReader, whole: tuple[int, int]
) -> tuple[list[Story], list[Story]]:
    bounds = _positions(document.fib.table("header_texts", document.table), 0)
    start, end = whole
    if len(bounds) <= _SEPARATORS + 1:
        return [reader.read(start, end)], []
    headers: list[Story] = []
    footers: list[Story] = []
    for number in range(_SEPARATORS, len(bounds) - 1):
        story = reader.read(start + bounds[number], min(start + bounds[number + 1], end))
        is_header = (number - _SEPARATORS) % 6 in _HEADER_KINDS
        (headers if is_header else footers).append(story)
    return headers, footers


def _comments(document: Document, reader: StoryReader, whole: tuple[int, int]) -> list[tuple[str, Story]]:
    start, end = whole
    if start >= end:
        return []
    bounds = _positions(document.fib.table("comment_texts", document.table), 0)
    if len(bounds) < 2:
        return [("", reader.read(start, end))]
    authors = _authors(document)
    return [
        (authors[number] if number < len(authors) else "", reader.read(start + first, min(start + last, end)))
        for number, (first, last) in enumerate(pairwise(bounds))
    ]


def _authors(document: Document) -> list[str]:
    """Return the author of each comment ([MS-DOC] sections 2.8.7 and 2.9.4)."""
    owners = _strings(document.fib.table("comment_owners", document.table))
    references = document.fib.table("comment_refs", document.table)
    count = max(0, (len(references) - 4) // (4 + _AUTHOR_BYTES))
    numbers = [
        struct.unpack_from("<H", references, 4 * (count + 1) + _AUTHOR_BYTES * number + _AUTHOR_AT)[0]
        for number in range(count)
    ]
    return [owners[number] if number < len(owners) else "" for number in numbers]


def _strings(table: bytes) -> list[str]:
    strings, position = [], 0
    while position + 2 <= len(table):
        length = struct.unpack_from("<H", table, position)[0]
        strings.append(table[position + 2 : position + 2 + 2 * length].decode("utf-16-le", "replace"))
        position += 2 + 2 * length
    return strings


def _positions(plc: bytes, data_bytes: int) -> list[int]:
    """Return the character positions of a table, in rising order as far as they are sound."""
    count = max(0, (len(plc) - 4) // (4 + data_bytes)) + 1 if len(plc) >= 4 else 0
    positions = list(struct.unpack_from(f"<{count}I", plc)) if count else []
    return [position for number, position in enumerate(positions) if not number or position >= positions[number - 1]]

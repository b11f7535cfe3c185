"""Put the texts of a PowerPoint presentation in order: each slide, then its notes and comments."""

import struct
import zlib
from collections.abc import Iterator
from functools import partial

from ingest.errors import ProtectedFile
from ingest.steps.parse.containers import ENCRYPTED_MESSAGE
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.ooxml.embedded import add_object
from ingest.steps.parse.formats.pictures import Picture, report_pictures
from ingest.steps.parse.formats.ppt import records
from ingest.steps.parse.formats.ppt.deck import Deck, Entry
from ingest.steps.parse.formats.ppt.records import Record, descendants, record_at, text_of
from ingest.steps.parse.formats.ppt.shapes import TITLES, read_shapes

_NOTES_AT = 16  # in the atom of a slide: the identifier of its notes
_MAX_OBJECTS = 200
_MAX_OBJECT_BYTES = 128 * 2**20


def write_presentation(builder: TextBuilder, data: bytes, current_user: bytes, pictures: bytes = b"") -> None:
    """Add a presentation to a builder. Raises InvalidFile if it is encrypted."""
    try:
        deck = Deck(data, current_user)
    except (ValueError, struct.error):
        deck = None
    if deck is None or not any(deck.at(slide.persist) for slide in deck.slides):
        _write_all_texts(builder, data)
        return
    for number, slide in enumerate(deck.slides, 1):
        _write_slide(builder, deck, slide, number)
    _write_objects(builder, deck)
    blips = list(_blips(pictures))
    report_pictures(builder, len(blips), blips)


def _write_slide(builder: TextBuilder, deck: Deck, entry: Entry, number: int) -> None:
    record = deck.at(entry.persist)
    texts = list(read_shapes(deck.data, record, entry.texts)) if record is not None else []
    title = next((text.text for text in texts if text.kind in TITLES), "")
    with builder.section("slide", title):
        if record is None:
            builder.report.count("slide", "failed")
            builder.report.warn("slide_not_read", "A slide is damaged.", f"slide {number}")
            return
        builder.add_heading(title, 1)
        for text in texts:
            if text.kind in TITLES and text.text == title:
                title = ""
                continue
            for row in text.rows:
                builder.add_row(row)
            builder.end_list()
            builder.add_block(text.text)
        _write_notes(builder, deck, record)
        _write_comments(builder, deck.data, record)
        builder.report.count("slide", "read" if texts else "empty")


def _write_notes(builder: TextBuilder, deck: Deck, slide: Record) -> None:
    atom = next(descendants(deck.data, slide, records.SLIDE_ATOM), None)
    if atom is None or atom.end - atom.start < _NOTES_AT + 4:
        return
    identifier = struct.unpack_from("<I", deck.data, atom.start + _NOTES_AT)[0]
    for entry in deck.notes:
        if identifier and entry.identifier == identifier and (page := deck.at(entry.persist)) is not None:
            for text in read_shapes(deck.data, page, entry.texts):
                builder.add_block(text.text)


def _write_comments(builder: TextBuilder, data: bytes, slide: Record) -> None:
    for comment in descendants(data, slide, records.COMMENT):
        strings = {record.instance: text_of(data, record) for record in descendants(data, comment, records.STRING)}
        author, text = strings.get(0, ""), strings.get(1, "")
        if text:
            builder.add_block(f"Comment ({author}): {text}" if author else f"Comment: {text}")
            builder.report.count("comment", "read")


def _write_objects(builder: TextBuilder, deck: Deck) -> None:
    """Add the embedded objects, which are compound files, mostly compressed."""
    for list_ in descendants(deck.data, deck.document, records.OBJECT_LIST):
        for number, atom in enumerate(list(descendants(deck.data, list_, records.OBJECT_ATOM))[:_MAX_OBJECTS], 1):
            if atom.end - atom.start < 20:
                continue
            storage = deck.at(struct.unpack_from("<I", deck.data, atom.start + 16)[0])
            if storage is not None and storage.kind == records.OBJECT_STORAGE:
                add_object(builder, _unpack(deck.data, storage), f"Object {number}")


def _unpack(data: bytes, storage: Record) -> bytes:
    if not storage.instance:
        return data[storage.start : storage.end]
    try:
        return zlib.decompressobj().decompress(data[storage.start + 4 : storage.end], _MAX_OBJECT_BYTES)
    except zlib.error:
        return b""


def _write_all_texts(builder: TextBuilder, data: bytes) -> None:
    """Add all texts in the order in which they were saved, each once: the structure is missing or damaged."""
    seen: set[str] = set()  # each save appends a copy of the text that changed
    position = 0
    while (record := record_at(data, position)) is not None:
        if record.kind == records.CRYPT_SESSION:
            raise ProtectedFile(ENCRYPTED_MESSAGE)
        if record.is_container and record.kind != records.MAIN_MASTER:
            position += 8  # go into the container
            continue
        if record.kind in (records.TEXT_CHARS, records.TEXT_BYTES):
            text = text_of(data, record)
            if text not in seen:
                seen.add(text)
                builder.add_block(text)
        position = max(record.end, position + 8)


def _blips(stream: bytes) -> Iterator[Picture]:
    """Yield the photographs and scans in the stream "Pictures" ([MS-ODRAW] section 2.2.23)."""
    position = number = 0
    while (record := record_at(stream, position)) is not None:
        if record.kind in (records.JPEG, records.PNG):
            number += 1
            has_second_identifier = record.instance & 1
            start = record.start + (33 if has_second_identifier else 17)
            yield f"picture {number}", partial(_part, stream, start, record.end)
        position = max(record.end, position + 8)


def _part(stream: bytes, start: int, end: int) -> bytes:
    return stream[start:end]

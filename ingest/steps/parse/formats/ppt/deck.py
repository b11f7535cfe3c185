"""Where the slides of a presentation are: each save appends only what changed ([MS-PPT] section 2.1.2)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from ingest.errors import ProtectedFile
from ingest.steps.parse.containers import ENCRYPTED_MESSAGE
from ingest.steps.parse.formats.ppt import records
from ingest.steps.parse.formats.ppt.records import Record, children, descendants, record_at
from ingest.steps.parse.formats.ppt.scripts import formatted_text

_MAX_EDITS = 10_000
_SLIDES, _NOTES = 0, 2  # instances of the lists of slides
_ENCRYPTED_TOKEN = 0xF3D1C4DF


@dataclass
class Entry:
    """A slide or a page of notes. `texts` are those of its placeholders, with their types."""

    persist: int
    identifier: int
    texts: list[tuple[int, str]] = field(default_factory=list)


class Deck:
    """The structure of one presentation. Raises ValueError if it cannot be followed."""

    def __init__(self, data: bytes, current_user: bytes) -> None:
        self.data = data
        self._offsets: dict[int, int] = {}
        document = self._read_edits(current_user)
        root = self.at(document)
        if root is None or root.kind != records.DOCUMENT:
            raise ValueError("it has no document")
        self.document = root
        self.slides = list(self._entries(_SLIDES))
        self.notes = list(self._entries(_NOTES))

    def at(self, persist: int) -> Record | None:
        """Return the newest record of an object by its number, or None if it is missing."""
        offset = self._offsets.get(persist)
        return None if offset is None else record_at(self.data, offset)

    def _read_edits(self, current_user: bytes) -> int:
        """Read the directories of all saves, newest first, and return the number of the document."""
        if len(current_user) < 20:
            raise ValueError("it names no last save")
        token, position = struct.unpack_from("<II", current_user, 12)
        if token == _ENCRYPTED_TOKEN:
            raise ProtectedFile(ENCRYPTED_MESSAGE)
        document = -1
        seen: set[int] = set()
        while position and position not in seen and len(seen) < _MAX_EDITS:
            seen.add(position)
            edit = record_at(self.data, position)
            if edit is None or edit.kind != records.USER_EDIT or edit.end - edit.start < 20:
                break
            previous, directory, number = struct.unpack_from("<III", self.data, edit.start + 8)
            document = number if document < 0 else document
            self._read_directory(directory)
            position = previous
        return document

    def _read_directory(self, position: int) -> None:
        directory = record_at(self.data, position)
        if directory is None or directory.kind != records.PERSIST_DIRECTORY:
            return
        position = directory.start
        while position + 4 <= directory.end:
            entry = struct.unpack_from("<I", self.data, position)[0]
            first, count = entry & 0xFFFFF, entry >> 20
            position += 4
            count = min(count, (directory.end - position) // 4)
            for number, offset in enumerate(struct.unpack_from(f"<{count}I", self.data, position)):
                self._offsets.setdefault(first + number, offset)
            position += 4 * count

    def _entries(self, instance: int) -> Iterator[Entry]:
        for list_ in descendants(self.data, self.document, records.SLIDE_LIST):
            if list_.instance == instance:
                yield from self._entries_of(list_)

    def _entries_of(self, list_: Record) -> Iterator[Entry]:
        entry: Entry | None = None
        kind = 0
        text: Record | None = None  # the last one
        for record in children(self.data, list_):
            if record.kind == records.SLIDE_PERSIST and record.end - record.start >= 16:
                if entry is not None:
                    yield entry
                persist, _, _, identifier = struct.unpack_from("<IIII", self.data, record.start)
                entry = Entry(persist, identifier)
            elif record.kind == records.TEXT_HEADER:
                text = None
                kind = int.from_bytes(self.data[record.start : record.start + 4], "little")
                if entry is not None:
                    entry.texts.append((kind, ""))
            elif record.kind in (records.TEXT_CHARS, records.TEXT_BYTES) and entry is not None and entry.texts:
                text = record
                entry.texts[-1] = (kind, records.text_of(self.data, record))
            elif record.kind == records.TEXT_STYLE and text is not None and entry is not None and entry.texts:
                entry.texts[-1] = (kind, formatted_text(self.data, text, record))
        if entry is not None:
            yield entry

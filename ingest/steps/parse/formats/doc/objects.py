"""Objects embedded in a Word document, each in a folder of the storage "ObjectPool" ([MS-DOC] section 2.1.7)."""

import struct
from collections.abc import Callable
from typing import Any

from ingest.errors import FileError
from ingest.steps.parse.formats.doc.compound import MAX_BYTES, write_compound_file
from ingest.steps.parse.formats.layout import TextBuilder
from ingest.steps.parse.formats.ooxml.embedded import add_object
from ingest.steps.parse.formats.rtf.embedded import read_package

_MAX_OBJECTS = 200
_POOL = "objectpool"
_FILE_STREAMS = ("Package", "CONTENTS")  # streams that are a file as it is
_SUFFIXES = {"Workbook": "xls", "Book": "xls", "PowerPoint Document": "ppt"}

WriteDocument = Callable[[TextBuilder, Any, list[str]], None]
"""Adds the Word document in a folder of a compound file to a builder."""


def add_objects(builder: TextBuilder, ole: Any, write_document: WriteDocument) -> None:
    """Add the objects in the pool: files, and documents of other programs."""
    folders = {tuple(entry[:2]) for entry in ole.listdir() if len(entry) > 2 and entry[0].lower() == _POOL}
    for number, folder in enumerate(sorted(folders)[:_MAX_OBJECTS], 1):
        _Object(builder, ole, list(folder), number).add(write_document)


class _Object:
    def __init__(self, builder: TextBuilder, ole: Any, folder: list[str], number: int) -> None:
        self._builder = builder
        self._ole = ole
        self._folder = folder
        self._number = number

    def add(self, write_document: WriteDocument) -> None:
        if self._has("WordDocument") and self._add_document(write_document):
            return
        for name in _FILE_STREAMS:
            if content := self._data(name):
                add_object(self._builder, content, f"Object {self._number}")
                return
        for name, suffix in _SUFFIXES.items():
            if self._has(name) and (data := self._as_file()):
                add_object(self._builder, data, f"Object {self._number}.{suffix}")
                return
        if not self._add_package():
            self._builder.report.count("embedded_object", "not_read")
            message = "An embedded object was not read."
            self._builder.report.warn("embedded_object_not_read", message, f"object {self._number}")

    def _has(self, name: str) -> bool:
        return bool(self._ole.exists([*self._folder, name]))

    def _data(self, name: str) -> bytes:
        return bytes(self._ole.openstream([*self._folder, name]).read()) if self._has(name) else b""

    def _add_document(self, write_document: WriteDocument) -> bool:
        nested = TextBuilder()
        try:
            write_document(nested, self._ole, self._folder)
        except (FileError, struct.error):
            return False
        name = f"Object {self._number}"
        with self._builder.section("attachment", name):
            self._builder.add_parsed(nested.parsed("doc"), f"embedded object {name}")
        self._builder.report.count("embedded_object", "read")
        return True

    def _as_file(self) -> bytes:
        """Return the object as a file of its own, b"" if it is too large."""
        depth = len(self._folder)
        names = [entry[depth] for entry in self._ole.listdir() if entry[:depth] == self._folder]
        streams = {name: self._data(name) for name in names if self._ole.get_type([*self._folder, name]) == 2}
        return write_compound_file(streams) if sum(map(len, streams.values())) <= MAX_BYTES else b""

    def _add_package(self) -> bool:
        try:
            file = read_package(self._data("\x01Ole10Native")[4:])
        except (ValueError, struct.error):
            return False
        if file is None:
            return False
        add_object(self._builder, file.data, file.name)
        return True

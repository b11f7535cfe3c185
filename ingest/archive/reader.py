"""Reads an archive as a stream and checks names, order, sizes, shapes and checksums. Nothing is unpacked to disk."""

import base64
import binascii
import hashlib
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeVar

import numpy as np
from pydantic import ValidationError

from ingest.archive.format import (
    ABOUT,
    CONTENT,
    END,
    MANIFEST,
    MAX_DOCUMENT_BYTES,
    MAX_LINE_BYTES,
    POINTS,
    ArchiveEnd,
    Document,
    FileRecord,
    Manifest,
    PointRecord,
    VectorSpec,
    entry_name,
)
from ingest.blobs import BLOCK_BYTES
from ingest.errors import Refused
from ingest.steps.index import Point
from ingest.steps.vectors import SparseVector

DocumentT = TypeVar("DocumentT", bound=Document)


class ArchiveReader:
    """Reads an archive once, from the beginning: `manifest`, then `files`, and for each file its points and its content.

    Every fault raises Refused. Some faults are detected only at the end of the archive.
    """

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._digest = hashlib.sha256()
        self.manifest, document = self._read_document(MANIFEST, Manifest)
        self._digest.update(document)

    def files(self) -> Iterator[tuple[int, FileRecord]]:
        """Yield each file with its number. Raises Refused if the archive is incomplete."""
        number = 0
        while True:
            entry = self._next_entry()
            if entry.name == END:
                self._check_end(number, _parse(self._read_document_bytes(entry), ArchiveEnd, END))
                return
            name = entry_name(number, ABOUT)
            if entry.name != name:
                raise Refused(f"Not an Ingest archive: {entry.name!r} instead of {name}.")
            document = self._read_document_bytes(entry)
            record = _parse(document, FileRecord, name)
            _check_record(record, name)
            self._digest.update(document)
            yield number, record
            number += 1

    def points(self, number: int, record: FileRecord, vectors: VectorSpec) -> Iterator[Point]:
        """Yield the points of the file that `files` has yielded last."""
        name = entry_name(number, POINTS)
        file, digest, numbers = self._open(self._next_entry(name)), hashlib.sha256(), set[int]()
        while line := file.readline(MAX_LINE_BYTES):
            digest.update(line)
            point = _to_point(_parse(line, PointRecord, name), vectors, name)
            if point.number >= record.chunks or point.number in numbers:
                raise Refused(f"{name} cannot be used: a point has the number {point.number:,}.")
            numbers.add(point.number)
            yield point
        if digest.hexdigest() != record.points_sha256 or len(numbers) != record.chunks:
            raise Refused(f"{name} is damaged: its checksum or its length differs.")

    def content(self, number: int, record: FileRecord) -> Iterator[bytes]:
        """Yield the bytes of the file that `files` has yielded last."""
        name = entry_name(number, CONTENT)
        entry = self._next_entry(name)
        if entry.size != record.bytes:
            raise Refused(f"{name} has {entry.size:,} bytes instead of {record.bytes:,}.")
        file, digest = self._open(entry), hashlib.sha256()
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            yield block
        if digest.hexdigest() != record.sha256:
            raise Refused(f"{name} is damaged: its checksum differs.")

    def _check_end(self, files: int, end: ArchiveEnd) -> None:
        if end.files != files or end.sha256 != self._digest.hexdigest():
            raise Refused("The archive is damaged: its checksum or its number of files differs.")

    def _next_entry(self, name: str | None = None) -> tarfile.TarInfo:
        entry = self._tar.next()
        if entry is None:
            raise Refused("The archive is truncated.")
        if not entry.isreg() or (name is not None and entry.name != name):
            raise Refused(f"Not an Ingest archive: {entry.name!r} instead of {name or 'a plain file'}.")
        return entry

    def _open(self, entry: tarfile.TarInfo) -> IO[bytes]:
        file = self._tar.extractfile(entry)
        if file is None:
            raise Refused(f"Not an Ingest archive: {entry.name!r} is not a plain file.")
        return file

    def _read_document_bytes(self, entry: tarfile.TarInfo) -> bytes:
        if entry.size > MAX_DOCUMENT_BYTES:
            raise Refused(f"Not an Ingest archive: {entry.name!r} is too large.")
        return self._open(entry).read()

    def _read_document(self, name: str, document_class: type[DocumentT]) -> tuple[DocumentT, bytes]:
        data = self._read_document_bytes(self._next_entry(name))
        return _parse(data, document_class, name), data


@contextmanager
def open_archive(path: Path) -> Iterator[ArchiveReader]:
    """Open an archive. Raises Refused, also for errors of tar and of the file system."""
    try:
        with tarfile.open(path, mode="r|") as tar:
            yield ArchiveReader(tar)
    except tarfile.TarError as exc:
        raise Refused(f"{path} is no archive, or it is truncated: {exc}") from exc
    except EOFError as exc:
        raise Refused(f"{path} is truncated.") from exc
    except OSError as exc:
        raise Refused(f"{path} cannot be read: {exc.strerror or exc}") from exc


def _parse(data: bytes, document_class: type[DocumentT], name: str) -> DocumentT:
    try:
        return document_class.model_validate_json(data)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        field = ".".join(map(str, first["loc"]))
        raise Refused(f"{name} cannot be used: {field}: {first['msg']}") from exc


def _check_record(record: FileRecord, name: str) -> None:
    texts = [record.filename, record.purpose, record.error_message or "", *record.attributes]
    texts += [value for value in record.attributes.values() if isinstance(value, str)]
    if any("\x00" in text for text in texts):
        raise Refused(f"{name} cannot be used: a text contains NUL.")
    if (record.status == "failed") != (record.error_code is not None):
        raise Refused(f"{name} cannot be used: only a failed file has an error.")
    if record.status != "completed" and (record.chunks or record.terms or record.usage_bytes or record.warnings):
        raise Refused(f"{name} cannot be used: only a completed file has points and warnings.")
    if record.chunk_overlap > record.chunk_tokens // 2:
        raise Refused(f"{name} cannot be used: the overlap exceeds half of a chunk.")


def _to_point(line: PointRecord, vectors: VectorSpec, name: str) -> Point:
    try:
        numbers = np.frombuffer(base64.b64decode(line.windows, validate=True), "<f4").astype(np.float32)
    except (binascii.Error, ValueError) as exc:
        raise Refused(f"{name} cannot be used: a vector is not base64.") from exc
    rows, rest = divmod(len(numbers), vectors.dimensions)
    if rest or not rows or (rows > 1 and not vectors.multivector) or not np.isfinite(numbers).all():
        raise Refused(f"{name} cannot be used: a vector does not have {vectors.dimensions} numbers.")
    if len(line.indices) != len(line.values) or len(set(line.indices)) != len(line.indices) or "\x00" in line.text:
        raise Refused(f"{name} cannot be used: the terms of a point are not valid.")
    windows = numbers.reshape(rows, vectors.dimensions)
    return Point(line.number, line.text, windows, SparseVector(line.indices, line.values), line.location)

"""An archive as a stream of its parts, each checked: names, order, sizes, shapes and checksums. Nothing is unpacked."""

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
    MOST_DOCUMENT_BYTES,
    MOST_LINE_BYTES,
    POINTS,
    About,
    Document,
    End,
    Manifest,
    PointLine,
    Vectors,
    member,
)
from ingest.blobs import BLOCK
from ingest.errors import Refused
from ingest.steps.index import Point, SparseVector

Some = TypeVar("Some", bound=Document)


class Archive:
    """To be read once, from the beginning: `manifest`, then `files`, each with its points and then its content.

    Whatever is wrong raises Refused, some of it only at the very end.
    """

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self._digest = hashlib.sha256()
        self.manifest, document = self._document(MANIFEST, Manifest)
        self._digest.update(document)

    def files(self) -> Iterator[tuple[int, About]]:
        """Each file with its number; ends only when the archive is complete."""
        number = 0
        while True:
            found = self._next()
            if found.name == END:
                self._end(number, _parsed(self._bytes(found), End, END))
                return
            name = member(number, ABOUT)
            if found.name != name:
                raise Refused(f"Not an archive of ours: {found.name!r} where {name} belongs.")
            document = self._bytes(found)
            about = _parsed(document, About, name)
            _sensible(about, name)
            self._digest.update(document)
            yield number, about
            number += 1

    def points(self, number: int, about: About, vectors: Vectors) -> Iterator[Point]:
        """The points of the file that came last."""
        name = member(number, POINTS)
        file, digest, seen = self._opened(self._next(name)), hashlib.sha256(), set[int]()
        while line := file.readline(MOST_LINE_BYTES):
            digest.update(line)
            point = _point(_parsed(line, PointLine, name), vectors, name)
            if point.number >= about.chunks or point.number in seen:
                raise Refused(f"{name} cannot be used: a point has the number {point.number:,}.")
            seen.add(point.number)
            yield point
        if digest.hexdigest() != about.points_sha256 or len(seen) != about.chunks:
            raise Refused(f"{name} is not what was written: its checksum or its length differs.")

    def content(self, number: int, about: About) -> Iterator[bytes]:
        """The bytes of the file that came last."""
        name = member(number, CONTENT)
        found = self._next(name)
        if found.size != about.bytes:
            raise Refused(f"{name} has {found.size:,} bytes instead of {about.bytes:,}.")
        file, digest = self._opened(found), hashlib.sha256()
        while block := file.read(BLOCK):
            digest.update(block)
            yield block
        if digest.hexdigest() != about.sha256:
            raise Refused(f"{name} is not what was written: its checksum differs.")

    def _end(self, files: int, end: End) -> None:
        if end.files != files or end.sha256 != self._digest.hexdigest():
            raise Refused("The archive is not what was written: its checksum or its number of files differs.")

    def _next(self, name: str | None = None) -> tarfile.TarInfo:
        found = self._tar.next()
        if found is None:
            raise Refused("The archive is cut off.")
        if not found.isreg() or (name is not None and found.name != name):
            raise Refused(f"Not an archive of ours: {found.name!r} where {name or 'a plain file'} belongs.")
        return found

    def _opened(self, found: tarfile.TarInfo) -> IO[bytes]:
        file = self._tar.extractfile(found)
        if file is None:
            raise Refused(f"Not an archive of ours: {found.name!r} is not a plain file.")
        return file

    def _bytes(self, found: tarfile.TarInfo) -> bytes:
        if found.size > MOST_DOCUMENT_BYTES:
            raise Refused(f"Not an archive of ours: {found.name!r} is too large.")
        return self._opened(found).read()

    def _document(self, name: str, form: type[Some]) -> tuple[Some, bytes]:
        data = self._bytes(self._next(name))
        return _parsed(data, form, name), data


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """The archive in a file. What tar or the file system says of it is Refused too."""
    try:
        with tarfile.open(path, mode="r|") as tar:
            yield Archive(tar)
    except tarfile.TarError as exc:
        raise Refused(f"{path} is no archive, or it is cut off: {exc}") from exc
    except EOFError as exc:
        raise Refused(f"{path} is cut off.") from exc
    except OSError as exc:
        raise Refused(f"{path} cannot be read: {exc.strerror or exc}") from exc


def _parsed(data: bytes, form: type[Some], name: str) -> Some:
    try:
        return form.model_validate_json(data)
    except ValidationError as exc:
        first = exc.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise Refused(f"{name} cannot be used: {place}: {first['msg']}") from exc


def _sensible(about: About, name: str) -> None:
    texts = [about.filename, about.purpose, about.error_message or "", *about.attributes]
    texts += [value for value in about.attributes.values() if isinstance(value, str)]
    if any("\x00" in text for text in texts):
        raise Refused(f"{name} cannot be used: a text with NUL in it.")
    if (about.status == "failed") != (about.error_code is not None):
        raise Refused(f"{name} cannot be used: only a failed file has an error.")
    if about.status != "completed" and (about.chunks or about.terms or about.usage_bytes):
        raise Refused(f"{name} cannot be used: only a completed file has points.")
    if about.chunk_overlap > about.chunk_tokens // 2:
        raise Refused(f"{name} cannot be used: the overlap is more than half of a chunk.")


def _point(line: PointLine, vectors: Vectors, name: str) -> Point:
    try:
        numbers = np.frombuffer(base64.b64decode(line.windows, validate=True), "<f4").astype(np.float32)
    except (binascii.Error, ValueError) as exc:
        raise Refused(f"{name} cannot be used: a vector is not base64.") from exc
    rows, rest = divmod(len(numbers), vectors.dimensions)
    if rest or not rows or (rows > 1 and not vectors.multivector) or not np.isfinite(numbers).all():
        raise Refused(f"{name} cannot be used: a vector is not of {vectors.dimensions} numbers.")
    if len(line.indices) != len(line.values) or len(set(line.indices)) != len(line.indices) or "\x00" in line.text:
        raise Refused(f"{name} cannot be used: the words of a point do not fit.")
    windows = numbers.reshape(rows, vectors.dimensions)
    return Point(line.number, line.text, windows, SparseVector(line.indices, line.values), line.page)

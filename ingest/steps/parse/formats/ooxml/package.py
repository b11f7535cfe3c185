"""The package of an Office Open XML file: its parts, their content types and relationships (ECMA-376 part 2).

Programs write names in other cases than they refer to them, with backslashes, with a leading slash or percent-encoded,
so names are compared without these differences.
"""

import base64
import binascii
import io
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import IO, Any
from urllib.parse import unquote

from ingest.steps.parse.formats.ooxml import xml
from ingest.steps.parse.formats.ooxml.relationships import Relationship, parse_relationships

__all__ = ["UNREADABLE", "OoxmlPackage", "PartError", "Relationship", "is_zip"]

MAX_PART_BYTES = 64 * 2**20
"""Bytes of a part that is read as a whole. Longer parts are read as a stream."""
_MAX_KNOWN_RELATIONSHIPS = 50

UNREADABLE = (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, RuntimeError, ValueError)
"""What reading a part of a damaged file may raise, beside the errors of lxml."""


_LOCAL_HEADER_BYTES = 30
_ENCRYPTED = 1
_MAX_DEFLATE_OVERHEAD = 2**20  # of data that cannot be compressed
_DAMAGED_STEP = 64  # bytes; what was unpacked from the last of them is lost


class PartError(Exception):
    """A part is missing, damaged or too long. The message ends the sentence "The part ... "."""


class OoxmlPackage:
    """The parts of a file, from a ZIP archive or from XML in the flat form (pkg:package).

    `damaged` lists the parts whose XML was repaired while it was read.
    """

    def __init__(self, path: Path) -> None:
        self.damaged: list[str] = []
        self._flat: dict[str, bytes] = {}
        self._content_types: dict[str, str] = {}
        self._known_relationships: dict[str, dict[str, Relationship]] = {}
        self._archive: zipfile.ZipFile | None = None
        if is_zip(path):
            self._archive = zipfile.ZipFile(path)
            self._members = {_key(name): name for name in self._archive.NameToInfo}
        else:
            self._flat, self._content_types = _read_flat(path)
            self._members = {_key(name): name for name in self._flat}

    def __enter__(self) -> "OoxmlPackage":
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._archive is not None:
            self._archive.close()

    def find(self, name: str) -> str | None:
        """Return the name of a part as `names` lists it, or None if there is no such part."""
        key = _key(name)
        return key if key in self._members else next((k for k in [_key(unquote(name))] if k in self._members), None)

    def names(self, prefix: str = "", suffix: str = "") -> list[str]:
        """Return the names of the parts in lower case, with slashes, sorted."""
        return sorted(name for name in self._members if name.startswith(prefix) and name.endswith(suffix))

    def file_name(self, name: str) -> str:
        """Return the last word of a part's name as its program wrote it."""
        return self._members.get(_key(name), name).replace("\\", "/").rpartition("/")[2]

    def size(self, name: str) -> int:
        """Return the number of bytes of a part as the container says it, 0 for a missing one."""
        key = self.find(name)
        if key is None:
            return 0
        return self._archive.getinfo(self._members[key]).file_size if self._archive else len(self._flat[key])

    def open(self, name: str) -> IO[bytes]:
        """Open a part as a stream. Raises PartError if it is missing; reading may raise what UNREADABLE lists."""
        key = self.find(name)
        if key is None:
            raise PartError("is missing")
        if self._archive is None:
            return io.BytesIO(self._flat[key])
        try:
            return self._archive.open(self._members[key])
        except UNREADABLE as exc:
            raise PartError("is damaged") from exc

    def read(self, name: str, max_bytes: int = MAX_PART_BYTES) -> bytes:
        """Return the bytes of a part; of a damaged one those before the damage, and it is listed in `damaged`.

        Raises PartError if the part is missing, has no readable byte, or is longer than `max_bytes`.
        """
        key = self.find(name)
        if key is None:
            raise PartError("is missing")
        if self._archive is None:
            return self._flat[key]
        member = self._archive.NameToInfo[self._members[key]]
        if member.compress_size > max_bytes + _MAX_DEFLATE_OVERHEAD:
            raise PartError(f"is longer than {max_bytes // 2**20} MiB")
        try:
            data = unpack(self._stored(member), member, max_bytes + 1)
        except UNREADABLE as exc:
            raise PartError("is damaged") from exc
        if len(data) > max_bytes:
            raise PartError(f"is longer than {max_bytes // 2**20} MiB")
        if len(data) != member.file_size or zlib.crc32(data) != member.CRC:
            self.damaged.append(name)
        return data

    def fingerprint(self, name: str) -> bytes:
        """Return bytes that are equal only for equal contents of a part: those in the container. b"" if it is missing."""
        key = self.find(name)
        if key is None or self._archive is None:
            return b"" if key is None else self._flat[key]
        member = self._archive.NameToInfo[self._members[key]]
        return bytes([member.compress_type]) + self._stored(member)

    def _stored(self, member: zipfile.ZipInfo) -> bytes:
        """Return the bytes of a part as they are in the archive. zipfile takes twice as long for a small part."""
        file = None if self._archive is None else self._archive.fp
        if file is None or member.flag_bits & _ENCRYPTED:
            raise ValueError("encrypted")
        file.seek(member.header_offset)
        header = file.read(_LOCAL_HEADER_BYTES)
        if len(header) < _LOCAL_HEADER_BYTES or not header.startswith(b"PK\3\4"):
            raise ValueError("not a member")
        file.seek(sum(struct.unpack_from("<HH", header, 26)), io.SEEK_CUR)
        return file.read(member.compress_size)

    def root(self, name: str, max_bytes: int = MAX_PART_BYTES) -> Any:
        """Return the root element of a part; a damaged one is repaired and listed in `damaged`. Raises PartError."""
        root, is_damaged = xml.parse(self.read(name, max_bytes))
        if root is None:
            raise PartError("is damaged")
        if is_damaged:
            self.damaged.append(name)
        return root

    def optional_root(self, name: str) -> Any:
        """Return the root element of a part, or None if it is missing or cannot be read."""
        try:
            return self.root(name) if self.find(name) else None
        except PartError:
            self.damaged.append(name)
            return None

    def relationships(self, name: str = "") -> dict[str, Relationship]:
        """Return the relationships of a part by their ids, those of the package for ""."""
        folder, file = posixpath.split(name)
        part = f"{folder}/_rels/{file}.rels" if folder else f"_rels/{file}.rels"
        if self.find(part) is None:
            return {}
        try:
            return parse_relationships(self.read(part), folder)
        except PartError:
            self.damaged.append(part)
            return {}

    def related(self, name: str, *kinds: str) -> list[str]:
        """Return the existing parts that a part refers to with relationships of these kinds, each once."""
        targets = [r.target for r in self.relationships(name).values() if r.kind in kinds and not r.is_external]
        found = (self.find(target) for target in targets)
        return list(dict.fromkeys(target for target in found if target is not None))

    def main_part(self, *content_types: str) -> str | None:
        """Return the main part: by the package's relationships, or else by a word in its content type."""
        if parts := self.related("", "officeDocument"):
            return parts[0]
        for name, content_type in self._declared_types.items():
            if any(word in content_type for word in content_types) and (found := self.find(name)):
                return found
        return None

    def content_type(self, name: str) -> str:
        """Return the declared content type of a part in lower case, "" if there is none."""
        key = _key(name)
        return self._declared_types.get(key) or self._declared_types.get(f".{key.rpartition('.')[2]}", "")

    @cached_property
    def _declared_types(self) -> dict[str, str]:
        """Content types by the names of parts, and by the suffixes of names with a leading dot."""
        types = dict(self._content_types)
        root = self.optional_root("[content_types].xml")
        for element in () if root is None else root.iter("{*}Default", "{*}Override"):
            name = f".{element.get('Extension', '').lower()}" if element.get("Extension") else None
            types[name or _key(element.get("PartName", ""))] = element.get("ContentType", "").lower()
        return types


def unpack(stored: bytes, member: zipfile.ZipInfo, max_bytes: int) -> bytes:
    """Return at most `max_bytes` of a stored or deflated member, and those before the damage of a damaged one.

    Raises NotImplementedError for other methods, zlib.error if the damage is at the start.
    """
    if member.compress_type == zipfile.ZIP_STORED:
        return stored[:max_bytes]
    if member.compress_type != zipfile.ZIP_DEFLATED:
        raise NotImplementedError("another method")
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(stored, max_bytes)
    except zlib.error:
        pass
    inflater, parts, size = zlib.decompressobj(-zlib.MAX_WBITS), [], 0
    try:
        for offset in range(0, len(stored), _DAMAGED_STEP):
            parts.append(inflater.decompress(stored[offset : offset + _DAMAGED_STEP], max_bytes))
            size += len(parts[-1])
            if size >= max_bytes:
                break
    except zlib.error:
        if not size:
            raise
    return b"".join(parts)


def is_zip(path: Path) -> bool:
    """Return whether a file is a ZIP archive; other bytes may precede the archive."""
    with path.open("rb", buffering=0) as file:
        if file.read(4) == b"PK\3\4":
            return True
    return zipfile.is_zipfile(path)


def _key(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


def _read_flat(path: Path) -> tuple[dict[str, bytes], dict[str, str]]:
    """Return the parts of a flat package (pkg:package) and their content types, by name."""
    root, _ = xml.parse(path.read_bytes())
    parts: dict[str, bytes] = {}
    types: dict[str, str] = {}
    for part in () if root is None else root.iterchildren("{*}part"):
        name = _key(xml.attribute(part, "name"))
        types[name] = xml.attribute(part, "contentType").lower()
        parts[name] = b"".join(_flat_contents(part))
        part.clear()
    return parts, types


def _flat_contents(part: Any) -> Iterator[bytes]:
    for content in part.iterchildren("{*}xmlData"):
        for element in content.iterchildren("*"):
            yield xml.to_bytes(element)
            return
    for content in part.iterchildren("{*}binaryData"):
        try:
            yield base64.b64decode(content.text or "")
        except (binascii.Error, ValueError):
            return

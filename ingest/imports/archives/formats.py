"""Open zip and tar archives: the members by name, and bounds for what they may unpack to."""

import bz2
import gzip
import lzma
import os
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any, Protocol

from ingest.imports.archives.addresses import safe_member_name

MAX_MEMBERS = 100_000
MAX_UNPACKED_BYTES = 16 * 2**30
MAX_RATIO = 1_000
MIN_BYTES_FOR_RATIO = 64 * 2**20
"""The ratio counts only for archives that are large when unpacked: runs of zeros are packed well."""

_BLOCK_BYTES = 2**20
_ENCRYPTED_FLAG = 1
_DAMAGED = "The archive is damaged"
_ERRORS = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)
_DECOMPRESSORS: tuple[tuple[bytes, Any], ...] = (
    (b"\x1f\x8b", gzip.open),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ\0", lzma.open),
)


@dataclass(frozen=True)
class Entry:
    """A member of one archive. `problem` says why it cannot be read."""

    name: str
    size: int
    fingerprint: str
    info: Any
    problem: str = ""


class Archive(Protocol):
    """An open archive. `entries` maps safe names to members; of several with one name the last counts."""

    entries: dict[str, Entry]

    def copy(self, entry: Entry, target: IO[bytes]) -> None:
        """Write a member's content. Raises OSError."""

    def close(self) -> None:
        """Close the archive and remove its temporary file."""


def open_archive(path: str) -> Archive | None:
    """Open an archive, or return None if the file is none. Raises OSError if it is damaged or unpacks to too much."""
    with _translated_errors():
        if zipfile.is_zipfile(path):
            return _ZipArchive(path)
        with open(path, "rb") as file:
            head = file.read(512)
        if any(head.startswith(magic) for magic, _ in _DECOMPRESSORS) or head[257:262] == b"ustar":
            return _TarArchive(path)
        return None


class _ZipArchive:
    def __init__(self, path: str) -> None:
        self._zip = zipfile.ZipFile(path)
        members = [member for member in self._zip.infolist() if not member.is_dir()]
        _check_bounds(len(members), sum(member.file_size for member in members), os.path.getsize(path))
        self.entries: dict[str, Entry] = {}
        for member in members:
            if name := safe_member_name(_zip_name(member)):
                problem = "The member is encrypted" if member.flag_bits & _ENCRYPTED_FLAG else ""
                fingerprint = f"{member.CRC:08x}-{member.file_size}"
                self.entries[name] = Entry(name, member.file_size, fingerprint, member, problem)

    def copy(self, entry: Entry, target: IO[bytes]) -> None:
        with _translated_errors(), self._zip.open(entry.info) as source:
            _copy(source, target, entry.size)

    def close(self) -> None:
        self._zip.close()


class _TarArchive:
    def __init__(self, path: str) -> None:
        self._file = _decompressed(path)
        try:
            self._tar = tarfile.open(fileobj=self._file, mode="r:")  # noqa: SIM115 - close() closes it
            self.entries = self._list_entries(os.path.getsize(path))
        except BaseException:
            self._file.close()
            raise

    def _list_entries(self, packed_bytes: int) -> dict[str, Entry]:
        entries: dict[str, Entry] = {}
        unpacked = 0
        for number, member in enumerate(self._tar, start=1):
            unpacked += member.size
            _check_bounds(number, unpacked, packed_bytes)
            name = safe_member_name(member.name)
            if not name or member.isdir():
                continue
            problem = "" if member.isreg() and not member.issparse() else "Not a regular file"
            entries[name] = Entry(name, member.size, f"{member.mtime}-{member.size}", member, problem)
        return entries

    def copy(self, entry: Entry, target: IO[bytes]) -> None:
        with _translated_errors():
            source = self._tar.extractfile(entry.info)
            if source is None:
                raise OSError(0, "Not a regular file")
            _copy(source, target, entry.size)

    def close(self) -> None:
        self._tar.close()
        self._file.close()


def _decompressed(path: str) -> IO[bytes]:
    """Return the tar file, from a temporary copy if it is compressed: its members are read in any order."""
    file = open(path, "rb")  # noqa: SIM115 - the archive keeps it open
    head = file.read(6)
    file.seek(0)
    opener = next((opener for magic, opener in _DECOMPRESSORS if head.startswith(magic)), None)
    if opener is None:
        return file
    packed_bytes = os.path.getsize(path)
    copy = tempfile.TemporaryFile(prefix="ingest-import-")  # noqa: SIM115 - the archive keeps it open
    try:
        with file, opener(file) as source:
            while block := source.read(_BLOCK_BYTES):
                copy.write(block)
                _check_bounds(0, copy.tell(), packed_bytes)
    except BaseException:
        copy.close()
        raise
    copy.seek(0)
    return copy


def _copy(source: IO[bytes], target: IO[bytes], size: int) -> None:
    """Copy at most the size that the archive announced."""
    left = size
    while left > 0 and (block := source.read(min(_BLOCK_BYTES, left))):
        target.write(block)
        left -= len(block)


def _check_bounds(members: int, unpacked: int, packed: int) -> None:
    if members > MAX_MEMBERS:
        raise OSError(0, f"The archive has more than {MAX_MEMBERS:,} members")
    if unpacked > MAX_UNPACKED_BYTES or (unpacked > MIN_BYTES_FOR_RATIO and unpacked > MAX_RATIO * packed):
        raise OSError(0, f"The archive would grow from {packed:,} to {unpacked:,} bytes or more; that is not unpacked")


def _zip_name(member: zipfile.ZipInfo) -> str:
    """Return a member's name. Many programs write UTF-8 without the flag that says so."""
    if member.flag_bits & 0x800:
        return member.filename
    try:
        return member.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return member.filename


@contextmanager
def _translated_errors() -> Iterator[None]:
    try:
        yield
    except _ERRORS as exc:
        raise OSError(0, _DAMAGED) from exc
    except OSError as exc:
        if exc.errno is None:  # gzip and bz2 raise it for damaged data
            raise OSError(0, _DAMAGED) from exc
        raise

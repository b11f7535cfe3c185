"""`ArchiveReader` copies members of archives to local files, and keeps the archives open that it used last."""

import os
import tempfile
from collections import OrderedDict
from pathlib import Path
from threading import Lock

from ingest.imports.archives.addresses import is_archive_name
from ingest.imports.archives.formats import Archive, Entry, open_archive

_MAX_OPEN = 4
"""Uploads go through the archives one after the other; an archive in an archive counts as another."""

_MISSING = "The archive no longer has this member"

_Key = tuple[int, int, int, int, str]


class ArchiveReader:
    """Reads members by name, from several threads. A compressed tar is unpacked once, not once for each member."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open: OrderedDict[_Key, Archive] = OrderedDict()

    def copy(self, path: str, member: str, target: Path) -> None:
        """Write a member to a new file. `path` is that of the archive; a member may be in an archive inside it.

        Raises OSError if the archive is damaged or lacks the member.
        """
        with self._lock, target.open("wb") as file:
            archive, entry = self._find(path, member)
            if entry.problem:
                raise OSError(0, entry.problem)
            archive.copy(entry, file)

    def close(self) -> None:
        """Close all archives and remove their temporary files."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].close()

    def _find(self, path: str, member: str) -> tuple[Archive, Entry]:
        archive = self._archive(path, "")
        if member in archive.entries:
            return archive, archive.entries[member]
        parts = member.split("/")
        for end in range(1, len(parts)):
            outer, inner = "/".join(parts[:end]), "/".join(parts[end:])
            if is_archive_name(outer) and outer in archive.entries:
                nested = self._archive(path, outer)
                if inner in nested.entries:
                    return nested, nested.entries[inner]
        raise OSError(0, _MISSING)

    def _archive(self, path: str, nested: str) -> Archive:
        """Return the open archive at a path, or the one of this name inside it."""
        status = os.stat(path)
        key = (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size, nested)
        archive = self._open.get(key)
        if archive is None:
            archive = self._open_nested(path, nested) if nested else open_archive(path)
            if archive is None:
                raise OSError(0, _MISSING)
            self._open[key] = archive
        self._open.move_to_end(key)
        while len(self._open) > _MAX_OPEN:
            self._open.popitem(last=False)[1].close()
        return archive

    def _open_nested(self, path: str, name: str) -> Archive | None:
        outer = self._archive(path, "")
        with tempfile.NamedTemporaryFile(prefix="ingest-import-") as file:
            outer.copy(outer.entries[name], file)
            file.flush()
            return open_archive(file.name)  # it keeps the file open after its name is gone

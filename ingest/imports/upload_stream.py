"""A local file as an upload reads it."""

import hashlib
import io
import os
from collections.abc import Callable
from threading import Event
from typing import Any


class UploadStream(io.FileIO):
    """A file that counts and hashes what is read, and that cannot be read once the import stops."""

    def __init__(self, path: str, count_bytes: Callable[[int], None], stop: Event) -> None:
        super().__init__(path)
        self._count_bytes = count_bytes
        self._stop = stop
        self._hash = hashlib.sha256()

    def sha256(self) -> str:
        """Return the hash of what was read since the beginning of the file."""
        return self._hash.hexdigest()

    def read(self, size: int | None = -1, /) -> Any:
        if self._stop.is_set():
            raise KeyboardInterrupt  # the client would retry after an Exception
        data = super().read(-1 if size is None else size)
        self._hash.update(data or b"")
        self._count_bytes(len(data or b""))
        return data

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        before = self.tell()
        after = super().seek(offset, whence)
        if after == 0:
            self._hash = hashlib.sha256()
        self._count_bytes(after - before)
        return after

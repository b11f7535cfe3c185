"""Values of metrics in shared files whose space is allocated before it is used.

`prometheus_client` makes sparse files and maps them into memory. On a full disk, the first write to a page without a block
kills the process with SIGBUS. Here a file is allocated first. Values that find no room stay in this process: it goes on, and
`/metrics` lacks them until there is room again.
"""

import os
import struct
import time
from pathlib import Path

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

from ingest.observability import logs

FIRST_BYTES = 2**16
RETRY_SECONDS = 10.0

_log = logs.get(__name__)


def install() -> None:
    """Make `prometheus_client` use allocated files. Call it before the first metric is made."""
    # The library has no seam for this; `tests/observability/test_allocated_values.py` sees a change of its internals.
    setattr(values, "MmapedDict", AllocatedDict)  # noqa: B010 - the name is not exported


class AllocatedDict(MmapedDict):
    """A dict of doubles in a file. The class of the library calls `read_value` and `write_value` with a lock held."""

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        self._unshared: dict[str, tuple[float, float]] = {}
        self._retry_at = 0.0
        self._path = Path(filename)
        self._is_open = False
        self._open(read_mode)

    def read_value(self, key: str) -> tuple[float, float]:
        if self._has_place(key):
            return super().read_value(key)  # type: ignore[no-untyped-call, no-any-return] # the library has no types here
        return self._unshared.setdefault(key, (0.0, 0.0))

    def write_value(self, key: str, value: float, timestamp: float) -> None:
        if self._has_place(key):
            super().write_value(key, value, timestamp)  # type: ignore[no-untyped-call] # the library has no types here
        else:
            self._unshared[key] = (value, timestamp)

    def close(self) -> None:
        if self._is_open:
            super().close()  # type: ignore[no-untyped-call] # the library has no types here
        self._is_open = False

    def _open(self, read_mode: bool = False) -> bool:
        try:
            with self._path.open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, FIRST_BYTES)
            super().__init__(str(self._path), read_mode)  # type: ignore[no-untyped-call] # the library has no types here
        except OSError as exc:
            self._report(exc)
            self._delete_if_empty()
            self._positions, self._used, self._capacity = {}, 0, 0
        else:
            self._is_open = True
        return self._is_open

    def _has_place(self, key: str) -> bool:
        """Return whether a key is in the file or fits into it. Let the file grow if necessary."""
        if key in self._positions:
            return True
        if time.monotonic() < self._retry_at or (not self._is_open and not self._open()):
            return False
        return self._grow(self._used + _entry_bytes(key))

    def _grow(self, needed: int) -> bool:
        capacity = self._capacity
        while capacity < needed:
            capacity *= 2
        if capacity > self._capacity:
            try:
                os.posix_fallocate(self._f.fileno(), 0, capacity)
            except OSError as exc:
                self._report(exc)
                return False
        return True

    def _report(self, exc: OSError) -> None:
        if not self._retry_at:  # once a file: the next attempts would say the same
            _log.warning("metrics_not_shared", file=self._path.name, reason=exc.strerror)
        self._retry_at = time.monotonic() + RETRY_SECONDS

    def _delete_if_empty(self) -> None:
        """Delete a file without a header: a scrape could not read it."""
        try:
            if self._path.stat().st_size < FIRST_BYTES:
                self._path.unlink()
        except OSError:
            return


def _entry_bytes(key: str) -> int:
    """Return the most bytes that an entry takes: length, key, padding and two doubles."""
    return struct.calcsize("i") + len(key.encode()) + 8 + struct.calcsize("dd")

"""The log files of the service's processes. A process writes into a pipe, and a thread of the supervisor writes the file.

A process with the descriptor of the file itself would write on into the file that was rotated away, and so would its children.
"""

import os
import threading
from pathlib import Path

LOG_BYTES = 50 * 2**20
"""Of a file and of its predecessor, each."""

BLOCK_BYTES = 64 * 2**10


class RotatedLog:
    """A file that only grows to a size; then it replaces its predecessor `.1`, and a new one begins.

    What cannot be written, as on a full disk, is dropped and counted: the process that writes must not wait for the disk.
    """

    def __init__(self, path: Path, max_bytes: int = LOG_BYTES) -> None:
        self.path = path
        self._max_bytes = max_bytes
        self._lock = threading.Lock()
        self._descriptor: int | None = None
        self._dropped_bytes = 0

    def write(self, block: bytes) -> None:
        """Append a block."""
        with self._lock:
            try:
                self._append(block)
            except OSError:
                self._dropped_bytes += len(block)

    def close(self) -> None:
        """Close the file; the next block opens it again."""
        with self._lock:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def _append(self, block: bytes) -> None:
        size = os.fstat(self._open()).st_size
        if size and size + len(block) > self._max_bytes:
            line_end = block.find(b"\n") + 1
            self._write_all(block[:line_end])  # the file ends with a whole line
            block = block[line_end:]
            self._rotate()
        if self._dropped_bytes:
            self._write_all(f"... {self._dropped_bytes:,} bytes could not be written here\n".encode())
            self._dropped_bytes = 0
        self._write_all(block)

    def _open(self) -> int:
        if self._descriptor is None:
            self._descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._descriptor

    def _rotate(self) -> None:
        descriptor = self._open()
        self.path.replace(self.path.with_name(self.path.name + ".1"))
        self._descriptor = None
        os.close(descriptor)
        self._open()

    def _write_all(self, block: bytes) -> None:
        while block:
            written = os.write(self._open(), block)
            block = block[written:]


class LogPipe:
    """A pipe whose other end is the standard output of a process, and the thread that writes the log."""

    def __init__(self, log: RotatedLog) -> None:
        self._log = log
        self._read_end, self.write_end = os.pipe()
        self._thread = threading.Thread(target=self._run, name=f"log-{log.path.stem}", daemon=True)

    def start(self) -> None:
        """Start to write. Call it once the process has its end: this process closes its own."""
        os.close(self.write_end)
        self._thread.start()

    def cancel(self) -> None:
        """Close both ends: the process could not be started."""
        os.close(self.write_end)
        os.close(self._read_end)

    def wait(self, seconds: float) -> None:
        """Wait until everything is written, if the process and its child processes have ended."""
        self._thread.join(seconds)

    def _run(self) -> None:
        with open(self._read_end, "rb", buffering=0) as source:
            while block := source.read(BLOCK_BYTES):
                self._log.write(block)

"""Reads a JSON body: small ones into memory, larger ones into a temporary file while they are scanned."""

import tempfile
from collections.abc import AsyncIterator, Callable
from typing import BinaryIO, TypeVar, cast

from anyio import CapacityLimiter, to_thread

from api.json_bodies.scan import MAX_DEPTH, JsonScan, LongArray
from ingest.config import Settings
from ingest.errors import DependencyDown, InvalidRequest

BLOCK_BYTES = 256 * 2**10
"""Larger bodies go to a file, block by block."""

THREADS = CapacityLimiter(4)
"""Of all bodies together. They are not those of the requests, so bodies and requests do not wait for each other."""

SCOPE_KEY = "json_body"
"""Where in the scope of a request its body is, once it is read."""

MAX_VALUES = 250_000
VALUES_PER_FILE = 50
"""Names and values of a file with all its attributes and a chunking, in a batch."""

Result = TypeVar("Result")


def max_values_of(path: str, settings: Settings) -> int:
    """Return how many names and values the body of a request may have."""
    return VALUES_PER_FILE * settings.max_batch_files if "/file_batches" in path else MAX_VALUES


class JsonBody:
    """A body that was read: its bytes if it is small, otherwise a file."""

    def __init__(self, max_values: int = MAX_VALUES) -> None:
        self.size = 0
        self.small = b""
        self.file: BinaryIO | None = None
        self._scan = JsonScan(max_values)

    @property
    def long_arrays(self) -> list[LongArray]:
        """The arrays that can be parsed in pieces. Those of a small body are none."""
        return self._scan.long_arrays

    async def read(self, blocks: AsyncIterator[bytes]) -> None:
        """Read all blocks. Raises InvalidRequest if the body is nested too deep or has too many values."""
        buffer = bytearray()
        async for block in blocks:
            buffer += block
            while len(buffer) >= BLOCK_BYTES:
                await run_in_body_thread(self._add, bytes(buffer[:BLOCK_BYTES]))
                del buffer[:BLOCK_BYTES]
        if self.file is None:
            self.small = bytes(buffer)
            self.size = len(buffer)
            if self.small.count(b"[") + self.small.count(b"{") > MAX_DEPTH:  # most bodies cannot be deep
                self._scan.add(self.small)
        else:
            await run_in_body_thread(self._add, bytes(buffer))

    async def replay(self) -> AsyncIterator[bytes]:
        """Yield the blocks of the body."""
        if self.file is None:
            yield self.small
            return
        await run_in_body_thread(self.file.seek, 0)
        while block := await run_in_body_thread(self.file.read, BLOCK_BYTES):
            yield block

    def close(self) -> None:
        """Delete the file."""
        if self.file is not None:
            self.file.close()

    def _add(self, block: bytes) -> None:
        if self.size == 0 and 0 in block[:4]:  # the scan reads bytes, and only UTF-8 has one for each bracket
            raise InvalidRequest("Invalid body: JSON of this size must be encoded as UTF-8.")
        self._scan.add(block)
        self.size += len(block)
        try:
            if self.file is None:
                self.file = cast(BinaryIO, tempfile.TemporaryFile())  # noqa: SIM115 - `close` closes it
            self.file.write(block)
        except OSError as exc:
            raise DependencyDown("blobs", f"no room for the body: {exc}") from exc


async def run_in_body_thread(function: Callable[..., Result], *arguments: object) -> Result:
    """Run a function in one of THREADS."""
    return await to_thread.run_sync(function, *arguments, limiter=THREADS)

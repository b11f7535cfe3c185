"""The collections on disk: one engine shard each, opened at start and used by this process only."""

import json
import os
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from qdrant_edge import EdgeShard

from ingest.embedded.vectors import configs
from ingest.embedded.vectors.errors import BadRequest, CollectionExists, UnknownCollection
from ingest.embedded.vectors.room import Room

CONFIG = "collection.json"
SHARD = "shard"
_PARTIAL = "collection.partial"
FLUSH_IDLE_SECONDS = 1.0
FLUSH_SECONDS = 5.0
"""Flush interval of a Qdrant server. A crash in between loses nothing because of the write-ahead log."""

VACUUM_IDLE_SECONDS = 60.0
"""A vacuum blocks the process for about 60 us per point, so it runs only after this idle time."""


_NAME = re.compile(r'[^<>:"/\\|?*\x00-\x1f. ][^<>:"/\\|?*\x00-\x1f ]{0,199}')


class Collection:
    """A collection: its engine shard and the configuration of its creation."""

    def __init__(self, shard: EdgeShard, config: dict[str, Any], room: Room) -> None:
        self.config = config
        self.vectors = configs.vector_kinds(config)
        self.operations = 0
        self._shard = shard
        self._room = room
        self._has_unflushed_writes = False
        self._has_unvacuumed_writes = False
        self._flushed_at = self._used_at = time.monotonic()

    @property
    def shard(self) -> EdgeShard:
        """The shard, for reading. Access counts as use and delays vacuums."""
        self._used_at = time.monotonic()
        return self._shard

    def update(self, operation: Any, *, is_deletion: bool = False) -> int:
        """Apply an operation and return its number. After that, it survives a kill of the process. Raises DiskFull."""
        self._room.check(is_deletion=is_deletion)
        self._has_unflushed_writes = self._has_unvacuumed_writes = True
        self._used_at = time.monotonic()
        self._shard.update(operation)
        self.operations += 1
        return self.operations

    def run_maintenance(self, now: float) -> None:
        """Flush writes when idle, at the latest after FLUSH_SECONDS, and vacuum after VACUUM_IDLE_SECONDS without use."""
        idle = now - self._used_at
        if self._has_unflushed_writes and (idle >= FLUSH_IDLE_SECONDS or now - self._flushed_at >= FLUSH_SECONDS):
            self._flush()
        if self._has_unvacuumed_writes and idle >= VACUUM_IDLE_SECONDS and self._room.is_enough:
            self._has_unvacuumed_writes = False
            # Has an effect only if a large share of a segment is deleted points (`deleted_threshold` in configs.py).
            self._has_unflushed_writes = self._shard.optimize()

    def close(self) -> None:
        """Flush, and close the files."""
        self._flush()
        self._shard.close()

    def _flush(self) -> None:
        self._shard.flush()
        self._has_unflushed_writes = False
        self._flushed_at = time.monotonic()


class Collections:
    """All collections below a folder, by name. The caller must hold the lock of the folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._room = Room(path)
        self._open: dict[str, Collection] = {}
        for folder in sorted(path.iterdir()):
            if not folder.is_dir():
                continue
            if not (folder / CONFIG).exists():
                _remove_incomplete(folder)
                continue
            shard = EdgeShard.load(str(folder / SHARD))
            self._open[folder.name] = Collection(shard, json.loads((folder / CONFIG).read_text()), self._room)

    def __iter__(self) -> Iterator[str]:
        return iter(self._open)

    def __contains__(self, name: str) -> bool:
        return name in self._open

    def get(self, name: str) -> Collection:
        """Return a collection. Raises UnknownCollection."""
        try:
            return self._open[name]
        except KeyError:
            raise UnknownCollection(name) from None

    def create(self, name: str, body: Any) -> None:
        """Create a collection from the body of a create request. Raises BadRequest, CollectionExists or DiskFull."""
        if name in self._open:
            raise CollectionExists(name)
        if not _NAME.fullmatch(name):
            raise BadRequest(f"Wrong input: `{name[:300]}` is no name for a collection")
        config = configs.read(body)
        self._room.check()
        folder = self._path / name
        (folder / SHARD).mkdir(parents=True)
        shard = EdgeShard.create(str(folder / SHARD), configs.engine(config))
        shard.flush()
        _write_atomically(folder / CONFIG, json.dumps(config))
        self._open[name] = Collection(shard, config, self._room)

    def delete(self, name: str) -> bool:
        """Delete a collection with its points; return False if there is none."""
        collection = self._open.pop(name, None)
        if collection is None:
            return False
        (self._path / name / CONFIG).unlink()
        collection.close()
        shutil.rmtree(self._path / name)
        return True

    def run_maintenance(self, now: float) -> None:
        """Flush and vacuum where due. Call it about once a second with the monotonic time."""
        for collection in self._open.values():
            collection.run_maintenance(now)

    def close(self) -> None:
        """Flush and close all collections."""
        while self._open:
            self._open.popitem()[1].close()


def _remove_incomplete(folder: Path) -> None:
    """Remove the folder of an interrupted creation or deletion: CONFIG is written last and deleted first.

    A folder with other files stays.
    """
    if {entry.name for entry in folder.iterdir()} <= {SHARD, _PARTIAL}:
        shutil.rmtree(folder)


def _write_atomically(path: Path, text: str) -> None:
    """Write a file atomically, also in case of a power failure."""
    partial = path.with_name(_PARTIAL)
    with partial.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

"""The collections on disk: one engine shard each, opened at start and owned by this process alone."""

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
from ingest.embedded.vectors.problems import BadRequest, CollectionExists, UnknownCollection

CONFIG = "collection.json"
SHARD = "shard"
_PARTIAL = "collection.partial"
FLUSH_IDLE_SECONDS = 1.0
FLUSH_SECONDS = 5.0  # a Qdrant server's own flush interval; a crash of the process loses nothing in between (WAL)
VACUUM_IDLE_SECONDS = 60.0  # vacuum freezes the process for about 60 us a point: only when nobody seems to need it

_NAME = re.compile(r'[^<>:"/\\|?*\x00-\x1f. ][^<>:"/\\|?*\x00-\x1f ]{0,199}')


class Collection:
    """One collection: its engine shard and the configuration it was created with."""

    def __init__(self, shard: EdgeShard, config: dict[str, Any]) -> None:
        self.config = config
        self.vectors = configs.vector_kinds(config)
        self.operations = 0
        self._shard = shard
        self._dirty = False
        self._loose = False
        self._flushed_at = self._used_at = time.monotonic()

    @property
    def shard(self) -> EdgeShard:
        """The shard, for reading."""
        self._used_at = time.monotonic()
        return self._shard

    def update(self, operation: Any) -> int:
        """Apply one operation; returns its number. It survives a kill of the process from here on."""
        self._dirty = self._loose = True
        self._used_at = time.monotonic()
        self._shard.update(operation)
        self.operations += 1
        return self.operations

    def look_after(self, now: float) -> None:
        """Flush what has been written when there is time, or at the latest after FLUSH_SECONDS; vacuum when idle."""
        idle = now - self._used_at
        if self._dirty and (idle >= FLUSH_IDLE_SECONDS or now - self._flushed_at >= FLUSH_SECONDS):
            self._flush()
        if self._loose and idle >= VACUUM_IDLE_SECONDS:
            self._loose = False
            # Does nothing unless a good part of a segment is deleted points (see configs.engine).
            self._dirty = self._shard.optimize()

    def close(self) -> None:
        """Flush and let go of the files."""
        self._flush()
        self._shard.close()

    def _flush(self) -> None:
        self._shard.flush()
        self._dirty = False
        self._flushed_at = time.monotonic()


class Collections:
    """All collections below one folder, by name. The caller holds the folder's lock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open: dict[str, Collection] = {}
        for folder in sorted(path.iterdir()):
            if not folder.is_dir():
                continue
            if not (folder / CONFIG).exists():
                _remove_leftover(folder)
                continue
            shard = EdgeShard.load(str(folder / SHARD))
            self._open[folder.name] = Collection(shard, json.loads((folder / CONFIG).read_text()))

    def __iter__(self) -> Iterator[str]:
        return iter(self._open)

    def __contains__(self, name: str) -> bool:
        return name in self._open

    def get(self, name: str) -> Collection:
        """The collection of that name; UnknownCollection if there is none."""
        try:
            return self._open[name]
        except KeyError:
            raise UnknownCollection(name) from None

    def create(self, name: str, body: Any) -> None:
        """Create a collection from the body of a create request."""
        if name in self._open:
            raise CollectionExists(name)
        if not _NAME.fullmatch(name):
            raise BadRequest(f"Wrong input: `{name[:300]}` is no name for a collection")
        config = configs.read(body)
        folder = self._path / name
        (folder / SHARD).mkdir(parents=True)
        shard = EdgeShard.create(str(folder / SHARD), configs.engine(config))
        shard.flush()
        _write_whole(folder / CONFIG, json.dumps(config))
        self._open[name] = Collection(shard, config)

    def delete(self, name: str) -> bool:
        """Delete a collection with all its points; False if there is none."""
        collection = self._open.pop(name, None)
        if collection is None:
            return False
        (self._path / name / CONFIG).unlink()
        collection.close()
        shutil.rmtree(self._path / name)
        return True

    def look_after(self, now: float) -> None:
        """To be called about once a second with the monotonic time: flushes and vacuums where it is due."""
        for collection in self._open.values():
            collection.look_after(now)

    def close(self) -> None:
        """Flush and close everything."""
        while self._open:
            self._open.popitem()[1].close()


def _remove_leftover(folder: Path) -> None:
    """A creation or a deletion that was cut off: CONFIG comes last and goes first. What is not ours stays."""
    if {entry.name for entry in folder.iterdir()} <= {SHARD, _PARTIAL}:
        shutil.rmtree(folder)


def _write_whole(path: Path, text: str) -> None:
    """The file is there with all of its text or not at all, also after a power cut."""
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

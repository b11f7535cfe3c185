"""Blobs anywhere fsspec can write."""

import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from ingest.blobs.staging import BLOCK, Staged, blocks_of, stage
from ingest.errors import DependencyDown, IngestError

READ_AHEAD = 8 * BLOCK


class FsspecBlobs:
    """Blobs behind a URL: `gs://...`, `memory://...`. What `names` lists is listed at once."""

    def __init__(self, url: str, **options: Any) -> None:
        import fsspec

        # What other processes write and delete must be seen: no listing is remembered.
        self._fs, self._root = fsspec.core.url_to_fs(url, use_listings_cache=False, **options)

    def staged(self, blocks: Iterable[bytes], *, max_bytes: int) -> AbstractContextManager[Staged]:
        return stage(blocks, max_bytes, None)

    def keep(self, staged: Staged, name: str) -> None:
        with self._writing():
            self._make_room(name)
            self._fs.put_file(str(staged.path), self._path(name))

    def put(self, name: str, data: bytes) -> None:
        with self._writing():
            self._make_room(name)
            self._fs.pipe_file(self._path(name), data)

    def read(self, name: str) -> bytes:
        with self._reading():
            return bytes(self._fs.cat_file(self._path(name)))

    def blocks(self, name: str) -> Iterator[bytes]:
        with self._reading():
            file = self._fs.open(self._path(name), "rb", block_size=READ_AHEAD)
        return self._rest(file)

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "blob"
            with self._reading():
                self._fs.get_file(self._path(name), str(path))
            yield path

    def age_seconds(self, name: str) -> float:
        with self._reading():
            return time.time() - float(self._fs.modified(self._path(name)).timestamp())

    def delete(self, name: str) -> None:
        with suppress(FileNotFoundError), self._reading():
            self._fs.rm_file(self._path(name))

    def names(self, prefix: str) -> Iterator[str]:
        with self._reading():
            path = self._path(prefix)
            found = self._fs.find(path.rstrip("/")) if prefix.endswith("/") else self._fs.glob(f"{path}*")
        root = self._root.rstrip("/") + "/"
        yield from (path.removeprefix(root) for path in found)

    def ping(self) -> None:
        with self._reading():
            self._fs.exists(self._path("ping"))

    def tidy(self) -> None:
        """Nothing: bytes wait in the system's folder for temporary files, which the system clears."""

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"

    def _make_room(self, name: str) -> None:
        self._fs.makedirs(self._path(name.rpartition("/")[0]), exist_ok=True)

    def _rest(self, file: Any) -> Iterator[bytes]:
        with self._reading():
            yield from blocks_of(file)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Every system has errors of its own, and all but one of them mean that it does not do what it should."""
        try:
            yield
        except (FileNotFoundError, IngestError):
            raise
        except Exception as exc:
            raise DependencyDown("blobs", _words(exc)) from exc

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            with self._reading():
                yield
        except FileNotFoundError as exc:
            raise DependencyDown("blobs", _words(exc)) from exc


def _words(exc: Exception) -> str:
    return " ".join(str(exc).split()) or type(exc).__name__

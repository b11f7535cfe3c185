"""`FsspecBlobs`: blobs in any storage that fsspec supports."""

import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any

from ingest.blobs.staging import BLOCK_BYTES, StagedFile, read_blocks, stage_file
from ingest.errors import DependencyDown, IngestError

READ_AHEAD_BYTES = 8 * BLOCK_BYTES


class FsspecBlobs:
    """Blobs behind a URL (`gs://...`, `memory://...`). `list_keys` loads the whole listing into memory."""

    def __init__(self, url: str, **options: Any) -> None:
        import fsspec

        # Listings are not cached, because other processes write and delete too.
        self._fs, self._root = fsspec.core.url_to_fs(url, use_listings_cache=False, **options)

    def stage(self, blocks: Iterable[bytes], *, max_bytes: int) -> AbstractContextManager[StagedFile]:
        return stage_file(blocks, max_bytes, None)

    def store(self, staged: StagedFile, key: str) -> None:
        with self._translate_write_errors():
            self._make_folder(key)
            self._fs.put_file(str(staged.path), self._path(key))

    def write(self, key: str, data: bytes) -> None:
        with self._translate_write_errors():
            self._make_folder(key)
            self._fs.pipe_file(self._path(key), data)

    def read(self, key: str) -> bytes:
        with self._translate_errors():
            return bytes(self._fs.cat_file(self._path(key)))

    def stream(self, key: str) -> Iterator[bytes]:
        with self._translate_errors():
            file = self._fs.open(self._path(key), "rb", block_size=READ_AHEAD_BYTES)
        return self._stream_open_file(file)

    @contextmanager
    def local_file(self, key: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "blob"
            with self._translate_errors():
                self._fs.get_file(self._path(key), str(path))
            yield path

    def age_seconds(self, key: str) -> float:
        with self._translate_errors():
            return time.time() - float(self._fs.modified(self._path(key)).timestamp())

    def delete(self, key: str) -> None:
        with suppress(FileNotFoundError), self._translate_errors():
            self._fs.rm_file(self._path(key))

    def list_keys(self, prefix: str) -> Iterator[str]:
        with self._translate_errors():
            path = self._path(prefix)
            paths = self._fs.find(path.rstrip("/")) if prefix.endswith("/") else self._fs.glob(f"{path}*")
        root = self._root.rstrip("/") + "/"
        yield from (path.removeprefix(root) for path in paths)

    def list_sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        with self._translate_errors():
            path = self._path(prefix)
            find = self._fs.find if prefix.endswith("/") else self._fs.glob
            found = find(path.rstrip("/") if prefix.endswith("/") else f"{path}*", detail=True)
        root = self._root.rstrip("/") + "/"
        yield from ((path.removeprefix(root), int(facts["size"])) for path, facts in found.items())

    def size(self, key: str) -> int:
        with self._translate_errors():
            return int(self._fs.info(self._path(key))["size"])

    def ping(self) -> None:
        with self._translate_errors():
            self._fs.exists(self._path("ping"))

    def delete_stale_partials(self) -> None:
        """Do nothing: staged files are in the system's folder for temporary files, which the system clears."""

    def _path(self, key: str) -> str:
        return f"{self._root.rstrip('/')}/{key}"

    def _make_folder(self, key: str) -> None:
        self._fs.makedirs(self._path(key.rpartition("/")[0]), exist_ok=True)

    def _stream_open_file(self, file: Any) -> Iterator[bytes]:
        with self._translate_errors():
            yield from read_blocks(file)

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        """Raise DependencyDown for every error but FileNotFoundError: each file system has its own exceptions."""
        try:
            yield
        except (FileNotFoundError, IngestError):
            raise
        except Exception as exc:
            raise DependencyDown("blobs", _message(exc)) from exc

    @contextmanager
    def _translate_write_errors(self) -> Iterator[None]:
        try:
            with self._translate_errors():
                yield
        except FileNotFoundError as exc:
            raise DependencyDown("blobs", _message(exc)) from exc


def _message(exc: Exception) -> str:
    return " ".join(str(exc).split()) or type(exc).__name__

"""`FolderBlobs`: blobs in a folder, on a local disk or shared by several machines."""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from ingest.blobs.staging import StagedFile, read_blocks, stage_file, sync_file, sync_folder, translate_os_errors
from ingest.errors import DependencyDown
from ingest.runtime import disk_space

STALE_PARTIAL_SECONDS = 3_600.0
"""Time since the last write after which the writer of a staged file is presumed dead."""


class FolderBlobs:
    """Blobs as files, spread over 256 subfolders by the first two digits of the hash."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._partial = root / "partial"
        with translate_os_errors():
            self._partial.mkdir(parents=True, exist_ok=True)

    def stage(self, blocks: Iterable[bytes], *, max_bytes: int) -> AbstractContextManager[StagedFile]:
        return stage_file(blocks, max_bytes, self._partial)

    def store(self, staged: StagedFile, key: str) -> None:
        # On the disk before the row of the file is committed, so that no power failure leaves a row without its bytes.
        # Threads sync at the same time, and the file system writes their journal entries at once.
        with translate_os_errors():
            sync_file(staged.path)
            self._move(staged.path, key)
            sync_folder(self._path(key).parent)

    def write(self, key: str, data: bytes) -> None:
        # Not synced: these are texts that can be parsed again.
        with stage_file([data], len(data), self._partial) as staged, translate_os_errors():
            self._move(staged.path, key)

    def read(self, key: str) -> bytes:
        with translate_os_errors():
            return self._path(key).read_bytes()

    def stream(self, key: str) -> Iterator[bytes]:
        with translate_os_errors():
            return read_blocks(self._path(key).open("rb"))

    @contextmanager
    def local_file(self, key: str) -> Iterator[Path]:
        path = self._path(key)
        if not path.exists():
            raise FileNotFoundError(key)
        yield path

    def age_seconds(self, key: str) -> float:
        with translate_os_errors():
            return time.time() - self._path(key).stat().st_mtime

    def delete(self, key: str) -> None:
        with translate_os_errors():
            self._path(key).unlink(missing_ok=True)

    def list_keys(self, prefix: str) -> Iterator[str]:
        for _, key_folder, files in self._walk(prefix):
            yield from (f"{key_folder}/{file}" for file in files)

    def list_sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        with translate_os_errors():
            for folder, key_folder, files in self._walk(prefix):
                for file in files:
                    with suppress(FileNotFoundError):  # deleted since it was listed
                        yield f"{key_folder}/{file}", os.stat(f"{folder}/{file}").st_size

    def size(self, key: str) -> int:
        with translate_os_errors():
            return self._path(key).stat().st_size

    def ping(self) -> None:
        with translate_os_errors():
            try:
                disk_space.check_writable(self._partial)
                disk_space.check_room(self._partial)
            except FileNotFoundError as exc:
                raise DependencyDown("blobs", "the folder is gone") from exc

    def delete_stale_partials(self) -> None:
        for path in self._partial.iterdir():
            with suppress(FileNotFoundError), translate_os_errors():  # its writer may have finished meanwhile
                if time.time() - path.stat().st_mtime > STALE_PARTIAL_SECONDS:
                    path.unlink()

    def _walk(self, prefix: str) -> Iterator[tuple[str, str, list[str]]]:
        """Yield each folder with blobs that begin with a prefix, the key of its blobs without their names, and the names."""
        top, _, start = prefix.rpartition("/")
        for folder, _, files in os.walk(self._path(prefix).parent if start[1:] else self._root / top):
            key_folder = Path(folder).parent.relative_to(self._root).as_posix()
            yield folder, key_folder, [file for file in files if file.startswith(start)]

    def _path(self, key: str) -> Path:
        folder, _, file = key.rpartition("/")
        return self._root / folder / file[:2] / file

    def _move(self, source: Path, key: str) -> None:
        # Replacing an existing blob by equal bytes also resets its age, which protects it from garbage collection.
        path = self._path(key)
        try:
            source.replace(path)
        except FileNotFoundError:  # the first blob in its folder
            path.parent.mkdir(parents=True, exist_ok=True)
            sync_folder(path.parent.parent)
            source.replace(path)

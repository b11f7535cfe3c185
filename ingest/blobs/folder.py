"""Blobs in a folder, of this machine or shared by several."""

import os
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from ingest.blobs.staging import Staged, blocks_of, stage, translated
from ingest.errors import DependencyDown

UNFINISHED_SECONDS = 3_600.0
"""A file that nobody has written to for so long has lost its writer."""


class FolderBlobs:
    """Blobs in a folder, spread over 256 subfolders by the first digits of the hash."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._partial = root / "partial"
        self._partial.mkdir(parents=True, exist_ok=True)

    def staged(self, blocks: Iterable[bytes], *, max_bytes: int) -> AbstractContextManager[Staged]:
        return stage(blocks, max_bytes, self._partial)

    def keep(self, staged: Staged, name: str) -> None:
        with translated():
            self._move(staged.path, name)

    def put(self, name: str, data: bytes) -> None:
        with stage([data], len(data), self._partial) as staged:
            self.keep(staged, name)

    def read(self, name: str) -> bytes:
        with translated():
            return self._path(name).read_bytes()

    def blocks(self, name: str) -> Iterator[bytes]:
        with translated():
            return blocks_of(self._path(name).open("rb"))

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        path = self._path(name)
        if not path.exists():
            raise FileNotFoundError(name)
        yield path

    def age_seconds(self, name: str) -> float:
        with translated():
            return time.time() - self._path(name).stat().st_mtime

    def delete(self, name: str) -> None:
        with translated():
            self._path(name).unlink(missing_ok=True)

    def names(self, prefix: str) -> Iterator[str]:
        top, _, start = prefix.rpartition("/")
        for folder, _, files in os.walk(self._path(prefix).parent if start[1:] else self._root / top):
            inside = Path(folder).parent.relative_to(self._root).as_posix()
            yield from (f"{inside}/{file}" for file in files if file.startswith(start))

    def ping(self) -> None:
        with translated():
            try:
                os.statvfs(self._partial)
            except FileNotFoundError as exc:
                raise DependencyDown("blobs", "the folder is gone") from exc

    def tidy(self) -> None:
        for path in self._partial.iterdir():
            with suppress(FileNotFoundError), translated():  # its writer may still have been alive
                if time.time() - path.stat().st_mtime > UNFINISHED_SECONDS:
                    path.unlink()

    def _path(self, name: str) -> Path:
        folder, _, file = name.rpartition("/")
        return self._root / folder / file[:2] / file

    def _move(self, source: Path, name: str) -> None:
        # A blob that is there already is replaced by equal bytes, which also makes it young again.
        path = self._path(name)
        try:
            source.replace(path)
        except FileNotFoundError:  # the first one in its folder
            path.parent.mkdir(parents=True, exist_ok=True)
            source.replace(path)

"""Bytes at rest: uploaded files under the hash of their content, and the text parsed from them."""

import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ingest.config import Settings
from ingest.errors import DependencyDown, TooLarge

BLOCK = 2**20

UNFINISHED_SECONDS = 3_600.0
"""A file that nobody has written to for so long has lost its writer."""


@dataclass(frozen=True)
class Staged:
    """Bytes that have arrived: their SHA-256 (hex, the blob's name), their number, and the file they wait in."""

    sha256: str
    size: int
    path: Path


class Blobs(Protocol):
    """Where bytes are kept. A name is `raw/<sha256>`, `text/<version>/<sha256>` or `part/<hex digits of the id>`.

    Every method raises DependencyDown("blobs") when the place cannot be reached or is full, and FileNotFoundError for
    a name that is not there.
    """

    def staged(self, blocks: Iterable[bytes], *, max_bytes: int) -> "AbstractContextManager[Staged]":
        """Bytes as they arrive, on disk but not yet kept; TooLarge when there are more than `max_bytes`."""

    def keep(self, staged: "Staged", name: str) -> None:
        """Keep staged bytes under a name, as a whole or not at all. Once only: they may have been moved there."""

    def put(self, name: str, data: bytes) -> None:
        """Keep `data` under a name, as a whole or not at all."""

    def read(self, name: str) -> bytes:
        """All bytes of a blob."""

    def blocks(self, name: str) -> Iterator[bytes]:
        """The bytes of a blob in blocks of at most a MiB. It is opened before this returns."""

    def local(self, name: str) -> AbstractContextManager[Path]:
        """A blob as a file on this machine, for as long as the context lasts. Not to be changed."""

    def age_seconds(self, name: str) -> float:
        """Seconds since the blob was last written."""

    def delete(self, name: str) -> None:
        """Remove a blob; no error when it is not there."""

    def names(self, prefix: str) -> Iterator[str]:
        """The names of all blobs below a prefix such as `raw/`."""

    def ping(self) -> None:
        """Only raise when the place cannot be reached."""

    def tidy(self) -> None:
        """Remove what killed writers left unfinished more than an hour ago."""


def raw(sha256: str) -> str:
    """The name of an uploaded file's bytes."""
    return f"raw/{sha256}"


def part(part_id: str) -> str:
    """The name of the bytes of an upload's part."""
    return f"part/{part_id.removeprefix('part_')}"


def connect(settings: Settings) -> Blobs:
    """The blobs that the settings name: a folder, or whatever fsspec knows by a URL."""
    location = settings.blobs_location
    if "://" in location and not location.startswith("file://"):
        return FsspecBlobs(location)
    return FolderBlobs(Path(location.removeprefix("file://")))


class FolderBlobs:
    """Blobs in a folder, spread over 256 subfolders by the first digits of the hash."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._partial = root / "partial"
        self._partial.mkdir(parents=True, exist_ok=True)

    def staged(self, blocks: Iterable[bytes], *, max_bytes: int) -> AbstractContextManager[Staged]:
        return _staged(blocks, max_bytes, self._partial)

    def keep(self, staged: Staged, name: str) -> None:
        with _translated():
            self._move(staged.path, name)

    def put(self, name: str, data: bytes) -> None:
        with _staged([data], len(data), self._partial) as staged:
            self.keep(staged, name)

    def read(self, name: str) -> bytes:
        with _translated():
            return self._path(name).read_bytes()

    def blocks(self, name: str) -> Iterator[bytes]:
        with _translated():
            return _blocks(self._path(name).open("rb"))

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        path = self._path(name)
        if not path.exists():
            raise FileNotFoundError(name)
        yield path

    def age_seconds(self, name: str) -> float:
        with _translated():
            return time.time() - self._path(name).stat().st_mtime

    def delete(self, name: str) -> None:
        with _translated():
            self._path(name).unlink(missing_ok=True)

    def names(self, prefix: str) -> Iterator[str]:
        for folder, _, files in os.walk(self._root / prefix):
            inside = Path(folder).parent.relative_to(self._root).as_posix()
            yield from (f"{inside}/{file}" for file in files)

    def ping(self) -> None:
        with _translated():
            try:
                os.statvfs(self._partial)
            except FileNotFoundError as exc:
                raise DependencyDown("blobs", "the folder is gone") from exc

    def tidy(self) -> None:
        for path in self._partial.iterdir():
            with suppress(FileNotFoundError), _translated():  # its writer may still have been alive
                if time.time() - path.stat().st_mtime > UNFINISHED_SECONDS:
                    path.unlink()

    def _path(self, name: str) -> Path:
        folder, _, file = name.rpartition("/")
        return self._root / folder / file[:2] / file

    def _move(self, source: Path, name: str) -> None:
        # A blob that is there already is replaced by equal bytes, which also makes it young again.
        path = self._path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        source.replace(path)


class FsspecBlobs:
    """Blobs anywhere fsspec can write: `s3://bucket/prefix`, `gs://...`, `memory://...`."""

    def __init__(self, url: str) -> None:
        import fsspec

        self._fs, self._root = fsspec.core.url_to_fs(url)

    def staged(self, blocks: Iterable[bytes], *, max_bytes: int) -> AbstractContextManager[Staged]:
        return _staged(blocks, max_bytes, None)

    def keep(self, staged: Staged, name: str) -> None:
        with _translated():
            self._fs.makedirs(self._path(name.rpartition("/")[0]), exist_ok=True)
            self._fs.put_file(str(staged.path), self._path(name))

    def put(self, name: str, data: bytes) -> None:
        with _translated():
            self._fs.makedirs(self._path(name.rpartition("/")[0]), exist_ok=True)
            self._fs.pipe_file(self._path(name), data)

    def read(self, name: str) -> bytes:
        with _translated():
            return bytes(self._fs.cat_file(self._path(name)))

    def blocks(self, name: str) -> Iterator[bytes]:
        with _translated():
            file = self._fs.open(self._path(name), "rb")
        return _blocks(file)

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "blob"
            with _translated():
                self._fs.get_file(self._path(name), str(path))
            yield path

    def age_seconds(self, name: str) -> float:
        with _translated():
            return time.time() - float(self._fs.modified(self._path(name)).timestamp())

    def delete(self, name: str) -> None:
        with suppress(FileNotFoundError), _translated():
            self._fs.rm_file(self._path(name))

    def names(self, prefix: str) -> Iterator[str]:
        with _translated():
            found = self._fs.find(self._path(prefix.rstrip("/")))
        root = self._root.rstrip("/") + "/"
        yield from (path.removeprefix(root) for path in found)

    def ping(self) -> None:
        with _translated():
            self._fs.exists(self._path("ping"))

    def tidy(self) -> None:
        """Nothing: bytes wait in the system's folder for temporary files, which the system clears."""

    def _path(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"


@contextmanager
def _staged(blocks: Iterable[bytes], max_bytes: int, folder: Path | None) -> Iterator[Staged]:
    digest, size = hashlib.sha256(), 0
    with _translated():
        file = tempfile.NamedTemporaryFile(dir=folder, delete=False)  # noqa: SIM115 - closed below, removed at the end
    path = Path(file.name)
    try:
        with _translated(), file:
            for block in blocks:
                size += len(block)
                if size > max_bytes:
                    raise TooLarge(f"File is too large: at most {max_bytes:,} bytes are accepted.", param="file")
                digest.update(block)
                file.write(block)
        yield Staged(digest.hexdigest(), size, path)
    finally:
        path.unlink(missing_ok=True)


def _blocks(file: Any) -> Iterator[bytes]:
    with file:
        while block := file.read(BLOCK):
            yield block


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as exc:
        raise DependencyDown("blobs", exc.strerror or type(exc).__name__) from exc

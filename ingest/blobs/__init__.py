"""Bytes at rest: uploaded files under the hash of their content, and the text parsed from them."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from ingest.blobs.folder import FolderBlobs
from ingest.blobs.remote import FsspecBlobs
from ingest.blobs.s3 import S3Blobs
from ingest.blobs.staging import BLOCK, Staged
from ingest.config import Settings

__all__ = [
    "BLOCK",
    "Blobs",
    "FolderBlobs",
    "FsspecBlobs",
    "S3Blobs",
    "Staged",
    "connect",
    "part",
    "raw",
    "text",
    "texts",
]


class Blobs(Protocol):
    """Where bytes are kept. A name is `raw/<sha256>`, `text/<sha256>-...` or `part/<hex digits of the id>`.

    Every method raises DependencyDown("blobs") when the place cannot be reached or is full, and FileNotFoundError for
    a name that is not there.
    """

    def staged(self, blocks: Iterable[bytes], *, max_bytes: int) -> AbstractContextManager[Staged]:
        """Bytes as they arrive, on disk but not yet kept; TooLarge when there are more than `max_bytes`."""

    def keep(self, staged: Staged, name: str) -> None:
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
        """The names of all blobs that begin with a prefix: `raw/`, or that of the texts of one file's bytes."""

    def ping(self) -> None:
        """Only raise when the place cannot be reached."""

    def tidy(self) -> None:
        """Remove what killed writers left unfinished more than an hour ago."""


def raw(sha256: str) -> str:
    """The name of an uploaded file's bytes."""
    return f"raw/{sha256}"


def text(sha256: str, version: str, extension: str) -> str:
    """The name of the text that a version of the parser found in bytes under an extension."""
    return f"{texts(sha256)}{version}-{extension}"


def texts(sha256: str) -> str:
    """With which the names of all texts of the same bytes begin."""
    return f"text/{sha256}-"


def part(part_id: str) -> str:
    """The name of the bytes of an upload's part."""
    return f"part/{part_id.removeprefix('part_')}"


def connect(settings: Settings) -> Blobs:
    """The blobs that the settings name: a folder, a bucket of S3, or whatever else fsspec knows by a URL."""
    location = settings.blobs_location
    if location.startswith(("s3://", "s3a://")):
        return S3Blobs(location)
    if "://" in location and not location.startswith("file://"):
        return FsspecBlobs(location)
    return FolderBlobs(Path(location.removeprefix("file://")))

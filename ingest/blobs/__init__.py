"""Blob storage: uploaded files under the hash of their content, the text parsed from them, and parts of uploads.

`Blobs` is the protocol, with one implementation for a folder and two for buckets. Which blobs may be deleted, and when,
is decided in `ingest/db/content` and `ingest/stores/unclaimed_blobs.py`.
"""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from ingest.blobs.folder import FolderBlobs
from ingest.blobs.remote import FsspecBlobs
from ingest.blobs.s3 import S3Blobs
from ingest.blobs.staging import BLOCK_BYTES, StagedFile
from ingest.blobs.verified import verified
from ingest.config import Settings

__all__ = [
    "BLOCK_BYTES",
    "Blobs",
    "FolderBlobs",
    "FsspecBlobs",
    "S3Blobs",
    "StagedFile",
    "connect",
    "part_key",
    "raw_key",
    "text_key",
    "text_prefix",
    "verified",
]


class Blobs(Protocol):
    """A store of bytes by key. A key is `raw/<sha256>`, `text/<sha256>-...` or `part/<hex digits of the part's id>`.

    Every method raises DependencyDown("blobs") if the storage cannot be reached or is full, and FileNotFoundError if
    the key does not exist. `tests/contracts/test_blobs.py` holds every implementation to this.
    """

    def stage(self, blocks: Iterable[bytes], *, max_bytes: int) -> AbstractContextManager[StagedFile]:
        """Write arriving bytes to a local file and delete it at the end of the context, unless it was stored.

        Raises TooLarge if there are more than `max_bytes`.
        """

    def store(self, staged: StagedFile, key: str) -> None:
        """Store staged bytes under a key, atomically: they survive a power failure from now on.

        Call it once: the staged file may be moved.
        """

    def write(self, key: str, data: bytes) -> None:
        """Store `data` under a key, atomically. In a folder, a power failure may lose bytes that were just written."""

    def read(self, key: str) -> bytes:
        """Return all bytes of a blob."""

    def stream(self, key: str) -> Iterator[bytes]:
        """Open a blob and return its bytes in blocks of at most 1 MiB. A missing key is reported at once."""

    def local_file(self, key: str) -> AbstractContextManager[Path]:
        """Provide a blob as a local file while the context lasts. The caller must not change the file."""

    def age_seconds(self, key: str) -> float:
        """Return the seconds since the blob was last written."""

    def delete(self, key: str) -> None:
        """Delete a blob. Does nothing if the key does not exist."""

    def list_keys(self, prefix: str) -> Iterator[str]:
        """Yield the keys that begin with a prefix: `raw/`, `text/`, `part/` or a `text_prefix`."""

    def list_sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Yield the keys that begin with a prefix, with the numbers of their bytes."""

    def size(self, key: str) -> int:
        """Return the number of bytes of a blob."""

    def ping(self) -> None:
        """Check that the storage can be reached, and that a folder can be written and is not full."""

    def delete_stale_partials(self) -> None:
        """Delete staged files that a killed writer left more than an hour ago."""


def raw_key(sha256: str) -> str:
    """Return the key of an uploaded file's bytes."""
    return f"raw/{sha256}"


def text_key(sha256: str, version: str, extension: str) -> str:
    """Return the key of the text that a parser version extracted from a file with this extension."""
    return f"{text_prefix(sha256)}{version}-{extension}"


def text_prefix(sha256: str) -> str:
    """Return the prefix of the keys of all texts of the same bytes."""
    return f"text/{sha256}-"


def part_key(part_id: str) -> str:
    """Return the key of the bytes of an upload's part."""
    return f"part/{part_id.removeprefix('part_')}"


def connect(settings: Settings) -> Blobs:
    """Return the storage of the settings: a folder, an S3 bucket, or any other URL that fsspec supports."""
    location = settings.blobs_location
    if location.startswith(("s3://", "s3a://")):
        return S3Blobs(location)
    if "://" in location and not location.startswith("file://"):
        return FsspecBlobs(location)
    return FolderBlobs(Path(location.removeprefix("file://")))

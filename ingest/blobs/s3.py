"""Blobs in a bucket of S3, or of what speaks its protocol (AWS_ENDPOINT_URL)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ingest.blobs.remote import FsspecBlobs
from ingest.blobs.staging import BLOCK, Staged
from ingest.errors import DependencyDown

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 10.0
TRIES = 2
"""Of one request; what then still fails is tried again by whoever wanted it."""

PART = 8 * BLOCK
"""Larger files are sent in parts of so many bytes, one after the other: what is in memory at once."""


class S3Blobs(FsspecBlobs):
    """Blobs at `s3://bucket/prefix`. The bucket has to be there; the key may list, read, write and delete in it."""

    def __init__(self, url: str) -> None:
        patience = {
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": ANSWER_SECONDS,
            "retries": {"mode": "standard", "total_max_attempts": TRIES},
        }
        # One request at a time, each with these tries: the library's own on top of them would take minutes.
        super().__init__(url, config_kwargs=patience, max_concurrency=1, skip_instance_cache=True)
        self._fs.retries = 1
        self._bucket, _, self._prefix = self._root.strip("/").partition("/")

    def keep(self, staged: Staged, name: str) -> None:
        with self._writing():
            self._fs.put_file(str(staged.path), self._path(name), chunksize=PART)

    def names(self, prefix: str) -> Iterator[str]:
        """A page of the listing at a time."""
        above = f"{self._prefix}/" if self._prefix else ""
        asked: dict[str, Any] = {"Bucket": self._bucket, "Prefix": above + prefix}
        while True:
            with self._reading():
                page = self._fs.call_s3("list_objects_v2", **asked)
            yield from (each["Key"].removeprefix(above) for each in page.get("Contents", ()))
            if not page.get("IsTruncated"):
                return
            asked["ContinuationToken"] = page["NextContinuationToken"]

    def ping(self) -> None:
        with self._reading():
            self._fs.call_s3("list_objects_v2", Bucket=self._bucket, MaxKeys=1)

    def _make_room(self, name: str) -> None:
        """Nothing: there are no folders, and no bucket shall be made by mistake."""

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            with super()._reading():
                yield
        except FileNotFoundError as exc:
            answer = getattr(exc.__cause__, "response", {})
            if answer.get("Error", {}).get("Code") == "NoSuchBucket":
                raise DependencyDown("blobs", f"there is no bucket {self._bucket}") from exc
            raise

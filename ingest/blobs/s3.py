"""`S3Blobs`: blobs in a bucket of S3 or of a compatible server (AWS_ENDPOINT_URL)."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ingest.blobs.remote import FsspecBlobs
from ingest.blobs.staging import BLOCK_BYTES, StagedFile
from ingest.errors import DependencyDown

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
MAX_ATTEMPTS = 2
"""Tries of one request. After that the caller decides about a retry."""

PART_BYTES = 8 * BLOCK_BYTES
"""Larger files are sent in parts of this size, one after the other, so this bounds the memory."""


class S3Blobs(FsspecBlobs):
    """Blobs at `s3://bucket/prefix`. The bucket must exist; the access key needs to list, read, write and delete."""

    def __init__(self, url: str) -> None:
        client_options = {
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": READ_SECONDS,
            "retries": {"mode": "standard", "total_max_attempts": MAX_ATTEMPTS},
        }
        # One request at a time and no retries by s3fs: on top of those of the client they would take minutes.
        super().__init__(url, config_kwargs=client_options, max_concurrency=1, skip_instance_cache=True)
        self._fs.retries = 1
        self._bucket, _, self._prefix = self._root.strip("/").partition("/")

    def store(self, staged: StagedFile, key: str) -> None:
        with self._translate_write_errors():
            self._fs.put_file(str(staged.path), self._path(key), chunksize=PART_BYTES)

    def list_keys(self, prefix: str) -> Iterator[str]:
        """Yield keys one page of the listing at a time."""
        yield from (key for key, _ in self.list_sizes(prefix))

    def list_sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        root = f"{self._prefix}/" if self._prefix else ""
        request: dict[str, Any] = {"Bucket": self._bucket, "Prefix": root + prefix}
        while True:
            with self._translate_errors():
                page = self._fs.call_s3("list_objects_v2", **request)
            yield from ((item["Key"].removeprefix(root), int(item["Size"])) for item in page.get("Contents", ()))
            if not page.get("IsTruncated"):
                return
            request["ContinuationToken"] = page["NextContinuationToken"]

    def ping(self) -> None:
        with self._translate_errors():
            self._fs.call_s3("list_objects_v2", Bucket=self._bucket, MaxKeys=1)

    def _make_folder(self, key: str) -> None:
        """Do nothing: S3 has no folders, and `makedirs` would create a missing bucket."""

    @contextmanager
    def _translate_errors(self) -> Iterator[None]:
        try:
            with super()._translate_errors():
                yield
        except FileNotFoundError as exc:
            answer = getattr(exc.__cause__, "response", {})
            if answer.get("Error", {}).get("Code") == "NoSuchBucket":
                raise DependencyDown("blobs", f"there is no bucket {self._bucket}") from exc
            raise

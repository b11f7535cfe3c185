"""Blobs that no file has: those of uploads in progress, and those that deleted files and crashed processes leave.

Bytes are stored before their file exists, so that no transaction waits for the blob store. A reservation protects them
until then (ingest/db/content/unclaimed_blobs.py).
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from ingest.blobs import StagedFile, raw_key, text_prefix
from ingest.db import locks
from ingest.db.content import files as file_rows
from ingest.db.content import unclaimed_blobs as rows
from ingest.errors import DependencyDown, RequestError
from ingest.services import Services

DELETION_SECONDS = 60.0
"""How long one deletion may take, with its retries in a bucket, while it holds the lock of the blob."""


@contextmanager
def store_reserved(services: Services, staged: StagedFile) -> Iterator[int]:
    """Store staged bytes and yield their reservation, which a file must claim (`files.add_file`) within the block.

    If the block raises, the bytes are deleted. If the process crashes, maintenance deletes them after an hour.
    """
    with services.database.transaction() as session:
        reservation = rows.reserve(session, staged.sha256)
    services.blobs.store(staged, raw_key(staged.sha256))
    try:
        yield reservation
    except RequestError:
        release_reservation(services, reservation, staged.sha256)
        raise
    except DependencyDown:
        # The reservation may have timed out before the bytes were stored. Then no row leads maintenance to them.
        with suppress(DependencyDown):
            release_reservation(services, reservation, staged.sha256)
        raise


def release_reservation(services: Services, reservation: int, blob: str) -> None:
    """End a reservation, and delete the bytes unless a file has them."""
    with services.database.transaction() as session:
        rows.release(session, reservation)
    delete_blob_if_unreferenced(services, blob)


def delete_blob_if_unreferenced(services: Services, blob: str) -> None:
    """Delete a blob and its parsed texts, unless a file or a reservation refers to it."""
    with services.database.transaction() as session:
        locks.set_idle_timeout(session, DELETION_SECONDS)
        rows.lock_blob(session, blob)
        if not file_rows.is_blob_used(session, blob) and not rows.is_reserved(session, blob):
            for key in [*services.blobs.list_keys(text_prefix(blob)), raw_key(blob)]:
                # Raises if the lock was lost with its connection: an upload of the same bytes may have begun since.
                rows.lock_blob(session, blob)
                services.blobs.delete(key)
        rows.remove(session, blob)


def delete_unclaimed_blobs(services: Services, limit: int) -> None:
    """Delete up to `limit` blobs that have neither a file nor a valid reservation."""
    with services.database.reading() as session:
        blobs = rows.list_unreserved(session, limit)
    for blob in blobs:
        delete_blob_if_unreferenced(services, blob)

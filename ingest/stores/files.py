"""Uploaded files (deploy/docs/api-contract.md section 2)."""

import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import chain

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ingest import ids
from ingest.blobs import StagedFile, raw_key, verified
from ingest.caller import Caller
from ingest.db.content import files as rows
from ingest.db.content import imported_files
from ingest.db.content import unclaimed_blobs as blob_rows
from ingest.db.models import File
from ingest.db.pages import Page, Window
from ingest.db.queue import membership
from ingest.db.session import read_clock
from ingest.db.tenancy import quotas
from ingest.errors import Abandoned, DamagedFile, DependencyDown, NotFound
from ingest.services import Services
from ingest.stores.unclaimed_blobs import delete_blob_if_unreferenced, store_reserved

MAX_FILENAME_CHARACTERS = 255

BATCH_PURPOSE_EXPIRES_AFTER_SECONDS = 30 * 86_400
"""The default lifetime of a file with purpose `batch`. Other files never expire by default
(deploy/docs/api-contract.md section 2)."""

_BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def create(
    services: Services,
    caller: Caller,
    *,
    filename: str,
    purpose: str,
    blocks: Iterable[bytes],
    expires_after: int | None,
) -> File:
    """Store bytes as they arrive and make a file of them. `expires_after` is in seconds from now.

    Raises TooLarge and QuotaExceeded.
    """
    with (
        services.blobs.stage(blocks, max_bytes=services.settings.max_file_bytes) as staged,
        store_reserved(services, staged) as reservation,
        services.database.transaction() as session,
    ):
        quotas.check_stored_bytes(session, caller, staged.size)
        file = add_file(
            session, caller, staged, reservation, filename=filename, purpose=purpose, expires_after=expires_after
        )
        if caller.import_origin is not None:
            imported_files.record_upload(session, caller.import_origin, file)
        return file


def add_file(
    session: Session,
    caller: Caller,
    staged: StagedFile,
    reservation: int,
    *,
    filename: str,
    purpose: str,
    expires_after: int | None,
) -> File:
    """Claim stored bytes for a new file, in the caller's transaction.

    Raises DependencyDown when the reservation has timed out.
    """
    blob_rows.lock_blob(session, staged.sha256)
    if not blob_rows.mark_claimed(session, reservation):
        raise DependencyDown("blobs", "it took so long to keep these bytes that they were given up")
    if expires_after is None and purpose == "batch":
        expires_after = BATCH_PURPOSE_EXPIRES_AFTER_SECONDS
    created_at = int(read_clock(session))
    file = File(
        id=ids.new("file-"),
        project=caller.project,
        filename=clean_filename(filename),
        bytes=staged.size,
        purpose=purpose,
        blob=staged.sha256,
        created_at=created_at,
        expires_at=None if expires_after is None else created_at + expires_after,
    )
    rows.add(session, file)
    return file


def retrieve(services: Services, caller: Caller, file_id: str) -> File:
    """Return a file. Raises NotFound."""
    with services.database.reading() as session:
        file = rows.get(session, caller.project, file_id)
    if file is None:
        raise NotFound(f"No such File object: {file_id}", param="id")
    return file


def list_page(services: Services, caller: Caller, window: Window, *, purpose: str | None) -> Page[File]:
    """Return a page of the project's files, or of those with one purpose."""
    with services.database.reading() as session:
        return rows.list_page(session, caller.project, window, purpose=purpose)


def read_content(services: Services, caller: Caller, file_id: str) -> tuple[File, Iterator[bytes]]:
    """Return a file and its bytes in blocks. Raises NotFound, also when the bytes are lost or damaged.

    Damage of a file of several blocks is seen late: reading its last block raises DamagedFile.
    """
    file = retrieve(services, caller, file_id)
    try:
        blocks = verified(services.blobs.stream(raw_key(file.blob)), file.blob)
        return file, chain([next(blocks, b"")], blocks)
    except FileNotFoundError as exc:
        raise NotFound(f"The content of file '{file_id}' is gone.", param="id") from exc
    except DamagedFile as exc:
        raise NotFound(f"The content of file '{file_id}' is damaged: upload it again.", param="id") from exc


def delete(services: Services, caller: Caller, file_id: str) -> None:
    """Remove a file from every store, then delete it (deploy/docs/api-contract.md section 10). Raises NotFound."""
    _delete(services, retrieve(services, caller, file_id))


def delete_expired(services: Services, limit: int) -> int:
    """Delete up to `limit` expired files as `delete` does, and return their number."""
    with services.database.reading() as session:
        expired = rows.list_expired(session, limit)
    for file in expired:
        _delete(services, file)
    return len(expired)


def clean_filename(filename: str) -> str:
    """Return the last part of an uploaded file's name, as plain text of at most 255 characters.

    Control characters and marks of the text direction are removed: with those, `exe.txt` could display as `txt.exe`.
    """
    last_part = filename.replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(
        c for c in last_part if unicodedata.category(c) not in ("Cc", "Cs") and c not in _BIDI_CONTROLS
    ).strip()
    return plain[-MAX_FILENAME_CHARACTERS:] if plain.strip(".") else "upload"


def _delete(services: Services, file: File) -> None:
    while True:
        with services.database.reading() as session:
            stores = rows.stores_of(session, file.id)
        for store_id in stores:
            # Abandoned: the store was deleted, so there are no counters to update. The row must go all the same.
            with services.database.transaction() as session, suppress(Abandoned):
                membership.remove(session, store_id, file.id)
        try:
            with services.database.transaction() as session:
                rows.delete_row(session, file.id)
                blob_rows.add_unreserved(session, file.blob)
            break
        except IntegrityError:  # attached to a store since `stores_of`
            continue
    delete_blob_if_unreferenced(services, file.blob)

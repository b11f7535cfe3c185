"""Uploaded files (contract section 2)."""

import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ingest import ids
from ingest.blobs import Staged, raw, texts
from ingest.caller import Caller
from ingest.db.content import files as rows
from ingest.db.content import imported_files
from ingest.db.content import unclaimed_blobs as loose_rows
from ingest.db.models import File
from ingest.db.pages import Page, Window
from ingest.db.queue import membership
from ingest.db.session import read_clock, silent
from ingest.db.tenancy import quotas
from ingest.errors import Abandoned, DependencyDown, NotFound, RequestError
from ingest.services import Services

NAME_CHARACTERS = 255
BATCH_EXPIRES_AFTER_SECONDS = 30 * 86_400
"""The life of a file with purpose `batch` for which none was asked; all others live for ever (contract section 2)."""

DELETION_SECONDS = 60.0
"""What one deletion may take, with a bucket's repetitions, while the name of what it deletes stays held."""

_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def create(
    services: Services,
    caller: Caller,
    *,
    filename: str,
    purpose: str,
    blocks: Iterable[bytes],
    expires_after: int | None,
) -> File:
    """Store bytes as they arrive. `expires_after` is in seconds after now. Raises TooLarge."""
    with (
        services.blobs.staged(blocks, max_bytes=services.settings.max_file_bytes) as staged,
        stored_as_unclaimed(services, staged) as loose,
        services.database.transaction() as session,
    ):
        quotas.store(session, caller, staged.size)
        file = add_file(session, caller, staged, loose, filename=filename, purpose=purpose, expires_after=expires_after)
        if caller.importing is not None:
            imported_files.record(session, caller.importing, file)
        return file


def add_file(
    session: Session,
    caller: Caller,
    staged: Staged,
    loose: int,
    *,
    filename: str,
    purpose: str,
    expires_after: int | None,
) -> File:
    """Make bytes that are kept a file, within the caller's transaction."""
    loose_rows.hold(session, staged.sha256)
    if not loose_rows.settle(session, loose):
        raise DependencyDown("blobs", "it took so long to keep these bytes that they were given up")
    if expires_after is None and purpose == "batch":
        expires_after = BATCH_EXPIRES_AFTER_SECONDS
    created_at = int(read_clock(session))
    file = File(
        id=ids.new("file-"),
        project=caller.project,
        filename=clean_name(filename),
        bytes=staged.size,
        purpose=purpose,
        blob=staged.sha256,
        created_at=created_at,
        expires_at=None if expires_after is None else created_at + expires_after,
    )
    rows.add(session, file)
    return file


@contextmanager
def stored_as_unclaimed(services: Services, staged: Staged) -> Iterator[int]:
    """Staged bytes, kept before there is a file so that no transaction waits for them; the number to `add` it with.

    They are removed if they get no file, and by the sweep after an hour if the process was killed.
    """
    with services.database.transaction() as session:
        loose = loose_rows.expect(session, staged.sha256)
    services.blobs.keep(staged, raw(staged.sha256))
    try:
        yield loose
    except RequestError:
        discard_unclaimed_blob(services, loose, staged.sha256)
        raise
    except DependencyDown:  # also when they were given up before they were kept: nobody else knows of them then
        with suppress(DependencyDown):
            discard_unclaimed_blob(services, loose, staged.sha256)
        raise


def discard_unclaimed_blob(services: Services, loose: int, blob: str) -> None:
    """Give up bytes that were kept; they stay if they became a file, or another's."""
    with services.database.transaction() as session:
        loose_rows.give_up(session, loose)
    delete_blob_if_unreferenced(services, blob)


def retrieve(services: Services, caller: Caller, file_id: str) -> File:
    """Raises NotFound."""
    with services.database.reading() as session:
        file = rows.get(session, caller.project, file_id)
    if file is None:
        raise NotFound(f"No such File object: {file_id}", param="id")
    return file


def list_page(services: Services, caller: Caller, window: Window, *, purpose: str | None) -> Page[File]:
    """A page of the project's files, perhaps of one purpose only."""
    with services.database.reading() as session:
        return rows.listed(session, caller.project, window, purpose=purpose)


def read_content(services: Services, caller: Caller, file_id: str) -> tuple[File, Iterator[bytes]]:
    """A file and its bytes in blocks. Raises NotFound, also when the bytes are lost."""
    file = retrieve(services, caller, file_id)
    try:
        return file, services.blobs.blocks(raw(file.blob))
    except FileNotFoundError as exc:
        raise NotFound(f"The content of file '{file_id}' is gone.", param="id") from exc


def delete(services: Services, caller: Caller, file_id: str) -> None:
    """Remove a file from every store it is in, and then itself (contract section 10). Raises NotFound."""
    _remove(services, retrieve(services, caller, file_id))


def delete_expired(services: Services, limit: int) -> int:
    """Delete up to `limit` files past their expiry, as `delete` does; how many."""
    with services.database.reading() as session:
        expired = rows.expired(session, limit)
    for file in expired:
        _remove(services, file)
    return len(expired)


def delete_blob_if_unreferenced(services: Services, blob: str) -> None:
    """Remove bytes that no file has, and that no upload is about to make a file of, with what was read in them."""
    with services.database.transaction() as session:
        silent(session, DELETION_SECONDS)
        loose_rows.hold(session, blob)
        if not rows.blob_is_used(session, blob) and not loose_rows.is_wanted(session, blob):
            for name in [*services.blobs.names(texts(blob)), raw(blob)]:
                loose_rows.hold(session, blob)  # still: an upload of these bytes may begin once it is lost
                services.blobs.delete(name)
        loose_rows.forget(session, blob)


def delete_unclaimed_blobs(services: Services, limit: int) -> None:
    """Look at up to `limit` blobs that killed processes left, and remove those that nobody needs."""
    with services.database.reading() as session:
        due = loose_rows.due(session, limit)
    for blob in due:
        delete_blob_if_unreferenced(services, blob)


def clean_name(filename: str) -> str:
    """The uploader's name for a file as plain data: no folders, nothing that controls a terminal or turns the reading
    direction around (so that `exe.txt` cannot show as `txt.exe`), at most 255 characters."""
    last = filename.replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(c for c in last if unicodedata.category(c) not in ("Cc", "Cs") and c not in _TURNING).strip()
    return plain[-NAME_CHARACTERS:] if plain.strip(".") else "upload"


def _remove(services: Services, file: File) -> None:
    while True:
        with services.database.reading() as session:
            stores = rows.stores_of(session, file.id)
        for store_id in stores:
            # The row in a deleted store goes too; only the store's counters are there no more.
            with services.database.transaction() as session, suppress(Abandoned):
                membership.remove(session, store_id, file.id)
        try:
            with services.database.transaction() as session:
                rows.delete_row(session, file.id)
                loose_rows.leave(session, file.blob)
            break
        except IntegrityError:  # attached to a store since we looked
            continue
    delete_blob_if_unreferenced(services, file.blob)

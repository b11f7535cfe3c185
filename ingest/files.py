"""Uploaded files (contract section 2)."""

import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ingest import ids
from ingest.blobs import Staged, raw, texts
from ingest.callers import Caller
from ingest.db import attachments, imported, quotas
from ingest.db import files as rows
from ingest.db import loose as loose_rows
from ingest.db.models import File
from ingest.db.pages import Page, Window
from ingest.db.session import read_clock, silent
from ingest.errors import Abandoned, DependencyDown, NotFound, RequestError
from ingest.tools import Tools

NAME_CHARACTERS = 255
BATCH_EXPIRES_AFTER_SECONDS = 30 * 86_400
"""The life of a file with purpose `batch` for which none was asked; all others live for ever (contract section 2)."""

DELETION_SECONDS = 60.0
"""What one deletion may take, with a bucket's repetitions, while the name of what it deletes stays held."""

_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def create(
    tools: Tools,
    caller: Caller,
    *,
    filename: str,
    purpose: str,
    blocks: Iterable[bytes],
    expires_after: int | None,
) -> File:
    """Store bytes as they arrive. `expires_after` is in seconds after now. Raises TooLarge."""
    with (
        tools.blobs.staged(blocks, max_bytes=tools.settings.max_file_bytes) as staged,
        kept(tools, staged) as loose,
        tools.database.transaction() as session,
    ):
        quotas.store(session, caller, staged.size)
        file = add(session, caller, staged, loose, filename=filename, purpose=purpose, expires_after=expires_after)
        if caller.importing is not None:
            imported.record(session, caller.importing, file)
        return file


def add(
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
def kept(tools: Tools, staged: Staged) -> Iterator[int]:
    """Staged bytes, kept before there is a file so that no transaction waits for them; the number to `add` it with.

    They are removed if they get no file, and by the sweep after an hour if the process was killed.
    """
    with tools.database.transaction() as session:
        loose = loose_rows.expect(session, staged.sha256)
    tools.blobs.keep(staged, raw(staged.sha256))
    try:
        yield loose
    except RequestError:
        release(tools, loose, staged.sha256)
        raise
    except DependencyDown:  # also when they were given up before they were kept: nobody else knows of them then
        with suppress(DependencyDown):
            release(tools, loose, staged.sha256)
        raise


def release(tools: Tools, loose: int, blob: str) -> None:
    """Give up bytes that were kept; they stay if they became a file, or another's."""
    with tools.database.transaction() as session:
        loose_rows.give_up(session, loose)
    drop_unused(tools, blob)


def retrieve(tools: Tools, caller: Caller, file_id: str) -> File:
    """Raises NotFound."""
    with tools.database.reading() as session:
        file = rows.get(session, caller.project, file_id)
    if file is None:
        raise NotFound(f"No such File object: {file_id}", param="id")
    return file


def listed(tools: Tools, caller: Caller, window: Window, *, purpose: str | None) -> Page[File]:
    """A page of the project's files, perhaps of one purpose only."""
    with tools.database.reading() as session:
        return rows.listed(session, caller.project, window, purpose=purpose)


def content(tools: Tools, caller: Caller, file_id: str) -> tuple[File, Iterator[bytes]]:
    """A file and its bytes in blocks. Raises NotFound, also when the bytes are lost."""
    file = retrieve(tools, caller, file_id)
    try:
        return file, tools.blobs.blocks(raw(file.blob))
    except FileNotFoundError as exc:
        raise NotFound(f"The content of file '{file_id}' is gone.", param="id") from exc


def delete(tools: Tools, caller: Caller, file_id: str) -> None:
    """Remove a file from every store it is in, and then itself (contract section 10). Raises NotFound."""
    _remove(tools, retrieve(tools, caller, file_id))


def delete_expired(tools: Tools, limit: int) -> int:
    """Delete up to `limit` files past their expiry, as `delete` does; how many."""
    with tools.database.reading() as session:
        expired = rows.expired(session, limit)
    for file in expired:
        _remove(tools, file)
    return len(expired)


def drop_unused(tools: Tools, blob: str) -> None:
    """Remove bytes that no file has, and that no upload is about to make a file of, with what was read in them."""
    with tools.database.transaction() as session:
        silent(session, DELETION_SECONDS)
        loose_rows.hold(session, blob)
        if not rows.blob_is_used(session, blob) and not loose_rows.is_wanted(session, blob):
            for name in [*tools.blobs.names(texts(blob)), raw(blob)]:
                loose_rows.hold(session, blob)  # still: an upload of these bytes may begin once it is lost
                tools.blobs.delete(name)
        loose_rows.forget(session, blob)


def drop_loose(tools: Tools, limit: int) -> None:
    """Look at up to `limit` blobs that killed processes left, and remove those that nobody needs."""
    with tools.database.reading() as session:
        due = loose_rows.due(session, limit)
    for blob in due:
        drop_unused(tools, blob)


def clean_name(filename: str) -> str:
    """The uploader's name for a file as plain data: no folders, nothing that controls a terminal or turns the reading
    direction around (so that `exe.txt` cannot show as `txt.exe`), at most 255 characters."""
    last = filename.replace("\\", "/").rsplit("/", 1)[-1]
    plain = "".join(c for c in last if unicodedata.category(c) not in ("Cc", "Cs") and c not in _TURNING).strip()
    return plain[-NAME_CHARACTERS:] if plain.strip(".") else "upload"


def _remove(tools: Tools, file: File) -> None:
    while True:
        with tools.database.reading() as session:
            stores = rows.stores_of(session, file.id)
        for store_id in stores:
            # The row in a deleted store goes too; only the store's counters are there no more.
            with tools.database.transaction() as session, suppress(Abandoned):
                attachments.remove(session, store_id, file.id)
        try:
            with tools.database.transaction() as session:
                rows.delete_row(session, file.id)
                loose_rows.leave(session, file.blob)
            break
        except IntegrityError:  # attached to a store since we looked
            continue
    drop_unused(tools, file.blob)

"""Uploaded files (contract section 2)."""

import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import suppress

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from ingest import ids
from ingest.blobs import Staged, raw
from ingest.db import attachments
from ingest.db import files as rows
from ingest.db.models import File
from ingest.db.pages import Page, Window
from ingest.db.session import read_clock, serialise
from ingest.errors import Abandoned, NotFound
from ingest.tools import Tools

NAME_CHARACTERS = 255
BATCH_EXPIRES_AFTER_SECONDS = 30 * 86_400
"""The life of a file with purpose `batch` for which none was asked; all others live for ever (contract section 2)."""

_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def create(tools: Tools, *, filename: str, purpose: str, blocks: Iterable[bytes], expires_after: int | None) -> File:
    """Store bytes as they arrive. `expires_after` is in seconds after now. Raises TooLarge."""
    with (
        tools.blobs.staged(blocks, max_bytes=tools.settings.max_file_bytes) as staged,
        tools.database.transaction() as session,
    ):
        return add(tools, session, staged, filename=filename, purpose=purpose, expires_after=expires_after)


def add(
    tools: Tools, session: Session, staged: Staged, *, filename: str, purpose: str, expires_after: int | None
) -> File:
    """Make staged bytes a file, within the caller's transaction."""
    if expires_after is None and purpose == "batch":
        expires_after = BATCH_EXPIRES_AFTER_SECONDS
    created_at = int(read_clock(session))
    file = File(
        id=ids.new("file-"),
        filename=clean_name(filename),
        bytes=staged.size,
        purpose=purpose,
        blob=staged.sha256,
        created_at=created_at,
        expires_at=None if expires_after is None else created_at + expires_after,
    )
    serialise(session, f"blob:{staged.sha256}")
    tools.blobs.keep(staged, raw(staged.sha256))
    session.add(file)
    return file


def retrieve(tools: Tools, file_id: str) -> File:
    """Raises NotFound."""
    with tools.database.reading() as session:
        file = rows.get(session, file_id)
    if file is None:
        raise NotFound(f"No such File object: {file_id}", param="id")
    return file


def listed(tools: Tools, window: Window, *, purpose: str | None) -> Page[File]:
    """A page of the files, perhaps of one purpose only."""
    with tools.database.reading() as session:
        return rows.listed(session, window, purpose=purpose)


def content(tools: Tools, file_id: str) -> tuple[File, Iterator[bytes]]:
    """A file and its bytes in blocks. Raises NotFound, also when the bytes are lost."""
    file = retrieve(tools, file_id)
    try:
        return file, tools.blobs.blocks(raw(file.blob))
    except FileNotFoundError as exc:
        raise NotFound(f"The content of file '{file_id}' is gone.", param="id") from exc


def delete(tools: Tools, file_id: str) -> None:
    """Remove a file from every store it is in, and then itself (contract section 10). Raises NotFound."""
    _remove(tools, retrieve(tools, file_id))


def delete_expired(tools: Tools, limit: int) -> int:
    """Delete up to `limit` files past their expiry, as `delete` does; how many."""
    with tools.database.reading() as session:
        expired = rows.expired(session, limit)
    for file in expired:
        _remove(tools, file)
    return len(expired)


def drop_unused(tools: Tools, blob: str) -> None:
    """Remove bytes that no file has."""
    with tools.database.transaction() as session:
        serialise(session, f"blob:{blob}")
        if not rows.blob_is_used(session, blob):
            tools.blobs.delete(raw(blob))


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
            break
        except IntegrityError:  # attached to a store since we looked
            continue
    drop_unused(tools, file.blob)

"""Records of a journal: files, open batches and imports."""

import json
import os
import sqlite3
from dataclasses import dataclass
from typing import Any, Literal

from ingest.imports.attributes import Attributes
from ingest.imports.source_files import SourceFile

Action = Literal["", "upload", "attach", "remove"]
"""What has to be done next with a file; "" is nothing."""

State = Literal["none", "refused", "uploaded", "attached", "completed", "failed", "cancelled"]
"""The state of the version of a file that the service holds; "none" when it holds none."""


@dataclass(frozen=True)
class JournalEntry:
    """A file of the journal."""

    number: int
    address: str
    display_path: str
    upload_name: str
    size: int | None
    fingerprint: str
    attributes: Attributes
    sha256: str | None
    file_id: str | None
    state: State


@dataclass(frozen=True)
class OpenBatch:
    """A batch whose end is not recorded: its row, its id, and the counts of the last answer."""

    number: int
    id: str
    in_progress: int
    completed: int
    failed: int
    cancelled: int
    total: int


@dataclass(frozen=True)
class ImportRun:
    """An import: its number in the journal, and the id that people see."""

    number: int
    id: str


def source_columns(file: SourceFile) -> tuple[Any, ...]:
    """Return the columns of a scanned file: address, root, shown, name, size, stamp, attributes."""
    attributes = attributes_to_text(file.attributes)
    return (
        encode_address(file.address),
        source_to_text(file.source),
        file.display_path,
        file.upload_name,
        file.size,
        file.fingerprint,
        attributes,
    )


def attributes_to_text(attributes: Attributes) -> str:
    """Return attributes as the journal has them."""
    return json.dumps(dict(attributes), sort_keys=True)


def source_to_text(source: str) -> str:
    """Return a source key as text; SQLite rejects the surrogates of undecodable file names."""
    return os.fsencode(source).decode(errors="backslashreplace")


def encode_address(address: str) -> bytes:
    """Return an address as bytes: file names need not be text."""
    return os.fsencode(address)


def to_entry(row: sqlite3.Row) -> JournalEntry:
    """Convert a row of `files`."""
    return JournalEntry(
        number=row["number"], address=os.fsdecode(row["address"]), display_path=row["shown"], upload_name=row["name"],
        size=row["size"], fingerprint=row["stamp"], attributes=json.loads(row["attributes"]), sha256=row["sha256"],
        file_id=row["file_id"], state=row["state"],
    )  # fmt: skip


def to_open_batch(row: sqlite3.Row) -> OpenBatch:
    """Convert a row of `batches`."""
    names = ("number", "id", "in_progress", "completed", "failed", "cancelled", "total")
    return OpenBatch(**{name: row[name] for name in names})

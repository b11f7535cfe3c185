"""What a journal tells: files, batches and imports, as far as they are needed to go on."""

import json
import os
import sqlite3
from dataclasses import dataclass
from typing import Any, Literal

from ingest.imports.attributes import Attributes
from ingest.imports.source_files import Found

Todo = Literal["", "upload", "attach", "remove"]
State = Literal["none", "refused", "uploaded", "attached", "completed", "failed", "cancelled"]


@dataclass(frozen=True)
class Entry:
    """A file of the journal, as far as it is needed to upload and attach it."""

    number: int
    address: str
    shown: str
    name: str
    size: int | None
    stamp: str
    attributes: Attributes
    sha256: str | None
    file_id: str | None
    state: State


@dataclass(frozen=True)
class OpenBatch:
    """A batch that is followed: its row, its id, and the counts of the last answer."""

    number: int
    id: str
    in_progress: int
    completed: int
    failed: int
    cancelled: int
    total: int


@dataclass(frozen=True)
class Import:
    """One import: its number in the journal, and its id for people."""

    number: int
    id: str


def facts(found: Found) -> tuple[Any, ...]:
    """A found file by the columns that its row gets: address, root, shown, name, size, stamp, attributes."""
    attributes = json.dumps(dict(found.attributes), sort_keys=True)
    return (
        address_bytes(found.address),
        printable_root(found.root),
        found.shown,
        found.name,
        found.size,
        found.stamp,
        attributes,
    )


def printable_root(root: str) -> str:
    """A source as text: SQLite takes no bytes that are none."""
    return os.fsencode(root).decode(errors="backslashreplace")


def address_bytes(address: str) -> bytes:
    """An address as it is kept: names of files need not be text."""
    return os.fsencode(address)


def entry(row: sqlite3.Row) -> Entry:
    """A file's row."""
    return Entry(
        number=row["number"], address=os.fsdecode(row["address"]), shown=row["shown"], name=row["name"],
        size=row["size"], stamp=row["stamp"], attributes=json.loads(row["attributes"]), sha256=row["sha256"],
        file_id=row["file_id"], state=row["state"],
    )  # fmt: skip


def batch(row: sqlite3.Row) -> OpenBatch:
    """A batch's row."""
    names = ("number", "id", "in_progress", "completed", "failed", "cancelled", "total")
    return OpenBatch(**{name: row[name] for name in names})

"""A file that an import takes, and one that it cannot take."""

import os
from dataclasses import dataclass, field

from ingest.imports.attributes import Attributes


@dataclass(frozen=True)
class Found:
    """A file to be in the store."""

    address: str
    """Its real path or its URL: what it is known by from one import to the next."""
    relative: str
    """Its path below what was named, for patterns."""
    shown: str
    """Its path in reports: relative to the folder given, if there was only one."""
    name: str
    """The name to upload it under."""
    root: str
    """The argument or manifest that named it."""
    size: int | None
    """Bytes; None when only reading it tells."""
    stamp: str
    """Changes with the content: a time in nanoseconds or an ETag; "" when only reading it tells."""
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True)
class Failure:
    """What became no part of the store, and why."""

    shown: str
    reason: str
    blind: bool = False
    """What is there could not be seen, so nothing can be said to be missing."""


NOTHING = "There are no files there"


def printable(name: str) -> str:
    """A file name as it can be sent and printed, whatever bytes the file system holds."""
    if name.isascii() and name.isprintable():
        return name
    try:
        decoded = os.fsencode(name).decode(errors="replace")
    except UnicodeEncodeError:  # half a character, as JSON may have it
        decoded = name
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in decoded)


def why(exc: OSError) -> str:
    """The operating system's words, without the path."""
    return exc.strerror or str(exc) or type(exc).__name__

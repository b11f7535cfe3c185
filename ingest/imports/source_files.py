"""Files that sources name, and problems with sources that cannot be read."""

import os
from dataclasses import dataclass, field

from ingest.imports.attributes import Attributes

NO_FILES = "The source contains no files"


@dataclass(frozen=True)
class SourceFile:
    """A file that belongs into the store."""

    address: str
    """Its real path or its URL. It identifies the file from one import to the next."""
    relative_path: str
    """Its path below the source, which patterns are matched against."""
    display_path: str
    """Its path in reports: relative to the source when there is only one folder."""
    upload_name: str
    source: str
    """The key of the argument or manifest that named the file (`sources.source_key`)."""
    size: int | None
    """Bytes; None when the size is known only after a download."""
    fingerprint: str
    """Changes with the content: a modification time in nanoseconds or an ETag; "" when only a download tells."""
    attributes: Attributes = field(default_factory=dict)


@dataclass(frozen=True)
class SourceProblem:
    """A file, folder or line of a manifest that could not be imported."""

    display_path: str
    reason: str
    hides_files: bool = False
    """Files may exist there although they were not listed. Then no file counts as missing."""


def to_printable(name: str) -> str:
    """Return a file name as text that can be sent and printed, whatever bytes the file system holds."""
    if name.isascii() and name.isprintable():
        return name
    try:
        decoded = os.fsencode(name).decode(errors="replace")
    except UnicodeEncodeError:  # a lone surrogate, as JSON may contain it
        decoded = name
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in decoded)


def os_error_message(exc: OSError) -> str:
    """Return the operating system's message without the path."""
    return exc.strerror or str(exc) or type(exc).__name__

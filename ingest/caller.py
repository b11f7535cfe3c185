"""The project that a request belongs to, and what it may use."""

from dataclasses import dataclass

DEFAULT_PROJECT = "proj_default"
"""The first migration creates it. Requests without a key belong to it, where keys are not required."""


@dataclass(frozen=True)
class Limits:
    """A project's limits; None is unlimited."""

    requests_per_minute: int | None = None
    files_in_progress: int | None = None
    stored_bytes: int | None = None


@dataclass(frozen=True)
class ImportOrigin:
    """Where a file of a scheduled import comes from."""

    schedule: int
    """The row number of the schedule."""
    fence: int
    """The fencing token of its run: a process that lost the run uploads nothing."""
    source: bytes
    """The real path or the URL, by which the next run knows the file again."""
    name: str
    fingerprint: str
    """The version of the source, for example its modification time or its ETag."""


@dataclass(frozen=True)
class Caller:
    """A project as one request acts for it. The request reads and writes only what belongs to this project."""

    project: str
    limits: Limits = Limits()
    import_origin: ImportOrigin | None = None
    """Set for uploads of a scheduled import."""

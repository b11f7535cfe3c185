"""On whose behalf something is done: the project that a request belongs to, and what it may use."""

from dataclasses import dataclass

DEFAULT_PROJECT = "proj_default"
"""There from the beginning; requests that need no key belong to it."""


@dataclass(frozen=True)
class Limits:
    """What a project may use; None is without limit."""

    requests_per_minute: int | None = None
    files_in_progress: int | None = None
    stored_bytes: int | None = None


@dataclass(frozen=True)
class Importing:
    """The run of a schedule (its row and its fence) that uploads a file, and what of: known from one run to the next by
    `address`, under `name`, and as it is at `stamp`."""

    schedule: int
    fence: int
    address: bytes
    name: str
    stamp: str


@dataclass(frozen=True)
class Caller:
    """A project as seen by one request. Everything that the request reads or writes is this project's own."""

    project: str
    limits: Limits = Limits()
    importing: Importing | None = None
    """Only within a scheduled import."""

"""What `ingest verify` tells: findings, what was done about each, and counts of everything that was looked at."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, get_args

from ingest.observability import logs

Kind = Literal[
    "store counters",
    "batch counters",
    "broken row",
    "batch membership",
    "points missing",
    "points left over",
    "blob missing",
    "blob left over",
    "text left over",
    "part missing",
    "part left over",
    "stuck",
    "overdue",
]

KINDS: tuple[Kind, ...] = get_args(Kind)

LISTED = 10_000
"""Findings that are told one by one; beyond that they are only counted, so that memory is bounded."""

_log = logs.get(__name__)


@dataclass(frozen=True)
class Finding:
    """Something that should not be: its kind, the object, what was expected and found, and what was done about it."""

    kind: Kind
    object: str
    detail: str
    repair: str | None = None
    """None when nothing was asked for, or nothing can be done."""


@dataclass(frozen=True)
class Report:
    """What was looked at, and what is wrong."""

    stores: int
    batches: int
    files: int
    points: int
    blobs: int
    counts: dict[str, int]
    """Findings by kind: all of them, also those that `findings` has no room for."""
    repaired: int
    findings: list[Finding]
    hints: list[str]

    @property
    def left(self) -> int:
        """Findings about which nothing was done."""
        return sum(self.counts.values()) - self.repaired


@dataclass
class Ledger:
    """Collects findings, and repairs what can be repaired when that is asked for."""

    repairing: bool
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    repaired: int = 0
    hints: list[str] = field(default_factory=list)

    def found(self, kind: Kind, object_: str, detail: str, repair: Callable[[], str | None] | None = None) -> None:
        """Write down a finding; `repair` does what can be done and says what it did, None if it could not."""
        done = repair() if repair is not None and self.repairing else None
        self.counts[kind] += 1
        if done is not None:
            self.repaired += 1
            _log.warning("verify_repaired", kind=kind, object=object_, detail=detail, repair=done)
        if len(self.findings) < LISTED:
            self.findings.append(Finding(kind, object_, detail, done))

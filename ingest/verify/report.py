"""The report of a verification: findings, their repairs, and counts of all checked objects."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, get_args

from ingest.observability import logs

FindingKind = Literal[
    "store_counters",
    "batch_counters",
    "broken_row",
    "batch_membership",
    "points_missing",
    "points_damaged",
    "points_orphaned",
    "blob_missing",
    "blob_damaged",
    "blob_orphaned",
    "text_orphaned",
    "text_damaged",
    "part_missing",
    "part_damaged",
    "part_orphaned",
    "stuck",
    "overdue",
]

FINDING_KINDS: tuple[FindingKind, ...] = get_args(FindingKind)

MAX_LISTED_FINDINGS = 10_000
"""Findings above this number are counted but not listed, which bounds the memory."""

_log = logs.get(__name__)


@dataclass(frozen=True)
class Finding:
    """A contradiction: its kind, the object, what was expected and what was found, and the repair."""

    kind: FindingKind
    object: str
    detail: str
    repair: str | None = None
    """What the repair did; None if no repair was requested or none is possible."""


@dataclass(frozen=True)
class Report:
    """Numbers of checked objects, and the findings."""

    stores: int
    batches: int
    files: int
    points: int
    blobs: int
    counts: dict[str, int]
    """Findings by kind, including those that are not listed in `findings`."""
    repaired: int
    findings: list[Finding]
    hints: list[str]

    @property
    def unrepaired(self) -> int:
        """Number of findings without a repair."""
        return sum(self.counts.values()) - self.repaired


@dataclass
class Ledger:
    """Collects the findings of a verification, and runs their repairs if `repairing`."""

    repairing: bool
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    repaired: int = 0
    hints: list[str] = field(default_factory=list)

    def record(
        self, kind: FindingKind, object_: str, detail: str, repair: Callable[[], str | None] | None = None
    ) -> None:
        """Record a finding and repair it. `repair` returns a description of what it did, or None if it did nothing."""
        repair_result = repair() if repair is not None and self.repairing else None
        self.counts[kind] += 1
        if repair_result is not None:
            self.repaired += 1
            _log.warning("verify_repaired", kind=kind, object=object_, detail=detail, repair=repair_result)
        if len(self.findings) < MAX_LISTED_FINDINGS:
            self.findings.append(Finding(kind, object_, detail, repair_result))

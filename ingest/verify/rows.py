"""Checks of rows against each other: counters, batch memberships, rules, and overdue work."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from ingest.db.checks import recount, violations
from ingest.db.checks.recount import RecountedCounters
from ingest.db.checks.violations import MembershipViolation
from ingest.jobs import maintenance
from ingest.services import Services
from ingest.verify.report import FindingKind, Ledger

OVERDUE_SECONDS = 600.0
"""Longer than maintenance needs after the largest cancellation."""

IDLE_SECONDS = 120.0
"""Files that wait this long while none is processed are a hint that no worker runs."""


def check_overdue(services: Services, ledger: Ledger) -> None:
    """Record expired leases, and cancellations, deletions and expiries that are overdue. The repair runs maintenance once."""
    lease_grace_seconds = max(60.0, 10 * services.settings.sweep_seconds)
    with services.database.reading() as session:
        stuck_file_ids = violations.list_files_with_expired_lease(session, grace_seconds=lease_grace_seconds)
        overdue_work = violations.list_overdue_work(session, grace_seconds=OVERDUE_SECONDS)
        idle_files = violations.count_idle_files(session, seconds=IDLE_SECONDS)
    if ledger.repairing and (stuck_file_ids or overdue_work):
        maintenance.run_maintenance(services)
    for file_id in stuck_file_ids:
        ledger.record(
            "stuck", file_id, "the lease of its worker has expired", partial(_repair_stuck, services, file_id)
        )
    for work in overdue_work:
        detail = f"{work.count:,} due for up to {work.seconds:,.0f} s"
        ledger.record("overdue", work.kind, detail, partial(_repair_overdue, services, work.kind))
    if idle_files:
        ledger.hints.append(f"{idle_files:,} files wait and none is processed: check that workers run")


def check_contradictions(services: Services, ledger: Ledger) -> None:
    """Record rows that break a rule, and batches whose members disagree with their files."""
    with services.database.reading() as session:
        broken_rows = violations.list_broken_rows(session)
        never_closed, not_awaited = (
            violations.list_unclosed_memberships(session),
            violations.list_missing_memberships(session),
        )
    for name, rule in broken_rows:
        ledger.record("broken_row", name, f"breaks the rule: {rule}")
    for membership in never_closed:
        status = membership.file_status or "no longer in the store"
        detail = f"waits for a file (row {membership.store_file}) that is {status}"
        ledger.record("batch_membership", membership.batch_id, detail, partial(_close_membership, services, membership))
    for membership in not_awaited:
        detail = f"does not wait for its file (row {membership.store_file}), which is {membership.file_status}"
        ledger.record(
            "batch_membership", membership.batch_id, detail, partial(_remove_membership, services, membership)
        )


def check_counters(services: Services, ledger: Ledger) -> tuple[int, int]:
    """Record wrong counters. Returns the number of stores and of batches."""
    return _check_counters_of(services, ledger, _STORES), _check_counters_of(services, ledger, _BATCHES)


@dataclass(frozen=True)
class _CounterOwner:
    """How to read and repair the counters of stores or of batches."""

    kind: FindingKind
    read: Callable[[Session, int], list[RecountedCounters]]
    recount: Callable[[Session, RecountedCounters], RecountedCounters | None]
    gone_message: str


_STORES = _CounterOwner(
    "store_counters",
    recount.recount_stores,
    lambda session, store: recount.correct_store(session, store.id),
    "the store has ended",
)
_BATCHES = _CounterOwner(
    "batch_counters",
    recount.recount_batches,
    lambda session, batch: recount.correct_batch(session, batch.row),
    "the batch is gone",
)


def _check_counters_of(services: Services, ledger: Ledger, owner: _CounterOwner) -> int:
    count, last_row = 0, 0
    while True:
        with services.database.reading() as session:
            page = owner.read(session, last_row)
        if not page:
            return count
        for counters in page:
            if not counters.is_correct:
                repair = partial(_repair_counters, services, owner, counters)
                ledger.record(owner.kind, counters.id, counters.difference, repair)
        count, last_row = count + len(page), page[-1].row


def _repair_counters(services: Services, owner: _CounterOwner, wrong: RecountedCounters) -> str:
    with services.database.transaction() as session:
        now = owner.recount(session, wrong)
    return f"nothing: {owner.gone_message}" if now is None else f"COUNTERS REWRITTEN: {now.difference or 'they agreed'}"


def _close_membership(services: Services, membership: MembershipViolation) -> str:
    with services.database.transaction() as session:
        violations.close_membership_of_ended_file(session, membership)
    return "the batch counts the outcome of the file"


def _remove_membership(services: Services, membership: MembershipViolation) -> str:
    with services.database.transaction() as session:
        violations.detach_from_batch(session, membership)
    return "the file is processed without the batch"


def _repair_stuck(services: Services, file_id: str) -> str | None:
    with services.database.reading() as session:
        is_stuck = file_id in violations.list_files_with_expired_lease(session, grace_seconds=0)
    return None if is_stuck else "lease released"


def _repair_overdue(services: Services, kind: str) -> str | None:
    with services.database.reading() as session:
        is_overdue = any(
            work.kind == kind for work in violations.list_overdue_work(session, grace_seconds=OVERDUE_SECONDS)
        )
    return None if is_overdue else "done"

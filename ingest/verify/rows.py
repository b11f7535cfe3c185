"""Rows against each other: counters, memberships, rules, and work that the sweep has not done."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from ingest.db.checks import recount, violations
from ingest.db.checks.recount import Counted
from ingest.db.checks.violations import Membership
from ingest.jobs import maintenance
from ingest.services import Services
from ingest.verify.report import Kind, Ledger

OVERDUE_SECONDS = 600.0
"""Beyond what a sweep needs after the largest cancel."""

IDLE_SECONDS = 120.0


def overdue(services: Services, ledger: Ledger) -> None:
    """Leases of the dead, cancels, deletes and expiries that nobody has seen to; the repair is a sweep."""
    silent_seconds = max(60.0, 10 * services.settings.sweep_seconds)
    with services.database.reading() as session:
        silent = violations.stuck(session, grace_seconds=silent_seconds)
        late = violations.overdue(session, grace_seconds=OVERDUE_SECONDS)
        idle = violations.idle(session, seconds=IDLE_SECONDS)
    if ledger.repairing and (silent or late):
        maintenance.sweep(services)
    for file_id in silent:
        ledger.found("stuck", file_id, "its worker fell silent long ago", partial(_released, services, file_id))
    for each in late:
        detail = f"{each.count:,} due for up to {each.seconds:,.0f} s"
        ledger.found("overdue", each.what, detail, partial(_swept, services, each.what))
    if idle:
        ledger.hints.append(f"{idle:,} files have been waiting and none is in work: are workers running?")


def contradictions(services: Services, ledger: Ledger) -> None:
    """Rows that break a rule, and batches that wait in vain."""
    with services.database.reading() as session:
        broken = violations.broken_rows(session)
        open_for_ever, not_awaited = violations.never_closed(session), violations.not_awaited(session)
    for name, rule in broken:
        ledger.found("broken row", name, f"against the rule: {rule}")
    for place in open_for_ever:
        status = place.file_status or "not in the store any more"
        detail = f"waits for a file (row {place.store_file}) that is {status}"
        ledger.found("batch membership", place.batch_id, detail, partial(_closed, services, place))
    for place in not_awaited:
        detail = f"does not wait for its file (row {place.store_file}), which is {place.file_status}"
        ledger.found("batch membership", place.batch_id, detail, partial(_left, services, place))


def counters(services: Services, ledger: Ledger) -> tuple[int, int]:
    """Every store's and batch's counters; how many stores and batches there are."""
    return _counted(services, ledger, _STORES), _counted(services, ledger, _BATCHES)


@dataclass(frozen=True)
class _Side:
    """What has counters: how it is read, put right, and told to be gone."""

    kind: Kind
    read: Callable[[Session, int], list[Counted]]
    put_right: Callable[[Session, Counted], Counted | None]
    gone: str


_STORES = _Side(
    "store counters",
    recount.stores,
    lambda session, store: recount.put_right_store(session, store.id),
    "the store has ended",
)
_BATCHES = _Side(
    "batch counters",
    recount.batches,
    lambda session, batch: recount.put_right_batch(session, batch.row),
    "the batch is gone",
)


def _counted(services: Services, ledger: Ledger, side: _Side) -> int:
    count, last = 0, 0
    while True:
        with services.database.reading() as session:
            page = side.read(session, last)
        if not page:
            return count
        for each in page:
            if not each.agrees:
                ledger.found(side.kind, each.id, each.difference, partial(_recounted, services, side, each))
        count, last = count + len(page), page[-1].row


def _recounted(services: Services, side: _Side, wrong: Counted) -> str:
    with services.database.transaction() as session:
        now = side.put_right(session, wrong)
    return f"nothing: {side.gone}" if now is None else f"COUNTERS REWRITTEN: {now.difference or 'they agreed'}"


def _closed(services: Services, place: Membership) -> str:
    with services.database.transaction() as session:
        violations.close(session, place)
    return "its place in the batch got its outcome"


def _left(services: Services, place: Membership) -> str:
    with services.database.transaction() as session:
        violations.leave(session, place)
    return "the file goes on without the batch"


def _released(services: Services, file_id: str) -> str | None:
    with services.database.reading() as session:
        still = file_id in violations.stuck(session, grace_seconds=0)
    return None if still else "taken back from its worker"


def _swept(services: Services, what: str) -> str | None:
    with services.database.reading() as session:
        still = any(each.what == what for each in violations.overdue(session, grace_seconds=OVERDUE_SECONDS))
    return None if still else "swept"

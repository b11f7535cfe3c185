"""Rows against each other: counters, memberships, rules, and work that the sweep has not done."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from ingest import sweep
from ingest.db import oddities, recount
from ingest.db.oddities import Membership
from ingest.db.recount import Counted
from ingest.tools import Tools
from ingest.verify.report import Kind, Ledger

OVERDUE_SECONDS = 600.0
"""Beyond what a sweep needs after the largest cancel."""

IDLE_SECONDS = 120.0


def overdue(tools: Tools, ledger: Ledger) -> None:
    """Leases of the dead, cancels, deletes and expiries that nobody has seen to; the repair is a sweep."""
    silent_seconds = max(60.0, 10 * tools.settings.sweep_seconds)
    with tools.database.reading() as session:
        silent = oddities.stuck(session, grace_seconds=silent_seconds)
        late = oddities.overdue(session, grace_seconds=OVERDUE_SECONDS)
        idle = oddities.idle(session, seconds=IDLE_SECONDS)
    if ledger.repairing and (silent or late):
        sweep.sweep(tools)
    for file_id in silent:
        ledger.found("stuck", file_id, "its worker fell silent long ago", partial(_released, tools, file_id))
    for each in late:
        detail = f"{each.count:,} due for up to {each.seconds:,.0f} s"
        ledger.found("overdue", each.what, detail, partial(_swept, tools, each.what))
    if idle:
        ledger.hints.append(f"{idle:,} files have been waiting and none is in work: are workers running?")


def contradictions(tools: Tools, ledger: Ledger) -> None:
    """Rows that break a rule, and batches that wait in vain."""
    with tools.database.reading() as session:
        broken = oddities.broken_rows(session)
        open_for_ever, not_awaited = oddities.never_closed(session), oddities.not_awaited(session)
    for name, rule in broken:
        ledger.found("broken row", name, f"against the rule: {rule}")
    for place in open_for_ever:
        status = place.file_status or "not in the store any more"
        detail = f"waits for a file (row {place.store_file}) that is {status}"
        ledger.found("batch membership", place.batch_id, detail, partial(_closed, tools, place))
    for place in not_awaited:
        detail = f"does not wait for its file (row {place.store_file}), which is {place.file_status}"
        ledger.found("batch membership", place.batch_id, detail, partial(_left, tools, place))


def counters(tools: Tools, ledger: Ledger) -> tuple[int, int]:
    """Every store's and batch's counters; how many stores and batches there are."""
    return _counted(tools, ledger, _STORES), _counted(tools, ledger, _BATCHES)


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


def _counted(tools: Tools, ledger: Ledger, side: _Side) -> int:
    count, last = 0, 0
    while True:
        with tools.database.reading() as session:
            page = side.read(session, last)
        if not page:
            return count
        for each in page:
            if not each.agrees:
                ledger.found(side.kind, each.id, each.difference, partial(_recounted, tools, side, each))
        count, last = count + len(page), page[-1].row


def _recounted(tools: Tools, side: _Side, wrong: Counted) -> str:
    with tools.database.transaction() as session:
        now = side.put_right(session, wrong)
    return f"nothing: {side.gone}" if now is None else f"COUNTERS REWRITTEN: {now.difference or 'they agreed'}"


def _closed(tools: Tools, place: Membership) -> str:
    with tools.database.transaction() as session:
        oddities.close(session, place)
    return "its place in the batch got its outcome"


def _left(tools: Tools, place: Membership) -> str:
    with tools.database.transaction() as session:
        oddities.leave(session, place)
    return "the file goes on without the batch"


def _released(tools: Tools, file_id: str) -> str | None:
    with tools.database.reading() as session:
        still = file_id in oddities.stuck(session, grace_seconds=0)
    return None if still else "taken back from its worker"


def _swept(tools: Tools, what: str) -> str | None:
    with tools.database.reading() as session:
        still = any(each.what == what for each in oddities.overdue(session, grace_seconds=OVERDUE_SECONDS))
    return None if still else "swept"

"""A circuit breaker for each dependency, shared by all workers through the database.

It opens after `FAILURES_TO_OPEN` failures in a row. While it is open, workers claim no files except one at a time, as a
probe. The first file that completes closes every breaker (deploy/docs/decisions/0007-breakers-and-deadlines.md).
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from ingest.db import locks
from ingest.db.execute import execute, execute_prepared
from ingest.db.models import Outage, StoreFile
from ingest.db.session import now, read_clock
from ingest.runtime.backoff import Backoff

FAILURES_TO_OPEN = 3
"""A dependency counts as down after this many failures in a row."""

WITHOUT_BREAKER = ("parser",)
"""Dependencies of one machine: others may do its work, so no breaker opens. Their rows only say what happens."""

FORGOTTEN_SECONDS = 120.0
"""A dependency without a breaker that did not fail for so long after its next try begins a new outage."""

PROBE_BACKOFF = Backoff(first_seconds=2.0, longest_seconds=10.0)
"""Pauses between probes of a dependency that is down. A server's Retry-After may make them longer."""

LONGEST_RETRY_AFTER_SECONDS = 60.0
"""A longer Retry-After counts as this much."""


@dataclass(frozen=True)
class OutageView:
    """A dependency that failed since a file last completed."""

    dependency: str
    model: str
    """The embedding model, for an embedder; otherwise empty."""
    reason: str
    since: float
    next_try: float
    is_down: bool
    """Whether its breaker is open, so that workers claim only probes."""


@dataclass(frozen=True)
class OutageState:
    """The dependencies that failed since a file last completed, those that are down, and whether a probe is due."""

    failing: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
    is_probe_due: bool = True


def read_state(session: Session) -> OutageState:
    """Return the state of all breakers."""
    rows = [row for row in execute_prepared(session, _ALL_OUTAGES) if row.dependency not in WITHOUT_BREAKER]
    if not rows:
        return OutageState()
    at = read_clock(session)
    down = [row for row in rows if row.failures >= FAILURES_TO_OPEN]
    return OutageState(
        failing=tuple(dict.fromkeys(row.dependency for row in rows)),
        down=tuple(dict.fromkeys(row.dependency for row in down)),
        is_probe_due=all(row.next_try <= at for row in down),
    )


def list_outages(session: Session) -> list[OutageView]:
    """Return all dependencies that failed since a file last completed, those that are down first."""
    rows = execute(session, select(Outage.__table__).order_by(Outage.failures.desc(), Outage.dependency)).all()
    return [
        OutageView(row.dependency, row.model, row.reason, row.since, row.next_try, row.failures >= FAILURES_TO_OPEN)
        for row in rows
    ]


def claim_probe(session: Session) -> bool:
    """Claim the next probe of what is down. Returns False when another worker has it."""
    at = read_clock(session)
    due = (Outage.failures >= FAILURES_TO_OPEN, Outage.next_try <= at, Outage.dependency.not_in(WITHOUT_BREAKER))
    probes = execute(session, update(Outage).where(*due).values(next_try=at + PROBE_BACKOFF.longest_seconds)).rowcount
    return probes > 0


def record_failure(
    session: Session, dependency: str, retry_after_seconds: float | None, *, reason: str = "", model: str = ""
) -> int:
    """Record that a dependency failed a file, and return the number of failures in a row.

    `reason` must be free of credentials. `model` tells the embedders of several models apart.
    """
    locks.advisory_lock(session, locks.outage(dependency))
    at = read_clock(session)
    key = (Outage.dependency == dependency, Outage.model == model)
    if dependency in WITHOUT_BREAKER:
        execute(session, delete(Outage).where(*key, Outage.next_try < at - FORGOTTEN_SECONDS))
    before = session.scalar(select(Outage.failures).where(*key)) or 0
    if before == 0:
        values: dict[str, Any] = {"since": at, "failures": 0, "next_try": at}
        execute(session, insert(Outage).values(dependency=dependency, model=model, **values))
    pause = PROBE_BACKOFF.pause_seconds(before + 1 - FAILURES_TO_OPEN)
    retry_after = min(LONGEST_RETRY_AFTER_SECONDS, retry_after_seconds or 0.0)
    values = {"failures": before + 1, "next_try": at + max(pause, retry_after), "reason": reason}
    execute(session, update(Outage).where(*key).values(values))
    return before + 1


def end_outages(session: Session) -> list[str]:
    """Close all breakers, because a file has completed, and make the files that wait claimable.

    Returns the dependencies that had failed.
    """
    with_breaker = delete(Outage).where(Outage.dependency.not_in(WITHOUT_BREAKER))
    ended = list(dict.fromkeys(session.scalars(with_breaker.returning(Outage.dependency))))
    if ended:
        waiting = (
            select(StoreFile.row)
            # `not_before > 0` is for the planner: it lets the partial index on `not_before` serve this statement.
            .where(StoreFile.status == "queued", StoreFile.not_before > 0, StoreFile.not_before > now(session))
            .with_for_update(skip_locked=True)
        )
        execute(session, update(StoreFile).where(StoreFile.row.in_(waiting)).values(not_before=0.0))
    return ended


_ALL_OUTAGES = select(Outage.dependency, Outage.failures, Outage.next_try).order_by(Outage.dependency)

"""What workers know together of a dependency that is down: while it is, nobody claims files only to give them back.

A circuit breaker shared through the database: after FAILURES in a row it is open, one claim at a time is let through
to try, and the first file that completes closes it for all (deploy/decisions/0007).
"""

from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from ingest.db.execute import run, run_prepared
from ingest.db.models import Outage, StoreFile
from ingest.db.session import now, read_clock, serialise

FAILURES = 3
"""Failures in a row after which a dependency counts as down."""

FIRST_PAUSE_SECONDS = 2.0
LONGEST_PAUSE_SECONDS = 10.0
"""Between two tries: at first, and when they went on failing. Longer only if the server asks for it."""

LONGEST_ASKED_SECONDS = 60.0


@dataclass(frozen=True)
class Standing:
    """How things are: dependencies that failed lately, those that are down, and whether one may try them again."""

    failing: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
    try_due: bool = True


def standing(session: Session) -> Standing:
    """The present state of every dependency that is not simply well."""
    rows = run_prepared(session, _STANDING).all()
    if not rows:
        return Standing()
    at = read_clock(session)
    down = [row for row in rows if row.failures >= FAILURES]
    return Standing(
        failing=tuple(row.dependency for row in rows),
        down=tuple(row.dependency for row in down),
        try_due=all(row.next_try <= at for row in down),
    )


def take_turn(session: Session) -> bool:
    """Be the one that tries what is down; False when somebody else is at it."""
    at = read_clock(session)
    due = (Outage.failures >= FAILURES, Outage.next_try <= at)
    turns = run(session, update(Outage).where(*due).values(next_try=at + LONGEST_PAUSE_SECONDS)).rowcount
    return turns > 0


def failed(session: Session, dependency: str, retry_after_seconds: float | None) -> int:
    """Write down that a dependency failed a file; how often in a row it has now."""
    serialise(session, f"outage:{dependency}")
    at = read_clock(session)
    before = session.scalar(select(Outage.failures).where(Outage.dependency == dependency)) or 0
    if before == 0:
        run(session, insert(Outage).values(dependency=dependency, since=at, failures=0, next_try=at))
    pause = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** max(0, before + 1 - FAILURES))
    asked = min(LONGEST_ASKED_SECONDS, retry_after_seconds or 0.0)
    values = {"failures": before + 1, "next_try": at + max(pause, asked)}
    run(session, update(Outage).where(Outage.dependency == dependency).values(values))
    return before + 1


def over(session: Session) -> list[str]:
    """A file completed, so nothing is down: forget what failed, and wake the files that wait because of it."""
    ended = list(session.scalars(delete(Outage).returning(Outage.dependency)))
    if ended:
        asleep = (
            select(StoreFile.row)
            .where(StoreFile.status == "queued", StoreFile.not_before > 0, StoreFile.not_before > now(session))
            .with_for_update(skip_locked=True)
        )
        run(session, update(StoreFile).where(StoreFile.row.in_(asleep)).values(not_before=0.0))
    return ended


_STANDING = select(Outage.dependency, Outage.failures, Outage.next_try).order_by(Outage.dependency)

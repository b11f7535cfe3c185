"""Claiming while something is down: one file at a time tries, the others wait in the database with no attempt spent."""

import random
from contextlib import suppress

from sqlalchemy.orm import Session

from ingest.db.queue import claims
from ingest.db.queue import feed as waiting
from ingest.db.queue import outages as rows
from ingest.db.queue.claims import Claim
from ingest.errors import DependencyDown
from ingest.observability import logs
from ingest.services import Services

FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 60.0

WATCHED = ("qdrant", "embedder", "blobs")
"""What an outage of is written down. Without the database nothing can be, and without the broker nobody claims."""

_log = logs.get(__name__)


class _NotNow(Exception):
    """Another worker tries already; undoes the claim."""


def claim(services: Services, row: int, *, owner: str) -> Claim | None:
    """Take a queued file. None when it is not to be had, or something it needs is down and it is not its turn."""
    try:
        with services.database.transaction() as session:
            now = rows.standing(session)
            services.failing_dependencies = now.failing
            if now.down and not now.try_due:
                raise _NotNow
            claimed = claims.claim(session, row, owner=owner, lease_seconds=services.settings.lease_seconds)
            if claimed is not None and now.down and not rows.take_turn(session):
                raise _NotNow
            return claimed
    except _NotNow:
        with services.database.transaction() as session:
            waiting.forget(session, [row])
        return None


def disclaim(session: Session, row: int, *, owner: str) -> None:
    """Undo a claim that nobody answered to, whether it was made or not: the message that told of the file is spent."""
    claims.disclaim(session, row, owner=owner)
    waiting.forget(session, [row])


def give_back(session: Session, claim: Claim, exc: DependencyDown) -> float:
    """Queue a file again because of a dependency; the seconds until it may be claimed."""
    times = rows.failed(session, exc.dependency, exc.retry_after_seconds) if exc.dependency in WATCHED else 0
    longest = min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** min(claim.attempt - 1, 10))
    if times >= rows.FAILURES:  # the outage says when somebody tries, and this file may have to be the one
        longest = min(longest, rows.FIRST_PAUSE_SECONDS)
    if times == rows.FAILURES:
        _log.warning("outage_began", dependency=exc.dependency, reason=str(exc))
    delay: float = max(exc.retry_after_seconds or 0.0, longest * random.uniform(0.5, 1.0))
    claims.give_back(session, claim, delay_seconds=delay)
    return delay


def completed(services: Services) -> None:
    """A file completed: what had failed when it was claimed is well again, and whoever waited for that is woken."""
    if not services.failing_dependencies:
        return
    with suppress(DependencyDown):  # the next file to complete does it
        with services.database.transaction() as session:
            ended = rows.over(session)
        services.failing_dependencies = ()
        for outage in ended:
            _log.info("outage_over", dependency=outage)

"""What workers do while a dependency is down: one file at a time probes it, the other files wait in the database.

A waiting file spends no attempt. `ingest/db/queue/outages.py` holds the circuit breaker that all workers share
(deploy/docs/decisions/0007-breakers-and-deadlines.md).
"""

from contextlib import suppress

from sqlalchemy.orm import Session

from ingest.db.queue import claims, feed
from ingest.db.queue import outages as outage_rows
from ingest.db.queue.claims import Claim
from ingest.db.queue.outages import OutageState
from ingest.errors import DependencyDown
from ingest.health.reasons import clean_reason
from ingest.observability import logs
from ingest.runtime.backoff import Backoff
from ingest.services import Services

RETRY_BACKOFF = Backoff(first_seconds=1.0, longest_seconds=60.0, jitter=0.5)

OUTAGE_RETRY_BACKOFF = Backoff(first_seconds=1.0, longest_seconds=outage_rows.PROBE_BACKOFF.first_seconds, jitter=0.5)
"""During an outage the shared breaker decides when a worker probes. Some file must be due by then, or nothing is probed."""

TRACKED_DEPENDENCIES = ("qdrant", "embedder", "blobs")
"""Dependencies with a shared breaker. An outage of the database cannot be recorded, and without the broker no worker
claims a file."""

_log = logs.get(__name__)


class ClaimRefused(Exception):
    """A dependency is down and another worker probes it. Rolls the claim back; the text names the dependency."""

    def __init__(self, state: OutageState) -> None:
        super().__init__(f"{', '.join(state.down)} is down, and another worker probes it")


def claim_file(services: Services, row: int, *, lease_holder: str) -> Claim | None:
    """Claim a queued file and return its claim.

    Returns None when the file is not queued any more. Raises ClaimRefused, after the file is marked as unpublished, when
    a dependency is down and another worker probes it.
    """
    try:
        with services.database.transaction() as session:
            outage = outage_rows.read_state(session)
            services.failing_dependencies = outage.failing
            if outage.down and not outage.is_probe_due:
                raise ClaimRefused(outage)
            lease_seconds = services.settings.lease_seconds
            claim = claims.claim(session, row, lease_holder=lease_holder, lease_seconds=lease_seconds)
            if claim is not None and outage.down and not outage_rows.claim_probe(session):
                raise ClaimRefused(outage)
            return claim
    except ClaimRefused:
        with services.database.transaction() as session:
            feed.unpublish(session, [row])
        raise


def undo_claim(session: Session, row: int, *, lease_holder: str) -> None:
    """Undo a claim whose COMMIT was not confirmed, whether or not it was committed.

    Marks the file as unpublished too, because its message is consumed: the feeder publishes it again.
    """
    claims.undo_claim(session, row, lease_holder=lease_holder)
    feed.unpublish(session, [row])


def defer(session: Session, claim: Claim, exc: DependencyDown) -> float:
    """Requeue a file because of a dependency, and return the seconds until it may be claimed again.

    The pause is a back-off with jitter, or `exc.retry_after_seconds` where that is longer.
    """
    failures = 0
    if exc.dependency in TRACKED_DEPENDENCIES:
        reason = clean_reason(_own_words(exc))
        model = claim.model if exc.dependency == "embedder" else ""
        failures = outage_rows.record_failure(
            session, exc.dependency, exc.retry_after_seconds, reason=reason, model=model
        )
    if failures == outage_rows.FAILURES_TO_OPEN:
        _log.warning("outage_started", dependency=exc.dependency, reason=str(exc))
    backoff = OUTAGE_RETRY_BACKOFF if failures >= outage_rows.FAILURES_TO_OPEN else RETRY_BACKOFF
    delay_seconds = max(exc.retry_after_seconds or 0.0, backoff.pause_seconds(claim.attempt - 1))
    if exc.dependency in outage_rows.WITHOUT_BREAKER:
        outage_rows.record_failure(session, exc.dependency, delay_seconds, reason=clean_reason(_own_words(exc)))
    claims.release(session, claim, delay_seconds=delay_seconds)
    return delay_seconds


def _own_words(exc: DependencyDown) -> str:
    return str(exc).removeprefix(f"{exc.dependency}: ")


def end_outages(services: Services) -> None:
    """End all outages after a file has completed, and make the files that wait because of them claimable.

    Does nothing when no dependency was failing at the time of this process's last claim.
    """
    if not services.failing_dependencies:
        return
    with suppress(DependencyDown):  # the next file to complete ends them
        with services.database.transaction() as session:
            ended = outage_rows.end_outages(session)
        services.failing_dependencies = ()
        for dependency in ended:
            _log.info("outage_ended", dependency=dependency)

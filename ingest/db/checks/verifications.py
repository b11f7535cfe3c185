"""The row about the service's own `ingest verify`: its last findings, and when it is due again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cronsim import CronSim
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ingest.db import locks
from ingest.db.execute import changed_row, execute
from ingest.db.models import Verification
from ingest.db.session import now, read_clock

ROW = 1
"""The table has one row, with this number."""


@dataclass(frozen=True)
class LastVerification:
    """When the last verification ended, and its number of findings by kind."""

    ended_at: float
    findings: Mapping[str, int]


def claim_if_due(session: Session, cron: str) -> bool:
    """Claim the verification if it is due. Returns False if it is not, or if another process has claimed it.

    Missed times are made up for once. Raises: CronSimError for an invalid `cron`.
    """
    locks.advisory_lock(session, locks.VERIFICATION)
    at = read_clock(session)
    next_at = next(CronSim(cron, datetime.fromtimestamp(at, UTC))).timestamp()
    verification = session.get(Verification, ROW)
    if verification is None:
        session.add(Verification(row=ROW, cron=cron, next_at=next_at))
        return False
    values = {"cron": cron, "next_at": next_at}
    if verification.cron != cron or verification.next_at > next_at:  # the latter after the clock went back
        execute(session, update(Verification).values(values))
        return False
    return changed_row(session, update(Verification).where(Verification.next_at <= at).values(values))


def record(session: Session, findings: Mapping[str, int]) -> None:
    """Record the findings of a verification that ends now."""
    execute(session, update(Verification).values(ended_at=now(session), findings=dict(findings)))


def get_last(session: Session) -> LastVerification | None:
    """Return the last verification that ended, None before the first."""
    verification = session.scalar(select(Verification).where(Verification.ended_at.is_not(None)))
    return None if verification is None else LastVerification(verification.ended_at or 0.0, verification.findings)

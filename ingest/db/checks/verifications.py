"""When the service verified itself last, what it found, and when it does so again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from cronsim import CronSim
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ingest.db.execute import changed, run
from ingest.db.models import Verification
from ingest.db.session import now, read_clock, serialise

THE_ROW = 1


@dataclass(frozen=True)
class Last:
    """The last verification that ended: when, and the findings by kind."""

    ended_at: float
    findings: Mapping[str, int]


def take_turn(session: Session, cron: str) -> bool:
    """Whether it is time, and nobody else has taken this time. What was missed is made up for once.

    Raises CronSimError when `cron` is none.
    """
    serialise(session, "verification")
    at = read_clock(session)
    next_at = next(CronSim(cron, datetime.fromtimestamp(at, UTC))).timestamp()
    known = session.get(Verification, THE_ROW)
    if known is None:
        session.add(Verification(row=THE_ROW, cron=cron, next_at=next_at))
        return False
    values = {"cron": cron, "next_at": next_at}
    if known.cron != cron:
        run(session, update(Verification).values(values))
        return False
    return changed(session, update(Verification).where(Verification.next_at <= at).values(values))


def ended(session: Session, findings: Mapping[str, int]) -> None:
    """Write down what was found."""
    run(session, update(Verification).values(ended_at=now(session), findings=dict(findings)))


def last(session: Session) -> Last | None:
    """The last one; None before the first."""
    known = session.scalar(select(Verification).where(Verification.ended_at.is_not(None)))
    return None if known is None else Last(known.ended_at or 0.0, known.findings)

"""Readings of the database's clock, and the jumps that they reveal.

Every machine compares the clock with the time since its own start, which nobody sets. A clock that went forward may make
everything expire, so irreversible expiries wait for `SETTLING_SECONDS` after a jump. What a clock that went back leaves
behind is put right by ingest/db/far_waits.py.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from ingest.db import locks
from ingest.db.execute import execute
from ingest.db.models import ClockReading
from ingest.db.session import read_clock

JUMP_SECONDS = 60.0
"""A smaller difference is no jump: clocks are adjusted by seconds now and then."""

ABSENCE_SECONDS = 86_400.0
"""After a restart of the machine nothing tells a jump from the time in which the service was off. A longer time than this
counts as a jump: waiting for the expiries does no harm."""

SETTLING_SECONDS = 86_400.0
"""How long irreversible expiries wait after a jump, for an operator who sets the clock right."""

WRITE_INTERVAL_SECONDS = 60.0
"""Time between two writes of a machine's reading."""

RETENTION_SECONDS = 30 * 86_400.0
"""Readings of machines that are gone are kept this long."""


@dataclass(frozen=True)
class ClockJump:
    """A jump of the database's clock: when it was noticed, how far it was, and until when expiries wait."""

    noticed_at: float
    seconds: float
    settles_at: float

    def to_json(self) -> dict[str, int | str]:
        """Return the jump for `/ready`."""
        return {
            "seconds": round(self.seconds),
            "noticed_at": int(self.noticed_at),
            "expiries_resume_at": int(self.settles_at),
            "text": f"the database's clock jumped by {self.seconds:+,.0f} s: nothing expires for good before it can be set right",
        }


def record_reading(session: Session, *, boot_id: str, uptime: float) -> ClockJump | None:
    """Compare the clock with the last reading, record this one, and return the jump in between if there was one."""
    locks.advisory_lock(session, locks.CLOCK)
    at = read_clock(session)
    last = session.get(ClockReading, boot_id)
    if last is not None:
        jump = (at - last.read_at) - (uptime - last.uptime)
        if abs(jump) < JUMP_SECONDS and uptime - last.uptime < WRITE_INTERVAL_SECONDS:
            return None
    else:
        others_read_at = session.scalar(select(func.max(ClockReading.read_at)))
        absence = 0.0 if others_read_at is None else at - others_read_at
        jump = absence if absence < 0 or absence > ABSENCE_SECONDS else 0.0
        session.add(ClockReading(boot_id=boot_id, uptime=uptime, read_at=at))
        session.flush()
        execute(session, delete(ClockReading).where(ClockReading.read_at < at - RETENTION_SECONDS))
    values: dict[str, Any] = {"uptime": uptime, "read_at": at}
    has_jumped = abs(jump) >= JUMP_SECONDS
    if has_jumped:
        values |= {"jumped_at": at, "jump_seconds": jump}
    execute(session, update(ClockReading).where(ClockReading.boot_id == boot_id).values(values))
    return ClockJump(at, jump, at + SETTLING_SECONDS) if has_jumped else None


def last_jump(session: Session) -> ClockJump | None:
    """Return the last jump if irreversible expiries still wait for its end."""
    at = read_clock(session)
    recent = (ClockReading.jumped_at > at - SETTLING_SECONDS, ClockReading.jumped_at <= at + JUMP_SECONDS)
    row = session.scalar(select(ClockReading).where(*recent).order_by(ClockReading.jumped_at.desc()).limit(1))
    if row is None or row.jumped_at is None or row.jump_seconds is None:
        return None
    return ClockJump(row.jumped_at, row.jump_seconds, row.jumped_at + SETTLING_SECONDS)

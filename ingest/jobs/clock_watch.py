"""What maintenance does about jumps of the database's clock (ingest/db/clock_readings.py).

After a jump in either direction, irreversible expiries wait for a day: an operator may set the clock right. After the clock
went back, whatever waits for a time in the far future is released, and schedules get their next time again.
"""

from math import inf

from ingest.db import clock_readings, far_waits
from ingest.db.clock_readings import ClockJump
from ingest.db.session import read_clock
from ingest.errors import InvalidRequest
from ingest.observability import logs
from ingest.reindex.cron import next_run
from ingest.runtime import uptime
from ingest.services import Services

_log = logs.get(__name__)


def watch_clock(services: Services) -> ClockJump | None:
    """Read the clock, release what waits for too long, and return the jump that irreversible expiries wait for."""
    with services.database.transaction() as session:
        jump = clock_readings.record_reading(session, boot_id=uptime.boot_id(), uptime=services.uptime())
        last_jump = clock_readings.last_jump(session)
        services.seconds_since_clock_jump = inf if last_jump is None else read_clock(session) - last_jump.noticed_at
    if jump is not None:
        wait = clock_readings.SETTLING_SECONDS
        _log.warning("clock_jumped", seconds=round(jump.seconds), expiries_wait_seconds=wait)
        if jump.seconds < 0:
            _reschedule(services)
    _bring_far_waits_near(services)
    return last_jump


def is_settling(services: Services) -> bool:
    """Return whether irreversible expiries wait, because the clock has jumped."""
    with services.database.reading() as session:
        return clock_readings.last_jump(session) is not None


def _bring_far_waits_near(services: Services) -> None:
    waits = far_waits.all_waits(services.settings.lease_seconds)
    with services.database.reading() as session:
        if not far_waits.any_is_far(session, waits):
            return
    released = 0
    for wait in waits:
        with services.database.transaction() as session:
            released += far_waits.bring_near(session, wait)
    _log.warning("far_waits_released", waits=released)


def _reschedule(services: Services) -> None:
    """Give schedules their next time from now, where that comes before the one that they have."""
    with services.database.transaction() as session:
        at = read_clock(session)
        for schedule in far_waits.list_schedules(session):
            try:
                following = next_run(schedule.cron, schedule.timezone, at)
            except InvalidRequest:  # this machine does not know the time zone; the schedule keeps its time
                continue
            if schedule.next_run_at is not None and following < schedule.next_run_at:
                schedule.next_run_at = following

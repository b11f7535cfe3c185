"""Cron expressions of schedules: validation, and the time of the next run.

Re-index schedules (ingest/reindex/schedules.py) and import schedules (ingest/imports/schedules.py) both use it.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from cronsim import CronSim, CronSimError
from sqlalchemy.orm import Session

from ingest.db.models import ImportSchedule, ReindexSchedule
from ingest.db.session import read_clock
from ingest.errors import InvalidRequest

CRON_FIELDS = 5

SCHEDULES_PER_SWEEP = 256
"""How many due schedules of one kind a maintenance run starts."""


def next_run(cron: str, timezone: str, after: float) -> int:
    """Return the first matching time later than `after`. Both are in seconds since 1970.

    Raises InvalidRequest for an invalid expression, an unknown time zone, and an expression that never matches.
    """
    if timezone not in _known_timezones():
        raise InvalidRequest(f"Unknown time zone '{timezone}': expected one like 'Europe/Berlin'.", param="timezone")
    if len(cron.split()) != CRON_FIELDS:
        message = "Invalid 'cron': expected five fields: minute, hour, day of month, month, day of week."
        raise InvalidRequest(message, param="cron")
    zone = UTC if timezone == "UTC" else ZoneInfo(timezone)
    try:
        return int(next(CronSim(cron, datetime.fromtimestamp(after, zone))).timestamp())
    except CronSimError as exc:
        raise InvalidRequest(f"Invalid 'cron': {exc}.", param="cron") from exc
    except StopIteration as exc:
        raise InvalidRequest("Invalid 'cron': such a time never comes.", param="cron") from exc


def recompute_next_run(
    session: Session, schedule: ReindexSchedule | ImportSchedule, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the new `next_run_at` of a schedule whose cron, timezone or paused changes, or {} when none of them does.

    Raises InvalidRequest as `next_run` does.
    """
    timing = {name: changes.get(name, getattr(schedule, name)) for name in ("cron", "timezone", "paused")}
    if all(timing[name] == getattr(schedule, name) for name in timing):
        return {}
    following = next_run(timing["cron"], timing["timezone"], read_clock(session))
    return {"next_run_at": None if timing["paused"] else following}


@cache
def _known_timezones() -> frozenset[str]:
    return frozenset({*available_timezones(), "UTC"})

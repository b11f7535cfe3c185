"""Helpers for tests of import schedules and of their runner."""

from typing import Any

from ingest import ids
from ingest.db.models import ImportSchedule
from ingest.db.schedules import import_schedules as rows
from ingest.imports import schedules
from ingest.stores import vector_stores
from ingest.webhooks import events
from tests.fakes import CALLER, FakeServices

HOUR = 3_600
DAY = 24 * HOUR
LEASE = 30.0
WEB = "https://docs.example/a.txt"


def create_store(services: FakeServices, **options: Any) -> str:
    """Create a vector store and return its id."""
    defaults: dict[str, Any] = {"name": "s", "description": None, "metadata": {}, "expires_after_days": None}
    return vector_stores.create(services, CALLER, **defaults | options).id


def create_hourly(services: FakeServices, store_id: str, *, paused: bool = False, **options: Any) -> ImportSchedule:
    """Create a schedule that imports a web URL every hour."""
    columns: dict[str, Any] = {
        "sources": [WEB], "manifests": [], "include": [], "exclude": [], "attributes": {},
        "attributes_from_path": [], "delete_missing": False, "retry_failed": False,
    }  # fmt: skip
    return schedules.create(
        services, CALLER, store_id, cron="0 * * * *", timezone="UTC", paused=paused, options=columns | options
    )


def reload(services: FakeServices, schedule: ImportSchedule) -> ImportSchedule:
    """Return the present row of a schedule."""
    return schedules.retrieve(services, CALLER, schedule.vector_store_id, schedule.id)


def claim_run(services: FakeServices, owner: str = "one") -> ImportSchedule | None:
    """Claim a run under a lease of 30 seconds; None when there is none."""
    with services.database.transaction() as session:
        return rows.claim_run(session, owner, ids.new("imp_"), LEASE)


def start_run(services: FakeServices, store_id: str) -> tuple[ImportSchedule, ImportSchedule]:
    """Create a schedule, make it due and claim its run; return the schedule and the run."""
    schedule = create_hourly(services, store_id)
    schedules.run_now(services, CALLER, schedule.vector_store_id, schedule.id)
    run = claim_run(services)
    assert run is not None
    return schedule, run


def end_run(services: FakeServices, run: ImportSchedule) -> bool:
    """End a run and enqueue its event; return whether the lease was held."""
    with services.database.transaction() as session:
        is_held = rows.end_run(session, run.row, run.fence, "completed", counts={"total": 1})
    events.enqueue_events(services)
    return is_held

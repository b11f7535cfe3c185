"""Rows of schedules to start from."""

from typing import Any

from ingest import ids
from ingest.db.models import ImportSchedule, ReindexSchedule
from ingest.db.session import Database

TIMING: dict[str, Any] = {"created_at": 1, "cron": "0 * * * *", "timezone": "UTC", "paused": False}


def create_reindex_schedule(database: Database, store: str, next_run_at: float | None) -> ReindexSchedule:
    """Create a schedule, paused if it has no next time."""
    schedule = ReindexSchedule(
        id=ids.new("rsch_"),
        vector_store_id=store,
        only="all",
        **TIMING | {"paused": next_run_at is None, "next_run_at": None if next_run_at is None else int(next_run_at)},
    )
    with database.transaction() as session:
        session.add(schedule)
    return schedule


def create_import_schedule(database: Database, store: str, **columns: Any) -> ImportSchedule:
    """Create a schedule of imports that is not due."""
    options: dict[str, Any] = {
        "sources": ["/srv"], "manifests": [], "include": [], "exclude": [], "attributes": {}, "attributes_from_path": [],
        "delete_missing": False, "retry_failed": False, "next_run_at": 9_999_999_999,
    }  # fmt: skip
    schedule = ImportSchedule(id=ids.new("isch_"), vector_store_id=store, **TIMING | options | columns)
    with database.transaction() as session:
        session.add(schedule)
    return schedule

"""Helpers for tests that run scheduled imports to their end."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from api import import_process
from ingest import ids
from ingest.db.models import File, ImportSchedule
from ingest.db.pages import Window
from ingest.db.schedules import import_schedules as schedule_rows
from ingest.imports import schedules
from ingest.imports.runner import EXIT_ENDED
from ingest.stores import files, members, vector_stores
from ingest.webhooks import events
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import run_published_jobs

NIGHTLY = "0 3 * * *"


@contextmanager
def workers_running(services: FakeServices) -> Iterator[None]:
    """Run the published jobs in a thread for as long as the context lasts."""
    stop = threading.Event()

    def run_jobs() -> None:
        while not stop.wait(0.01):
            services.feeder.top_up()
            run_published_jobs(services)

    thread = threading.Thread(target=run_jobs)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)


def create_mirror(services: FakeServices, folder: Path, **options: Any) -> ImportSchedule:
    """Create a schedule that mirrors a folder into a new store."""
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=None)
    columns: dict[str, Any] = {
        "sources": [str(folder)], "manifests": [], "include": [], "exclude": [], "attributes": {},
        "attributes_from_path": [], "delete_missing": True, "retry_failed": False,
    }  # fmt: skip
    return schedules.create(
        services, CALLER, store.id, cron=NIGHTLY, timezone="UTC", paused=False, options=columns | options
    )


def start_run(services: FakeServices, schedule: ImportSchedule) -> ImportSchedule:
    """Make a schedule due and claim its run; return the schedule."""
    events.enqueue_events(services)  # the next run can be claimed only after the event of the one before
    schedules.run_now(services, CALLER, schedule.vector_store_id, schedule.id)
    return claim_run(services)


def claim_run(services: FakeServices) -> ImportSchedule:
    """Claim a run under a lease of 30 seconds."""
    with services.database.transaction() as session:
        row = schedule_rows.claim_run(session, "test/1", ids.new("imp_"), 30.0)
    assert row is not None
    return row


def execute_run(services: FakeServices, run: ImportSchedule, tmp_path: Path) -> int:
    """Execute a run whose lease is held; return the exit code of its process."""
    work = tmp_path / f"work-{run.fence}"
    work.mkdir()
    with workers_running(services):
        return import_process.execute_run(services, run.row, run.fence, work, exit_process=lambda _: None)


def run_to_end(services: FakeServices, schedule: ImportSchedule, tmp_path: Path) -> ImportSchedule:
    """Run a schedule to its end, and return its row."""
    assert execute_run(services, start_run(services, schedule), tmp_path) == EXIT_ENDED
    return reload(services, schedule)


def reload(services: FakeServices, schedule: ImportSchedule) -> ImportSchedule:
    """Return the present row of a schedule."""
    return schedules.retrieve(services, CALLER, schedule.vector_store_id, schedule.id)


def nonzero_counts(schedule: ImportSchedule) -> Mapping[str, int]:
    """Return the counts of a run that are not 0."""
    all_counts = {**schedule.counts, "uploaded": schedule.uploaded, "removed": schedule.removed}
    return {name: count for name, count in all_counts.items() if count}


def store_file_names(services: FakeServices, schedule: ImportSchedule) -> list[str]:
    """Return the names of the files in the schedule's store, followed by their status if it is not completed."""
    page = members.list_page(services, CALLER, schedule.vector_store_id, Window(limit=100), status=None)
    return sorted(
        files.retrieve(services, CALLER, file.file_id).filename + ("" if file.status == "completed" else file.status)
        for file in page.items
    )


def count_files(services: FakeServices) -> int:
    """Return the number of files of the service, in a store or not."""
    with services.database.reading() as session:
        return session.scalar(select(func.count()).select_from(File)) or 0

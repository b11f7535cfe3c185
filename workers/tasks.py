"""The tasks: one a file, and maintenance. Extra arguments are for people who read them in Flower."""

from ingest.dispatch.broker import FILE_TASK, MAINTENANCE_TASK
from ingest.errors import DependencyDown
from ingest.jobs import maintenance
from ingest.jobs.run import JobOutcome, run_job
from ingest.observability import logs
from workers import process
from workers.app import app

_log = logs.get(__name__)


class FileFailed(Exception):
    """A file that failed. The worker is well, but the task must look like its file in Flower."""


@app.task(name=FILE_TASK, throws=(FileFailed,))
def ingest_file(row: int, file: str, name: str, store: str, batch: str | None, attempt: int) -> str:
    """Run the job of one row and return a summary of its outcome. Raises FileFailed when the file failed."""
    del file, name, store, batch, attempt
    services = process.services()
    try:
        with process.released_on_sigterm():
            outcome = run_job(services, row, lease_holder=process.lease_holder())
        if not services.stopping.is_set():
            services.feeder.top_up_after_file()
    except DependencyDown as exc:  # the database is down: the file is queued again, now or when its lease expires
        _log.warning("job_lost", row=row, reason=str(exc))
        return f"lost: {exc}"
    if outcome.result == "failed":
        raise FileFailed(outcome.reason)
    return summarise(outcome)


def summarise(outcome: JobOutcome) -> str:
    """Return the result, its reason and the seconds of each stage, short enough for a column in Flower."""
    stages = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in outcome.seconds.items())
    result = f"{outcome.result}: {outcome.reason}" if outcome.reason else outcome.result
    return f"{result} ({stages})" if stages else result


@app.task(name=MAINTENANCE_TASK)
def run_maintenance() -> None:
    """Run maintenance once. Beat sends this task every `sweep_seconds`."""
    maintenance.run_maintenance(process.services())

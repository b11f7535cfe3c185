"""The tasks: one a file, and maintenance. Extra arguments are for people who read them in Flower."""

from celery.exceptions import Retry

from ingest.dispatch.broker import FILE_TASK, MAINTENANCE_TASK
from ingest.errors import DependencyDown
from ingest.health.reasons import clean_reason
from ingest.jobs import maintenance
from ingest.jobs.run import JobOutcome, run_job
from ingest.observability import logs
from workers import process
from workers.app import app

_log = logs.get(__name__)


class FileFailed(Exception):
    """A file that failed. The worker is well, but the task must look like its file in Flower."""


class FileDelayed(Exception):
    """A file that is still queued. Its task has the state RETRY in Flower, with this text."""


@app.task(name=FILE_TASK, throws=(FileFailed,))
def ingest_file(row: int, file: str, name: str, store: str, batch: str | None, attempt: int) -> str:
    """Run the job of one row and return a summary of its outcome.

    Raises FileFailed when the file failed, and Retry when it is still queued. Celery sends no message for the latter,
    because `Task.retry` is not called: the feeder publishes the file again.
    """
    del file, name, store, batch, attempt
    services = process.services()
    try:
        with process.released_on_sigterm():
            outcome = run_job(services, row, lease_holder=process.lease_holder())
        if not services.stopping.is_set():
            services.feeder.top_up_after_file()
    except DependencyDown as exc:  # the database is down: the file is queued again, now or when its lease expires
        _log.warning("job_lost", row=row, reason=str(exc))
        raise Retry(exc=FileDelayed(f"lost: {clean_reason(str(exc))}")) from exc
    if outcome.result == "failed":
        raise FileFailed(outcome.reason)
    if outcome.is_delayed:
        raise Retry(exc=FileDelayed(summarise(outcome)), when=outcome.retry_seconds)
    return summarise(outcome)


def summarise(outcome: JobOutcome) -> str:
    """Return the result, its reason and the seconds of each stage, short enough for a column in Flower."""
    stages = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in outcome.seconds.items())
    result = f"{outcome.result}: {clean_reason(outcome.reason)}" if outcome.reason else outcome.result
    if outcome.retry_seconds:
        result += f", next try in {outcome.retry_seconds:.0f} s"
    return f"{result} ({stages})" if stages else result


@app.task(name=MAINTENANCE_TASK)
def run_maintenance() -> None:
    """Run maintenance once. Beat sends this task every `sweep_seconds`."""
    maintenance.run_maintenance(process.services())

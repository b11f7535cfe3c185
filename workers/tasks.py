"""The tasks: one per file, and the sweep. Their arguments are for the person who reads them in Flower."""

from ingest.dispatch.broker import FILE_TASK, SWEEP_TASK
from ingest.errors import DependencyDown
from ingest.jobs import maintenance as sweeping
from ingest.jobs import run
from ingest.observability import logs
from workers import process
from workers.app import app

_log = logs.get(__name__)


class FileFailed(Exception):
    """A file that ended as failed: nothing is wrong with the worker, but the task should look like its file."""


@app.task(name=FILE_TASK, throws=(FileFailed,))
def file(row: int, file: str, name: str, store: str, batch: str | None, attempt: int) -> str:
    """Ingest one file of one store; what became of it is the result."""
    del file, name, store, batch, attempt
    services = process.services()
    try:
        with process.stoppable():
            ended = run.run(services, row, owner=process.owner())
        if not services.stopping.is_set():
            services.feeder.top_up_after_file()
    except DependencyDown as exc:  # the database is away: the file waits again, or will when its lease runs out
        _log.warning("job_lost", row=row, reason=str(exc))
        return f"lost: {exc}"
    if ended.result == "failed":
        raise FileFailed(ended.reason)
    return described(ended)


def described(ended: run.Ended) -> str:
    """How a file ended, why, and where the time went, short enough for a column."""
    spent = ", ".join(f"{stage} {seconds:.2f} s" for stage, seconds in ended.seconds.items())
    said = f"{ended.result}: {ended.reason}" if ended.reason else ended.result
    return f"{said} ({spent})" if spent else said


@app.task(name=SWEEP_TASK)
def sweep() -> None:
    """The periodic work, told by beat."""
    sweeping.sweep(process.services())

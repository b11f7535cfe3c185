"""One job: claim a file, keep its lease alive, run the pipeline, record the outcome.

A job may run twice or late without harm: the fencing token of its claim guards every write.
The transitions T2 to T9 are listed in deploy/docs/reliability.md.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

from sqlalchemy.orm import Session

from ingest.db.queue import claims, point_jobs
from ingest.db.queue.claims import Claim
from ingest.errors import Abandoned, DependencyDown, FileError, LastErrorCode, ModelChanged, OcrDeferred
from ingest.jobs import clock_watch, outages, pipeline
from ingest.jobs.lease import Lease
from ingest.jobs.outages import ClaimRefused
from ingest.jobs.pipeline import IngestResult, JobControl, Stage
from ingest.observability import logs, metrics, tracing
from ingest.services import Services
from ingest.steps.versions import pipeline_version
from ingest.stores import unclaimed_blobs

JobResult = Literal["skipped", "completed", "failed", "deferred", "released", "slow", "abandoned"]
"""`skipped`: the file was not claimable; with a reason it still waits. `deferred`: requeued because a dependency is down. `released`: requeued at once.
`slow`: requeued for a worker of the slow lane.
`abandoned`: the lease was lost, or the file is not wanted any more."""


@dataclass(frozen=True)
class JobOutcome:
    """The result of a job, its reason if there is one, and the seconds spent in each stage."""

    result: JobResult
    reason: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)
    retry_seconds: float = 0.0
    """Seconds until the file may be claimed again, if it was deferred."""

    @property
    def is_delayed(self) -> bool:
        """Whether the file is still queued, so that another job will follow."""
        return self.result in ("deferred", "released", "slow") or (self.result == "skipped" and bool(self.reason))


DATABASE_OUTAGE_SECONDS = 600.0
"""How long a worker goes on trying to record an outcome while the database is down."""

DATABASE_RETRY_SECONDS = 0.5

T = TypeVar("T")

_log = logs.get(__name__)


def run_job(services: Services, row: int, *, lease_holder: str) -> JobOutcome:
    """Ingest the file of a row if it is still queued. `lease_holder` is this worker's name in the lease.

    Raises DependencyDown only when the database is down, perhaps after DATABASE_OUTAGE_SECONDS. Then the file is queued
    again, or its lease will expire.
    """
    try:
        claim = _claim(services, row, lease_holder)
    except ClaimRefused as exc:
        return JobOutcome("skipped", str(exc))
    if claim is None:
        return JobOutcome("skipped")
    facts = {"store": claim.vector_store_id, "file": claim.file_id, "batch": claim.batch_id, "attempt": claim.attempt}
    with logs.bound_context(**facts):
        started_at, timer = time.monotonic(), metrics.StageTimer()
        try:
            with (
                _instrumented(claim, facts, timer) as enter_stage,
                _controlled(services, claim, enter_stage) as control,
            ):
                try:
                    outcome = _run_pipeline(services, claim, control)
                except ModelChanged as exc:
                    outcome = _release(services, claim, str(exc))
        except Abandoned as exc:
            outcome = JobOutcome("abandoned", str(exc))
            _purge_after_lost_lease(services, claim)
        timer.stop()
        seconds = time.monotonic() - started_at
        reason = {"reason": outcome.reason} if outcome.reason else {}
        _log.info(f"file_{outcome.result}", seconds=round(seconds, 3), **reason)
        _record_metrics(claim, outcome, seconds)
        return replace(outcome, seconds=timer.seconds)


def _claim(services: Services, row: int, lease_holder: str) -> Claim | None:
    try:
        return outages.claim_file(services, row, lease_holder=lease_holder)
    except DependencyDown:  # the COMMIT may have succeeded, and an expired lease would count as a crash
        _write_with_retry(services, lambda session: outages.undo_claim(session, row, lease_holder=lease_holder))
        raise


@contextmanager
def _instrumented(
    claim: Claim, facts: Mapping[str, Any], timer: metrics.StageTimer
) -> Iterator[Callable[[Stage], None]]:
    """Yield the function to call at the start of each stage: it feeds the metrics and, where enabled, the traces."""
    with tracing.span("ingest.file", claim.traceparent, **facts), tracing.stage_spans() as enter_span:

        def enter_stage(stage: Stage) -> None:
            timer.enter(stage)
            enter_span(f"ingest.{stage}")

        yield enter_stage


@contextmanager
def _controlled(services: Services, claim: Claim, enter_stage: Callable[[Stage], None]) -> Iterator[JobControl]:
    """Keep the lease alive inside the context, and yield the pipeline's connection to it."""
    lease = Lease(services, claim)
    with lease.kept_alive():
        yield JobControl(
            still_wanted=lease.is_wanted,
            ensure_lease=lease.ensure,
            enter_stage=enter_stage,
            note_progress=lease.note_progress,
        )


def _run_pipeline(services: Services, claim: Claim, control: JobControl) -> JobOutcome:
    """Run the pipeline and record the outcome.

    Raises Abandoned when the lease is lost, and ModelChanged when the store's embedding model changed meanwhile.
    """
    try:
        _complete(services, claim, pipeline.ingest_file(claim, services, control))
        outages.end_outages(services)
    except FileError as exc:
        return _fail(services, claim, exc.code, str(exc), exc.report)
    except OcrDeferred as exc:
        return _defer_to_slow_lane(services, claim, str(exc))
    except Abandoned:
        if not services.stopping.is_set():
            raise
        return _release(services, claim, "the worker stops")
    except DependencyDown as exc:
        is_overdue = claim.waited_seconds > services.settings.retry_deadline_seconds
        if is_overdue and not clock_watch.is_settling(services):
            return _fail(services, claim, "server_error", f"Given up after waiting too long. {exc}")
        return _defer(services, claim, exc)
    except ModelChanged:  # like Abandoned, also raised by the writes in the branches above; `run_job` releases the file
        raise
    except FileNotFoundError:
        return _fail(services, claim, "server_error", "The file's content is missing on the server. Upload it again.")
    except Exception:  # noqa: BLE001 - a defect of the service must not leave the file in progress for ever
        _log.exception("file_crashed")
        message = "The server could not ingest this file because of a defect in it."
        return _fail(services, claim, "server_error", message)
    return JobOutcome("completed")


def _complete(services: Services, claim: Claim, result: IngestResult) -> None:
    """Complete the file. Attributes that changed meanwhile are written to the points first."""
    version, report = pipeline_version(claim.model), result.report.to_json()
    languages, checksum = result.languages, result.text_checksum

    def complete_or_read_attributes(session: Session) -> tuple[dict[str, Any], int] | None:
        if claims.complete(session, claim, result.totals, version, report, languages, checksum):
            return None
        return claims.current_attributes(session, claim)

    while changed := _write_with_retry(services, complete_or_read_attributes):
        attributes, attributes_version = changed
        claim = replace(claim, attributes=attributes, attributes_version=attributes_version)
        services.index_of(claim.model).set_attributes(pipeline.point_owner_of(claim))
    for code, count in Counter(warning.code for warning in result.report.warnings).items():
        metrics.warnings.labels(code).inc(count)


def _fail(
    services: Services, claim: Claim, code: LastErrorCode, message: str, report: Mapping[str, Any] | None = None
) -> JobOutcome:
    _write_with_retry(services, lambda session: claims.fail(session, claim, code, message, report))
    metrics.failures.labels(code).inc()
    _log.info("file_error", code=code, reason=message)
    return JobOutcome("failed", message)


def _defer(services: Services, claim: Claim, exc: DependencyDown) -> JobOutcome:
    delay_seconds = _write_with_retry(services, lambda session: outages.defer(session, claim, exc))
    metrics.dependency_failures.labels(exc.dependency).inc()
    _log.warning("dependency_failed", dependency=exc.dependency, reason=str(exc), retry_seconds=round(delay_seconds, 1))
    return JobOutcome("deferred", str(exc), retry_seconds=delay_seconds)


def _release(services: Services, claim: Claim, reason: str) -> JobOutcome:
    _write_with_retry(services, lambda session: claims.release(session, claim, delay_seconds=0))
    return JobOutcome("released", reason)


def _defer_to_slow_lane(services: Services, claim: Claim, reason: str) -> JobOutcome:
    _write_with_retry(services, lambda session: claims.defer_to_slow_lane(session, claim))
    return JobOutcome("slow", reason)


def _purge_after_lost_lease(services: Services, claim: Claim) -> None:
    """Purge points and bytes written after the lease was lost (for example after a VM pause)."""
    with suppress(DependencyDown):  # `ingest verify` finds what remains
        _write_with_retry(
            services,
            lambda session: point_jobs.repair_after_lost_lease(
                session, claim.vector_store_id, claim.row, claim.generation
            ),
        )
        # The file may have been deleted meanwhile: then nothing else deletes the text that this job stored.
        unclaimed_blobs.delete_blob_if_unreferenced(services, claim.blob)


def _record_metrics(claim: Claim, outcome: JobOutcome, seconds: float) -> None:
    metrics.jobs.labels(outcome.result).inc()
    metrics.waited_seconds.observe(claim.waited_seconds)
    if outcome.result == "completed":
        metrics.job_seconds.observe(seconds)


def _write_with_retry(services: Services, write: Callable[[Session], T]) -> T:
    """Run `write` in a transaction, and retry while the database is down.

    A worker that gave up would leave the file to its lease, and an expired lease counts as a crash.
    Raises DependencyDown after DATABASE_OUTAGE_SECONDS, or at once when the worker must stop.
    """
    deadline = time.monotonic() + DATABASE_OUTAGE_SECONDS
    while True:
        try:
            with services.database.transaction() as session:
                return write(session)
        except DependencyDown as exc:
            if time.monotonic() > deadline or services.stopping.is_set():
                raise
            _log.warning("outcome_write_failed", reason=str(exc))
            time.sleep(DATABASE_RETRY_SECONDS)

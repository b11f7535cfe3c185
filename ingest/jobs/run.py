"""What one job does: claim a file, keep it alive, send it through the pipeline, write down how it ended."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Literal, TypeVar

from sqlalchemy.orm import Session

from ingest.db.queue import claims, point_jobs
from ingest.db.queue.claims import Claim
from ingest.db.queue.counters import Sizes
from ingest.errors import Abandoned, DependencyDown, FileError, LastErrorCode, Moved
from ingest.jobs import outages, pipeline
from ingest.jobs.pipeline import Stage, Watch
from ingest.observability import logs, metrics, tracing
from ingest.services import Services
from ingest.steps.versions import pipeline_version
from ingest.stores import files

Result = Literal["not to be had", "completed", "failed", "delayed", "given back", "abandoned"]


@dataclass(frozen=True)
class Ended:
    """What became of a job, why if that needs saying, and the seconds that each stage took."""

    result: Result
    reason: str = ""
    seconds: Mapping[str, float] = field(default_factory=dict)


OUTAGE_SECONDS = 600.0
"""A worker waits this long for a database that is away to write down how a file stands."""

OUTAGE_PAUSE_SECONDS = 0.5

T = TypeVar("T")

_log = logs.get(__name__)


def run(services: Services, row: int, *, owner: str) -> Ended:
    """Ingest the file of a row, if it is still waiting. `owner` names this worker in the lease.

    Doing it twice, or late, is harmless. Raises DependencyDown only when the database itself is away, perhaps for
    OUTAGE_SECONDS: then the file waits again, or its lease will run out.
    """
    try:
        claim = outages.claim(services, row, owner=owner)
    except DependencyDown:  # perhaps only the answer was lost, and a lease that runs out counts as a worker lost
        _written(services, lambda session: outages.disclaim(session, row, owner=owner))
        raise
    if claim is None:
        return Ended("not to be had")
    facts = {"store": claim.vector_store_id, "file": claim.file_id, "batch": claim.batch_id, "attempt": claim.attempt}
    with logs.bound(**facts):
        started, stages = time.monotonic(), metrics.Stages()
        try:
            with _followed(claim, facts, stages) as stage, _heartbeat(services, claim, stage) as watch:
                try:
                    ended = _attempt(services, claim, watch)
                except Moved as exc:
                    _written(services, lambda session: claims.give_back(session, claim, delay_seconds=0))
                    ended = Ended("given back", str(exc))
        except Abandoned as exc:
            ended = Ended("abandoned", str(exc))
            _clean_up(services, claim)
        stages.end()
        seconds = time.monotonic() - started
        why = {"reason": ended.reason} if ended.reason else {}
        _log.info("file_" + ended.result.replace(" ", "_"), seconds=round(seconds, 3), **why)
        _count(claim, ended, seconds)
        return replace(ended, seconds=stages.seconds)


@contextmanager
def _followed(claim: Claim, facts: Mapping[str, Any], stages: metrics.Stages) -> Iterator[Callable[[Stage], None]]:
    """Time the stages for the metrics, and trace them where traces are on."""
    with tracing.span("ingest.file", claim.trace, **facts), tracing.steps() as step:

        def begins(stage: Stage) -> None:
            stages(stage)
            step(f"ingest.{stage}")

        yield begins


def _clean_up(services: Services, claim: Claim) -> None:
    """What this worker wrote after it had lost its file, as after a long sleep of its machine, must not stay."""
    with suppress(DependencyDown):  # `ingest verify` finds what stays then
        _written(
            services,
            lambda session: point_jobs.plan_after_loss(session, claim.vector_store_id, claim.row, claim.generation),
        )
        files.delete_blob_if_unreferenced(services, claim.blob)  # what it read in a file that was deleted meanwhile


def _count(claim: Claim, ended: Ended, seconds: float) -> None:
    metrics.jobs.labels(ended.result).inc()
    metrics.waited_seconds.observe(claim.waited_seconds)
    if ended.result == "completed":
        metrics.job_seconds.observe(seconds)


def _written(services: Services, write: Callable[[Session], T]) -> T:
    """Write down how a file stands, also when the database is away for a while: a worker that gave up would leave the
    file to its lease, and that counts as a worker lost. Raises DependencyDown after OUTAGE_SECONDS or at a stop."""
    deadline = time.monotonic() + OUTAGE_SECONDS
    while True:
        try:
            with services.database.transaction() as session:
                return write(session)
        except DependencyDown as exc:
            if time.monotonic() > deadline or services.stopping.is_set():
                raise
            _log.warning("not_written", reason=str(exc))
            time.sleep(OUTAGE_PAUSE_SECONDS)


def _attempt(services: Services, claim: Claim, watch: Watch) -> Ended:
    try:
        _complete(services, claim, pipeline.ingest(claim, services, watch))
        outages.completed(services)
    except FileError as exc:
        return _fail(services, claim, exc.code, str(exc))
    except Abandoned:
        if not services.stopping.is_set():
            raise
        _written(services, lambda session: claims.give_back(session, claim, delay_seconds=0))
        return Ended("given back", "the worker stops")
    except DependencyDown as exc:
        if claim.waited_seconds > services.settings.retry_deadline_seconds:
            return _fail(services, claim, "server_error", f"Given up after waiting too long. {exc}")
        return _delay(services, claim, exc)
    except Moved:
        raise
    except FileNotFoundError:
        return _fail(services, claim, "server_error", "The file's content is missing on the server. Upload it again.")
    except Exception:  # noqa: BLE001 - a defect of ours must not leave the file in progress for ever
        _log.exception("file_crashed")
        return _fail(
            services, claim, "server_error", "The server could not ingest this file because of a defect in it."
        )
    return Ended("completed")


def _complete(services: Services, claim: Claim, sizes: Sizes) -> None:
    maker = pipeline_version(claim.model)
    while True:
        changed = _written(services, lambda session, c=claim: _complete_or_changed(session, c, sizes, maker))  # type: ignore[misc]
        if changed is None:
            return
        attributes, version = changed
        claim = replace(claim, attributes=attributes, attributes_version=version)
        services.index_of(claim.model).set_attributes(pipeline.owner_of(claim))


def _complete_or_changed(session: Session, claim: Claim, sizes: Sizes, maker: str) -> tuple[dict[str, Any], int] | None:
    """None when the file is completed, else the attributes that its points must get first."""
    return None if claims.complete(session, claim, sizes, maker) else claims.attributes_of(session, claim)


def _fail(services: Services, claim: Claim, code: LastErrorCode, message: str) -> Ended:
    _written(services, lambda session: claims.fail(session, claim, code, message))
    metrics.failures.labels(code).inc()
    _log.info("file_error", code=code, reason=message)
    return Ended("failed", message)


def _delay(services: Services, claim: Claim, exc: DependencyDown) -> Ended:
    delay = _written(services, lambda session: outages.give_back(session, claim, exc))
    metrics.dependency_failures.labels(exc.dependency).inc()
    _log.warning("file_delayed", dependency=exc.dependency, reason=str(exc), seconds=round(delay, 1))
    return Ended("delayed", str(exc))


@contextmanager
def _heartbeat(services: Services, claim: Claim, stage: Callable[[Stage], None]) -> Iterator[Watch]:
    """Renew the lease meanwhile, and notice when the file is lost or no longer wanted."""
    settings = services.settings
    lost = threading.Event()
    held_until = [time.monotonic() + settings.lease_seconds]

    def renew() -> None:
        started = time.monotonic()
        with services.database.transaction() as session:
            if not claims.renew(session, claim, lease_seconds=settings.lease_seconds):
                lost.set()
        held_until[0] = started + settings.lease_seconds

    def beat() -> None:
        if lost.is_set():
            return
        try:
            renew()
        except Exception as exc:  # noqa: BLE001 - the lease goes on for a while; `still_wanted` knows how long
            _log.warning("heartbeat_failed", reason=str(exc))

    def still_wanted() -> bool:
        return not (lost.is_set() or services.stopping.is_set()) and time.monotonic() < held_until[0]

    def keep() -> None:
        if held_until[0] - time.monotonic() < settings.lease_seconds - settings.heartbeat_seconds / 2:
            renew()
        if not still_wanted():
            raise Abandoned("no longer ours, or no longer wanted")

    with services.heartbeat_thread.beating(beat):
        yield Watch(still_wanted=still_wanted, keep=keep, stage=stage)

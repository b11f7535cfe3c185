"""Why a file or a batch waits: the state of the service, cached for a second, and the facts of the file or the batch."""

import threading
import time
from concurrent.futures import Future
from typing import Protocol

from ingest.config import Settings
from ingest.db import clock_readings
from ingest.db.content import collections
from ingest.db.models import FileBatch
from ingest.db.queue import backlog, outages, waiting, workers
from ingest.db.queue.waiting import MAX_COUNT, BatchFacts
from ingest.db.session import Database, read_clock
from ingest.health.checks import CheckResult, DependencyCheck, DependencyChecks
from ingest.health.reasons import Wait, general_reason
from ingest.health.report import WaitingCounts
from ingest.health.state import HealthState
from ingest.status import FileStatus, ParseLane, RowStatus, batch_status

CACHE_SECONDS = 1.0
MODELS_SECONDS = 10.0
"""How long the set of models that stores use is cached: reading it costs time by the number of stores."""

MAX_CACHED_BATCHES = 1_000

MOVING_SECONDS = 5.0
"""A batch whose files were published so recently, or that is so young, is not said to wait for its turn."""


class WaitingFile(Protocol):
    """A file of a store, as far as its wait depends on it."""

    @property
    def row(self) -> int: ...
    @property
    def vector_store_id(self) -> str: ...
    @property
    def status(self) -> FileStatus: ...
    @property
    def queue(self) -> "QueuePlace": ...


class QueuePlace(Protocol):
    """Where a file is in the queue."""

    @property
    def row_status(self) -> RowStatus: ...
    @property
    def lane(self) -> ParseLane: ...
    @property
    def batch(self) -> int | None: ...
    @property
    def queued_at(self) -> float: ...
    @property
    def not_before(self) -> float: ...
    @property
    def lease(self) -> tuple[str, float] | None: ...


class Waits:
    """Explains waits, for the threads of one process."""

    def __init__(self, database: Database, settings: Settings, checks: DependencyChecks, *, slow_apart: bool) -> None:
        self._database = database
        self._settings = settings
        self._checks = checks
        self._slow_apart = slow_apart
        self._lock = threading.Lock()
        self._state: HealthState | None = None
        self._read_at = float("-inf")
        self._unconfigured: frozenset[str] = frozenset()
        self._models_read_at = float("-inf")
        self._batches: dict[int, tuple[float, Wait | None]] = {}
        self._summary = DependencyCheck("files", lambda: {"state": self.state(), "counts": self.count()})

    def state(self) -> HealthState:
        """Return the state of the service, at most CACHE_SECONDS old. Raises DependencyDown("database")."""
        if not self._lock.acquire(blocking=self._state is None):
            return self._state or HealthState(0.0)  # another thread reads the next state
        try:
            if self._state is None or time.monotonic() - self._read_at > CACHE_SECONDS:
                self._state = self._read_state()
                self._read_at = time.monotonic()
            return self._state
        finally:
            self._lock.release()

    def count(self) -> WaitingCounts:
        """Count the unfinished files of all projects. Raises DependencyDown("database")."""
        with self._database.reading() as session:
            sizes, slow = backlog.read_backlog(session), waiting.count_slow(session)
            by_model = {counted.model: counted.files for counted in waiting.count_by_model(session)}
        return WaitingCounts(sizes.queued, sizes.running, slow, by_model)

    def start_summary(self) -> "Future[CheckResult]":
        """Read the state of the service and its counts in a thread. The facts of the result are `state` and `counts`."""
        return self._summary.start()

    def of_batch(self, batch: FileBatch) -> Wait | None:
        """Return why a batch makes no progress; None if it does, or has ended."""
        if batch_status(batch) != "in_progress":
            return None
        read_at, wait = self._batches.get(batch.row, (float("-inf"), None))
        if time.monotonic() - read_at > CACHE_SECONDS:
            wait = self._explain_batch(batch)
            if len(self._batches) >= MAX_CACHED_BATCHES:
                self._batches.clear()
            self._batches[batch.row] = (time.monotonic(), wait)
        return wait

    def of_file(self, file: WaitingFile, *, counts_queue: bool = False) -> Wait | None:
        """Return why a file is not being processed; None if it is, or has ended.

        With `counts_queue` also how many files are before it, which costs a query.
        """
        if file.status != "in_progress":
            return None
        state, place = self.state(), file.queue
        if place.row_status == "running":
            return None if place.lease is None else state.lost_leases([place.lease])
        if state.unconfigured_models and (wait := state.unconfigured(self._model_of(file.vector_store_id))):
            return wait
        lane = state.lane_of(place.lane, in_batch=place.batch is not None)
        wait = state.no_worker(lane) or state.outage(not_before=place.not_before) or self._broker_outage(state.at)
        if wait is not None:
            return wait
        if place.not_before > state.at:
            return Wait("retry", "a dependency failed at this file", next_try=place.not_before, at=state.at)
        if not counts_queue or state.at - place.queued_at < MOVING_SECONDS:
            return None
        return self._place_in_queue(file.row, place, state.at)

    def _explain_batch(self, batch: FileBatch) -> Wait | None:
        state = self.state()
        with self._database.reading() as session:
            facts = waiting.read_batch_facts(session, batch.row)
        if facts is None:
            return None
        wait = state.of_batch(facts)
        if wait is None and facts.queued_lanes:
            wait = self._broker_outage(state.at)
        is_moving = bool(facts.leases) or state.at - max(batch.dispatched_at, batch.created_at) < MOVING_SECONDS
        if wait is not None or is_moving:
            return wait
        since = batch.dispatched_at or float(batch.created_at)
        return Wait("queue", self._describe_turn(batch.row, facts, state), since, at=state.at)

    def _describe_turn(self, batch_row: int, facts: BatchFacts, state: HealthState) -> str:
        """Say why a batch is not being processed although nothing is down."""
        with self._database.reading() as session:
            if facts.queued_lanes == ("slow",) and state.slow_apart:
                return f"the OCR workers are busy: {_count(waiting.count_slow(session))} need OCR"
            others = waiting.count_other_batches(session, batch_row)
        if not facts.queued_lanes or not others:
            return "no worker has taken its files yet"
        return f"it shares the workers with {others:,} other {_batches(others)}"

    def _place_in_queue(self, row: int, place: QueuePlace, at: float) -> Wait:
        with self._database.reading() as session:
            ahead = waiting.count_ahead(session, row, place.batch, place.lane)
            others = waiting.count_other_batches(session, place.batch) if place.batch is not None else 0
        reason = f"{_count(ahead)} before it" if ahead else "it is next"
        if others:
            reason += f", and {others:,} other {_batches(others)} share the workers"
        return Wait("queue", reason, place.queued_at, at=at)

    def _broker_outage(self, at: float) -> Wait | None:
        result = self._checks.latest("broker")
        if result is None or result.is_up:
            return None
        return Wait("broker", general_reason(result.reason), result.since, at=at)

    def _model_of(self, store_id: str) -> str | None:
        with self._database.reading() as session:
            return waiting.model_of_store(session, store_id)

    def _read_state(self) -> HealthState:
        with self._database.reading() as session:
            if time.monotonic() - self._models_read_at > MODELS_SECONDS:
                self._unconfigured = frozenset(collections.models_in_use(session) - self._settings.models.keys())
                self._models_read_at = time.monotonic()
            return HealthState(
                read_clock(session),
                tuple(workers.list_workers(session)),
                tuple(outages.list_outages(session)),
                self._unconfigured,
                self._slow_apart,
                clock_readings.last_jump(session),
            )


def _count(files: int) -> str:
    if files >= MAX_COUNT:
        return f"{MAX_COUNT:,} or more files"
    return f"{files:,} {'file' if files == 1 else 'files'}"


def _batches(count: int) -> str:
    return "batch" if count == 1 else "batches"

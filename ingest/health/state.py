"""What the database says about workers and dependencies at one moment, and what that means for waiting work."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ingest.db.clock_readings import ClockJump
from ingest.db.queue.outages import WITHOUT_BREAKER, OutageView
from ingest.db.queue.waiting import BatchFacts
from ingest.db.queue.workers import WorkerView
from ingest.health.reasons import Wait, general_reason
from ingest.status import Lane, ParseLane

CURRENT_SECONDS = 30.0
"""Workers probe a dependency that is down every few seconds. A probe that is overdue by this much has nobody to send it: no
file or no worker is left, so the recorded outage says nothing about the present."""

LANE_NAMES: dict[Lane, str] = {"interactive": "single files", "bulk": "files of batches", "slow": "files that need OCR"}


@dataclass(frozen=True)
class LaneWorkers:
    """The workers of a lane."""

    alive: int
    processes: int
    """Files that the living ones process at a time."""
    last_heartbeat: float | None
    """The latest heartbeat of any worker of the lane in the last day."""


@dataclass(frozen=True)
class HealthState:
    """Workers, outages and models, read at `at` on the database's clock."""

    at: float
    workers: tuple[WorkerView, ...] = ()
    outages: tuple[OutageView, ...] = ()
    unconfigured_models: frozenset[str] = frozenset()
    """Embedding models that stores use and that are not configured."""
    slow_apart: bool = False
    """Whether files that need OCR have workers of their own."""
    clock_jump: ClockJump | None = None
    """The last jump of the database's clock, while expiries wait because of it."""

    def lane_workers(self, *lanes: Lane) -> LaneWorkers:
        """Return the workers that take files of any of these lanes."""
        workers = [worker for worker in self.workers if not set(lanes).isdisjoint(worker.lanes)]
        alive = [worker for worker in workers if worker.is_alive]
        last = max((worker.heartbeat_at for worker in workers), default=None)
        return LaneWorkers(len(alive), sum(worker.processes for worker in alive), last)

    def lane_of(self, parse_lane: ParseLane, *, in_batch: bool) -> Lane:
        """Return the lane in which a file waits."""
        if parse_lane == "slow" and self.slow_apart:
            return "slow"
        return "bulk" if in_batch else "interactive"

    def no_worker(self, lane: Lane) -> Wait | None:
        """Return the wait for a worker if none of a lane is alive."""
        workers = self.lane_workers(lane)
        if workers.alive:
            return None
        what = f"no worker for {LANE_NAMES[lane]} is alive"
        if workers.last_heartbeat is None:
            return Wait("workers", f"{what}, and none was in the last day", at=self.at)
        return Wait("workers", what, since=workers.last_heartbeat, at=self.at)

    def current_outages(self, *, down_only: bool = True) -> list[OutageView]:
        """Return the outages that workers are probing now."""
        return [
            outage
            for outage in self.outages
            if outage.next_try >= self.at - CURRENT_SECONDS and (outage.is_down or not down_only)
        ]

    def outage(self, *, not_before: float = 0.0) -> Wait | None:
        """Return the wait for a dependency that is down; with `not_before` also for one that failed once."""
        for outage in self.current_outages(down_only=not_before <= self.at):
            next_try = max(outage.next_try, not_before)
            return Wait(outage.dependency, general_reason(outage.reason), outage.since, next_try, at=self.at)
        return None

    def unconfigured(self, model: str | None) -> Wait | None:
        """Return the wait for the configuration of a store's model."""
        if model not in self.unconfigured_models:
            return None
        return Wait("embedding model", f"the store's model '{model}' is not configured", at=self.at)

    def lost_leases(self, leases: Collection[tuple[str, float]]) -> Wait | None:
        """Return the wait for the end of leases, if all their holders are on machines without a living worker."""
        ends = [until for holder, until in leases if self._is_lost(holder)]
        if not ends or len(ends) < len(leases):
            return None
        reason = "its worker is lost; another one takes over when the lease ends"
        return Wait("lease", reason, next_try=min(ends), at=self.at)

    def of_batch(self, facts: BatchFacts) -> Wait | None:
        """Return why a batch makes no progress, as far as the database knows."""
        if wait := self.unconfigured(facts.model):
            return wait
        lanes = {self.lane_of(lane, in_batch=True) for lane in facts.queued_lanes}
        without_workers = [wait for lane in sorted(lanes) if (wait := self.no_worker(lane))]
        is_idle = not facts.leases or self.lost_leases(facts.leases) is not None
        if without_workers and (is_idle or len(without_workers) == len(lanes)):
            return without_workers[0]
        wait = self.outage() if facts.queued_lanes else None
        if wait is not None and (is_idle or wait.dependency not in WITHOUT_BREAKER):
            return wait
        return self.lost_leases(facts.leases) if not facts.queued_lanes else None

    def _is_lost(self, holder: str) -> bool:
        node = holder.rpartition("/")[0]
        return _is_known(node, self.workers) and not _is_known(node, (w for w in self.workers if w.is_alive))


def _is_known(node: str, workers: Iterable[WorkerView]) -> bool:
    return any(worker.node == node for worker in workers)

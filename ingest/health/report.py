"""The state of every dependency, for `/ready`: since when and why it is down, and how many files wait for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ingest.db.queue.outages import OutageView
from ingest.health.checks import CheckResult
from ingest.health.reasons import Wait, general_reason
from ingest.health.state import HealthState, LaneWorkers

EMBEDDER_PREFIX = "embedder "
"""The check of an embedder has this prefix before the name of its model."""


@dataclass(frozen=True)
class WaitingCounts:
    """Unfinished files of all projects."""

    queued: int
    running: int
    slow: int
    """The queued files that need OCR, up to a bound."""
    by_model: Mapping[str, int] = field(default_factory=dict)
    """Unfinished files by the embedding model of their stores."""

    def waiting_for(self, name: str) -> int:
        """Return how many files wait while the dependency of a check is down."""
        if name.startswith(EMBEDDER_PREFIX):
            return self.by_model.get(name.removeprefix(EMBEDDER_PREFIX), 0)
        return 0 if name == "reranker" else self.queued


@dataclass(frozen=True)
class DependencyReport:
    """One dependency."""

    name: str
    is_up: bool
    reason: str = ""
    """For operators: without credentials, but with addresses."""
    since: float | None = None
    next_try: float | None = None
    files_waiting: int = 0
    facts: Mapping[str, Any] = field(default_factory=dict)

    def to_json(self, at: float, *, with_detail: bool) -> dict[str, Any]:
        """Return the report as JSON. `with_detail` adds the reason for operators to the one in general words."""
        reason = None if self.is_up else self.reason if self.name == "workers" else general_reason(self.reason)
        answer: dict[str, Any] = {
            "state": "up" if self.is_up else "down",
            "since": None if self.since is None else int(self.since),
            "reason": reason,
            "next_try": None if self.next_try is None else int(self.next_try),
            "files_waiting": self.files_waiting,
        }
        if not self.is_up:
            wait = Wait(self.name, str(reason), self.since, self.next_try, at=at)
            answer["text"] = (
                f"{wait.text}; {self.files_waiting:,} {'file waits' if self.files_waiting == 1 else 'files wait'}"
            )
            if with_detail:
                answer["detail"] = self.reason
        return answer | dict(self.facts)


def report_dependencies(
    results: Mapping[str, CheckResult], state: HealthState | None, counts: WaitingCounts | None
) -> list[DependencyReport]:
    """Return a report for each check, for each dependency that workers found down, and for the workers.

    `state` and `counts` are None while the database is down.
    """
    outages = {_check_name(outage): outage for outage in state.current_outages()} if state is not None else {}
    names = dict.fromkeys([*results, *outages])
    reports = [_report(name, results.get(name), outages.get(name), counts) for name in names]
    if state is not None:
        reports += [_unconfigured(model, counts) for model in sorted(state.unconfigured_models)]
        reports.append(_report_workers(state, counts))
    return reports


def _report(
    name: str, result: CheckResult | None, outage: OutageView | None, counts: WaitingCounts | None
) -> DependencyReport:
    facts = result.facts if result is not None else {}
    is_failing = result is not None and not result.is_up
    if outage is None and not is_failing:
        return DependencyReport(name, is_up=True, facts=facts)
    starts = [outage.since] if outage is not None else []
    if result is not None and result.since is not None:
        starts.append(result.since)
    reason = result.reason if result is not None and is_failing else outage.reason if outage is not None else ""
    return DependencyReport(
        name,
        is_up=False,
        reason=reason,
        since=min(starts, default=None),
        next_try=None if outage is None else outage.next_try,
        files_waiting=0 if counts is None else counts.waiting_for(name),
        facts=facts,
    )


def _unconfigured(model: str, counts: WaitingCounts | None) -> DependencyReport:
    name = EMBEDDER_PREFIX + model
    waiting = 0 if counts is None else counts.waiting_for(name)
    return DependencyReport(name, is_up=False, reason=f"the model '{model}' is not configured", files_waiting=waiting)


def _report_workers(state: HealthState, counts: WaitingCounts | None) -> DependencyReport:
    lanes = {"fast": state.lane_workers("interactive", "bulk")}
    if state.slow_apart:
        lanes["slow"] = state.lane_workers("slow")
    missing = [name for name, workers in lanes.items() if not workers.alive]
    everyone = state.lane_workers("interactive", "bulk", "slow")
    facts = _describe(everyone) | {"lanes": {name: _describe(workers) for name, workers in lanes.items()}}
    if not missing:
        return DependencyReport("workers", is_up=True, facts=facts)
    heartbeats = [workers.last_heartbeat for name, workers in lanes.items() if name in missing]
    since = max((heartbeat for heartbeat in heartbeats if heartbeat is not None), default=None)
    waiting = 0 if counts is None else counts.slow if missing == ["slow"] else counts.queued
    reason = f"no worker of the {' and the '.join(missing)} lane is alive"
    return DependencyReport("workers", is_up=False, reason=reason, since=since, files_waiting=waiting, facts=facts)


def _describe(workers: LaneWorkers) -> dict[str, Any]:
    last = workers.last_heartbeat
    return {
        "alive": workers.alive,
        "processes": workers.processes,
        "last_heartbeat": None if last is None else int(last),
    }


def _check_name(outage: OutageView) -> str:
    return EMBEDDER_PREFIX + outage.model if outage.dependency == "embedder" and outage.model else outage.dependency

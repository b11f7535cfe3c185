"""What `/ready` says of each dependency: from a check, from recorded outages, or from both."""

from typing import Any

from ingest.db.queue.outages import OutageView
from ingest.db.queue.workers import WorkerView
from ingest.health.checks import CheckResult
from ingest.health.report import DependencyReport, WaitingCounts, report_dependencies
from ingest.health.state import HealthState

AT = 1_800_000_000.0
COUNTS = WaitingCounts(queued=7, running=1, slow=2, by_model={"m": 3})
FAST = WorkerView("a", ("interactive", "bulk"), 2, AT, is_alive=True)


def outage(dependency: str, model: str = "") -> OutageView:
    return OutageView(dependency, model, "answered 503 at 10.0.0.1", AT - 60, AT + 5, is_down=True)


def reports(results: dict[str, CheckResult], state: HealthState | None, counts: Any = COUNTS) -> dict[str, Any]:
    return {report.name: report for report in report_dependencies(results, state, counts)}


def test_a_dependency_is_down_if_its_check_or_a_job_failed_since_the_earlier_of_both() -> None:
    state = HealthState(AT, (FAST,), (outage("qdrant"), outage("embedder", "m")))

    found = reports({"qdrant": CheckResult("refused", AT - 90), "embedder m": CheckResult()}, state)

    qdrant, embedder = found["qdrant"], found["embedder m"]
    assert (qdrant.is_up, qdrant.since, qdrant.reason, qdrant.files_waiting) == (False, AT - 90, "refused", 7)
    assert (embedder.is_up, embedder.since, embedder.next_try, embedder.files_waiting) == (False, AT - 60, AT + 5, 3)
    assert found["workers"].is_up


def test_a_dependency_without_a_check_is_reported_while_jobs_fail_at_it() -> None:
    assert not reports({}, HealthState(AT, (FAST,), (outage("parser"),)))["parser"].is_up


def test_the_addresses_of_servers_are_for_operators_only() -> None:
    report = DependencyReport("qdrant", is_up=False, reason="answered 503 at 10.0.0.1", since=AT, files_waiting=7)

    assert "10.0.0.1" not in str(report.to_json(AT, with_detail=False))
    assert report.to_json(AT, with_detail=True)["detail"] == "answered 503 at 10.0.0.1"
    assert report.to_json(AT, with_detail=False)["text"].endswith("UTC; 7 files wait")


def test_workers_are_reported_by_lane() -> None:
    found = reports({}, HealthState(AT, (FAST,), slow_apart=True))["workers"]

    assert (found.is_up, found.files_waiting) == (False, 2)
    assert found.facts["lanes"]["fast"] == {"alive": 1, "processes": 2, "last_heartbeat": int(AT)}
    assert found.facts["lanes"]["slow"] == {"alive": 0, "processes": 0, "last_heartbeat": None}


def test_a_model_that_is_not_configured_is_an_embedder_that_is_down() -> None:
    state = HealthState(AT, (FAST,), unconfigured_models=frozenset({"m"}))

    assert reports({}, state)["embedder m"].files_waiting == 3


def test_without_a_database_only_the_checks_are_known() -> None:
    found = reports({"database": CheckResult("gone", AT), "broker": CheckResult()}, None, None)

    assert {name: report.is_up for name, report in found.items()} == {"database": False, "broker": True}

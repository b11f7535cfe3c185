"""Checks of dependencies: shared, bounded in time, and with the time since when they fail."""

import threading

import pytest

from ingest.errors import DependencyDown
from ingest.health import checks
from ingest.health.checks import DependencyCheck, DependencyChecks
from tests.conftest import Clock
from tests.servers import wait_until


class Dependency:
    """A dependency that is up, down or hangs."""

    def __init__(self) -> None:
        self.error: Exception | None = None
        self.is_answering = threading.Event()
        self.is_answering.set()
        self.asked = 0

    def ping(self) -> dict[str, int]:
        self.asked += 1
        self.is_answering.wait(20)
        if self.error is not None:
            raise self.error
        return {"free_bytes": 3}


@pytest.fixture
def dependency() -> Dependency:
    return Dependency()


def test_a_result_has_what_the_check_measured_and_is_used_again(dependency: Dependency) -> None:
    check = DependencyCheck("blobs", dependency.ping)

    results = [check.start().result(20) for _ in range(5)]

    assert all(result.is_up and result.facts == {"free_bytes": 3} for result in results)
    assert dependency.asked == 1


def test_a_dependency_is_down_since_its_first_failure(
    dependency: Dependency, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "FRESH_SECONDS", 0.0)
    check = DependencyCheck("qdrant", dependency.ping, clock=clock)
    dependency.error = DependencyDown("qdrant", "refused http://user:pass@10.0.0.1/")
    began = clock.seconds
    first = check.start().result(20)
    clock.advance(60)

    second = check.start().result(20)

    assert (first.since, second.since, second.is_up) == (began, began, False)
    assert "pass" not in second.reason
    dependency.error = None
    assert check.start().result(20).since is None
    dependency.error = OSError("gone")
    assert check.start().result(20).since == began + 60


def test_a_check_that_hangs_is_down_and_runs_once(dependency: Dependency, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "TIMEOUT_SECONDS", 0.0)
    monkeypatch.setattr(checks, "LATEST_WAIT_SECONDS", 0.05)
    all_checks = DependencyChecks({"broker": dependency.ping})
    dependency.is_answering.clear()

    latest = [all_checks.latest("broker") for _ in range(3)]

    assert [result is not None and result.reason for result in latest] == ["no answer in time"] * 3
    assert all_checks.time_out("broker").reason == "no answer in time"
    assert dependency.asked == 1
    dependency.is_answering.set()
    wait_until(lambda: all_checks.start()["broker"].result(20).is_up, what="the recovery")

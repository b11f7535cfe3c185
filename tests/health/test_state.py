"""What workers, outages and models mean for waiting work."""

from typing import Any

import pytest

from ingest.db.queue.outages import OutageView
from ingest.db.queue.waiting import BatchFacts
from ingest.db.queue.workers import WorkerView
from ingest.health.state import CURRENT_SECONDS, HealthState

AT = 1_800_000_000.0
FAST, OCR = ("interactive", "bulk"), ("slow",)


def worker(*lanes: str, is_alive: bool = True, node: str = "a") -> WorkerView:
    return WorkerView(node, lanes, 2, AT - 1 if is_alive else AT - 100, is_alive)


def outage(**changes: Any) -> OutageView:
    facts: dict[str, Any] = {
        "dependency": "embedder", "model": "m", "reason": "Connection refused by 10.0.0.1", "since": AT - 60,
        "next_try": AT + 5, "is_down": True,
    }  # fmt: skip
    return OutageView(**facts | changes)


def state(*workers: WorkerView, outages: tuple[OutageView, ...] = (), **options: Any) -> HealthState:
    return HealthState(AT, workers, outages, slow_apart=True, **options)


def batch(*lanes: Any, leases: tuple[tuple[str, float], ...] = (), model: str = "m") -> BatchFacts:
    return BatchFacts(model, lanes, leases)


def test_a_batch_with_workers_and_dependencies_waits_for_nothing() -> None:
    assert state(worker(*FAST, *OCR)).of_batch(batch("fast", "slow")) is None


def test_without_workers_a_batch_waits_since_the_last_heartbeat() -> None:
    wait = state(worker(*FAST, is_alive=False)).of_batch(batch("fast"))

    assert wait is not None
    assert (wait.dependency, wait.since) == ("workers", AT - 100)
    assert "no worker for files of batches is alive" in wait.reason
    never = state().of_batch(batch("fast"))
    assert never is not None
    assert never.since is None


def test_a_lane_without_workers_stops_only_its_own_files() -> None:
    without_ocr = state(worker(*FAST))

    assert without_ocr.of_batch(batch("fast", "slow", leases=(("a/1", AT + 9),))) is None
    wait = without_ocr.of_batch(batch("slow"))
    assert wait is not None
    assert "files that need OCR" in wait.reason


def test_slow_files_wait_for_the_usual_workers_where_there_is_no_lane_for_them() -> None:
    assert HealthState(AT, (worker(*FAST),), slow_apart=False).of_batch(batch("slow")) is None


def test_an_outage_is_told_in_general_words_with_its_next_try() -> None:
    wait = state(worker(*FAST), outages=(outage(),)).of_batch(batch("fast"))

    assert wait is not None
    assert (wait.dependency, wait.reason, wait.since, wait.next_try) == (
        "embedder", "connection refused", AT - 60, AT + 5
    )  # fmt: skip


def test_an_outage_that_nobody_probes_any_more_is_over() -> None:
    old = outage(next_try=AT - CURRENT_SECONDS - 1)

    assert state(worker(*FAST), outages=(old,)).of_batch(batch("fast")) is None


def test_one_failure_is_no_outage_of_the_service_but_delays_its_file() -> None:
    once = state(worker(*FAST), outages=(outage(is_down=False),))

    assert once.outage() is None
    wait = once.outage(not_before=AT + 9)
    assert wait is not None
    assert wait.next_try == AT + 9


def test_a_model_that_is_not_configured_comes_first() -> None:
    wait = state(outages=(outage(),), unconfigured_models=frozenset({"m"})).of_batch(batch("fast"))

    assert wait is not None
    assert wait.dependency == "embedding model"


@pytest.mark.parametrize(
    ("holders", "is_waiting"), [(("a/1",), True), (("a/1", "b/2"), False), (("unknown/1",), False), ((), False)]
)
def test_a_batch_whose_last_files_have_lost_workers_waits_for_the_leases(
    holders: tuple[str, ...], is_waiting: bool
) -> None:
    current = state(worker(*FAST, is_alive=False, node="a"), worker(*FAST, node="b"))

    wait = current.of_batch(batch(leases=tuple((holder, AT + 20) for holder in holders)))

    assert (wait is not None and (wait.dependency, wait.next_try)) == (is_waiting and ("lease", AT + 20))

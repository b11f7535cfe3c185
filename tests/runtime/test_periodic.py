"""The periodic thread: it calls, survives failures, wakes up early and stops."""

import ast
import threading
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ingest.errors import DependencyDown
from ingest.runtime.periodic import PeriodicThread

SECONDS = 10.0


def test_the_function_is_called_after_each_interval_until_the_thread_is_stopped() -> None:
    called = threading.Semaphore(0)
    thread = PeriodicThread("test", 0.01, called.release)

    thread.start()
    assert all(called.acquire(timeout=SECONDS) for _ in range(3))
    thread.stop()

    assert thread.is_stopping
    assert not thread.is_alive()


def test_the_first_call_comes_after_the_first_interval() -> None:
    called = threading.Event()
    thread = PeriodicThread("test", 60, called.set)

    thread.start()
    thread.stop()

    assert not called.is_set()


@pytest.mark.parametrize(
    ("error", "level"), [(DependencyDown("qdrant", "no answer"), "warning"), (ValueError("a defect"), "error")]
)
def test_a_failed_call_is_logged_and_the_next_one_still_comes(error: Exception, level: str) -> None:
    outcomes = iter([error])
    succeeded = threading.Event()

    def fail_once() -> None:
        if failure := next(outcomes, None):
            raise failure
        succeeded.set()

    thread = PeriodicThread("test", 0.01, fail_once)
    with capture_logs() as records:
        thread.start()
        assert succeeded.wait(SECONDS)
        thread.stop()

    failed = [record for record in records if record["event"] == "periodic_task_failed"]
    assert [(record["log_level"], record["task"]) for record in failed] == [(level, "test")]


def test_a_thread_without_interval_runs_only_when_it_is_woken() -> None:
    called = threading.Semaphore(0)
    thread = PeriodicThread("test", None, called.release)
    thread.start()

    assert not called.acquire(timeout=0.05)
    thread.wake()
    assert called.acquire(timeout=SECONDS)
    assert not called.acquire(timeout=0.05)

    thread.stop()


def test_several_wake_ups_during_a_call_lead_to_one_more_call() -> None:
    entered, may_go_on = threading.Semaphore(0), threading.Semaphore(0)

    def wait() -> None:
        entered.release()
        may_go_on.acquire(timeout=SECONDS)

    thread = PeriodicThread("test", None, wait)
    thread.start()
    thread.wake()
    assert entered.acquire(timeout=SECONDS)
    for _ in range(5):
        thread.wake()
    may_go_on.release(10)

    assert entered.acquire(timeout=SECONDS)
    assert not entered.acquire(timeout=0.05)
    thread.stop()


def test_a_wake_up_before_the_stop_calls_the_function() -> None:
    calls: list[None] = []
    thread = PeriodicThread("test", None, lambda: calls.append(None))

    thread.wake()
    thread.stop()
    thread.start()
    thread.join(SECONDS)

    assert len(calls) == 1


def test_a_wake_up_and_a_stop_in_the_middle_of_the_check_for_them_lose_no_call() -> None:
    calls: list[None] = []
    thread = PeriodicThread("test", 0.001, lambda: calls.append(None))
    checks = 0

    class WokenAndStoppedDuringCheck(threading.Event):
        def is_set(self) -> bool:
            nonlocal checks
            checks += 1
            if checks == 2:  # the first check is the one before the wait
                thread.wake()
                thread.stop(0)
            return super().is_set()

    thread._stopping = WokenAndStoppedDuringCheck()
    thread.start()
    thread.join(SECONDS)

    assert len(calls) == 1


def test_the_function_may_stop_its_own_thread() -> None:
    calls: list[None] = []

    def stop_after_first() -> None:
        calls.append(None)
        thread.stop(None)

    thread = PeriodicThread("test", 0.01, stop_after_first)
    thread.start()
    thread.join(SECONDS)

    assert not thread.is_alive()
    assert len(calls) == 1


def test_start_and_exit_functions_run_in_the_thread() -> None:
    order: list[tuple[str, int | None]] = []

    def note(name: str) -> None:
        order.append((name, threading.current_thread().ident))

    called = threading.Event()

    def call() -> None:
        if not called.is_set():
            note("call")
            called.set()

    thread = PeriodicThread("test", 0.01, call, on_start=lambda: note("start"), on_exit=lambda: note("exit"))
    thread.start()
    assert called.wait(SECONDS)
    thread.stop()

    assert order == [("start", thread.ident), ("call", thread.ident), ("exit", thread.ident)]


def test_a_stop_that_does_not_wait_returns_during_a_call() -> None:
    entered, may_go_on = threading.Event(), threading.Event()

    def wait() -> None:
        entered.set()
        may_go_on.wait(SECONDS)

    thread = PeriodicThread("test", 0.01, wait)
    thread.start()
    assert entered.wait(SECONDS)
    thread.stop(0)

    assert thread.is_alive()
    may_go_on.set()
    thread.join(SECONDS)
    assert not thread.is_alive()


def test_every_background_thread_is_a_periodic_thread() -> None:
    root = Path(__file__).parents[2]
    subclasses = []
    for path in (path for room in ("ingest", "api", "workers") for path in (root / room).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                bases = {ast.unparse(base) for base in node.bases}
                subclasses += [node.name] if bases & {"Thread", "threading.Thread", "Timer", "threading.Timer"} else []

    assert subclasses == ["PeriodicThread"]

"""The heartbeat thread: it calls what is registered, and nothing else."""

import queue
import threading
import time

from ingest.runtime.heartbeat import HeartbeatThread
from tests.servers import wait_until


def test_a_registered_function_is_called_periodically() -> None:
    heartbeat, called = HeartbeatThread(0.01), threading.Semaphore(0)

    with heartbeat.beating(lambda: called.release()):
        times = [called.acquire(timeout=10) for _ in range(3)]

    heartbeat.close()
    assert times == [True] * 3


def test_a_function_is_not_called_after_its_context_ended() -> None:
    heartbeat, other = HeartbeatThread(0.01), threading.Semaphore(0)
    called_at: list[float] = []

    with heartbeat.beating(lambda: other.release()):
        with heartbeat.beating(lambda: called_at.append(time.monotonic())):
            other.acquire(timeout=10)
        ended_at = time.monotonic()
        for _ in range(20):
            other.acquire(timeout=10)

    heartbeat.close()
    assert all(at <= ended_at + 0.01 for at in called_at)


def test_one_thread_calls_all_functions() -> None:
    heartbeat, one, other = HeartbeatThread(0.01), queue.Queue[int](), queue.Queue[int]()

    with (
        heartbeat.beating(lambda: one.put(threading.get_ident())),
        heartbeat.beating(lambda: other.put(threading.get_ident())),
    ):
        assert one.get(timeout=10) == other.get(timeout=10) != threading.get_ident()

    heartbeat.close()


def test_the_thread_ends_without_functions_and_starts_again_with_the_next_one() -> None:
    heartbeat, called = HeartbeatThread(0.01), threading.Semaphore(0)

    for _ in range(2):
        with heartbeat.beating(lambda: called.release()):
            assert called.acquire(timeout=10)
        wait_until(lambda: heartbeat._thread is None, what="the end of the thread")


def test_a_closed_heartbeat_calls_nothing() -> None:
    heartbeat, called = HeartbeatThread(0.01), threading.Event()
    heartbeat.close()

    with heartbeat.beating(called.set):
        assert not called.wait(0.1)

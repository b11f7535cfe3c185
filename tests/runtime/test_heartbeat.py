import queue
import threading
import time

from ingest.runtime.heartbeat import HeartbeatThread
from tests.servers import wait_until


def test_what_is_at_work_is_called_again_and_again() -> None:
    pulse, called = HeartbeatThread(0.01), threading.Semaphore(0)

    with pulse.beating(lambda: called.release()):
        times = [called.acquire(timeout=10) for _ in range(3)]

    pulse.close()
    assert times == [True] * 3


def test_what_has_ended_is_not_called_any_more() -> None:
    pulse, other = HeartbeatThread(0.01), threading.Semaphore(0)
    ended: list[float] = []

    with pulse.beating(lambda: other.release()):
        with pulse.beating(lambda: ended.append(time.monotonic())):
            other.acquire(timeout=10)
        over = time.monotonic()
        for _ in range(20):
            other.acquire(timeout=10)

    pulse.close()
    assert all(at <= over + 0.01 for at in ended)


def test_several_are_called_by_one_thread() -> None:
    pulse, one, other = HeartbeatThread(0.01), queue.Queue[int](), queue.Queue[int]()

    with pulse.beating(lambda: one.put(threading.get_ident())), pulse.beating(lambda: other.put(threading.get_ident())):
        assert one.get(timeout=10) == other.get(timeout=10) != threading.get_ident()

    pulse.close()


def test_its_thread_ends_when_there_is_nothing_to_do_and_begins_again() -> None:
    pulse, called = HeartbeatThread(0.01), threading.Semaphore(0)

    for _ in range(2):
        with pulse.beating(lambda: called.release()):
            assert called.acquire(timeout=10)
        wait_until(lambda: pulse._thread is None, what="its end")

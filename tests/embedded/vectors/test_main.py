"""Start, lock and stop of the vectors process."""

import signal

import httpx
import pytest

from tests.embedded.vectors.processes import (
    COLLECTION,
    StartVectors,
    create_collection,
    points_with_ids,
    wait_until_ready,
)

pytestmark = pytest.mark.services


def test_a_second_process_on_the_same_folder_is_refused(start: StartVectors) -> None:
    first = wait_until_ready(start())

    second = start()
    _, said = second.process.communicate(timeout=10)

    assert second.process.returncode == 3
    assert said.decode().strip().endswith("is in use by another process")
    assert said.count(b"\n") == 1
    assert first.client().get_collections().collections == []


def test_sigterm_stops_the_process_without_loss(start: StartVectors) -> None:
    vectors = wait_until_ready(start())
    create_collection(vectors.client())
    vectors.client().upsert(COLLECTION, points_with_ids(range(10)), wait=True)

    vectors.process.send_signal(signal.SIGTERM)

    assert vectors.process.wait(5) == 0
    assert wait_until_ready(start()).client().count(COLLECTION).count == 10


def test_sigterm_does_not_wait_for_an_idle_connection(start: StartVectors) -> None:
    vectors = wait_until_ready(start())

    with httpx.Client() as kept_alive:
        kept_alive.get(f"{vectors.url}/healthz")
        vectors.process.send_signal(signal.SIGTERM)

        assert vectors.process.wait(5) == 0

"""What a process works with, made when it is first used: on both databases."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TimedOut

import pytest

from ingest.config import Settings
from ingest.db.session import Database
from tests.fakes import FakeEmbedder, FakeServices
from tests.reindex.test_model_migration import OTHER, THIRD, with_models

SECONDS = 10.0


class SlowEmbedder(FakeEmbedder):
    """Takes its time to tell its dimensions: until it is `woken`."""

    def __init__(self, woken: threading.Event) -> None:
        super().__init__()
        self.asked = threading.Semaphore(0)
        self._woken = woken

    @property
    def dimensions(self) -> int:
        self.asked.release()
        assert self._woken.wait(6 * SECONDS)
        return 8

    @dimensions.setter
    def dimensions(self, dimensions: int) -> None:
        pass


class SlowTools(FakeServices):
    """The embedder of OTHER is slow."""

    def __init__(self, settings: Settings, database: Database) -> None:
        super().__init__(settings, database)
        self.woken = threading.Event()
        self.slow = SlowEmbedder(self.woken)

    def _made(self, model: str) -> FakeEmbedder:
        return self.slow if model == OTHER else super()._made(model)


@pytest.fixture
def slow(settings: Settings, database: Database) -> Iterator[SlowTools]:
    services = SlowTools(with_models(settings, {OTHER: 0, THIRD: 12}), database)
    yield services
    services.woken.set()


def test_an_embedder_that_is_slow_to_answer_does_not_hold_up_the_first_use_of_another(slow: SlowTools) -> None:
    with ThreadPoolExecutor() as threads:
        waits = threads.submit(slow.index_of, OTHER)
        assert slow.slow.asked.acquire(timeout=SECONDS)
        try:
            for use in (slow.index_of, slow.embedder_of, slow.breaker_of):
                threads.submit(use, THIRD).result(SECONDS)
        except TimedOut:
            pytest.fail("it waited for the other embedder")
        finally:
            slow.woken.set()
        waits.result(SECONDS)


def test_all_who_ask_for_the_same_model_at_once_get_the_same_index(slow: SlowTools) -> None:
    with ThreadPoolExecutor() as threads:
        several = [threads.submit(slow.index_of, OTHER) for _ in range(3)]
        for _ in several:
            assert slow.slow.asked.acquire(timeout=SECONDS)
        slow.woken.set()

        assert len({id(each.result(SECONDS)) for each in several}) == 1

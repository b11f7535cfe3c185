"""The services of a process, created at first use, on both databases."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TimedOut

import pytest

from ingest.config import Settings
from ingest.db.session import Database
from tests.fakes import FakeEmbedder, FakeServices
from tests.reindex.scenes import OTHER_MODEL, THIRD_MODEL, with_models

SECONDS = 10.0


class SlowEmbedder(FakeEmbedder):
    """An embedder that returns its dimensions only after `may_answer` is set."""

    def __init__(self, may_answer: threading.Event) -> None:
        super().__init__()
        self.requests = threading.Semaphore(0)
        self._may_answer = may_answer

    @property
    def dimensions(self) -> int:
        self.requests.release()
        assert self._may_answer.wait(6 * SECONDS)
        return 8

    @dimensions.setter
    def dimensions(self, dimensions: int) -> None:
        pass


class SlowServices(FakeServices):
    """The embedder of OTHER_MODEL is slow."""

    def __init__(self, settings: Settings, database: Database) -> None:
        super().__init__(settings, database)
        self.may_answer = threading.Event()
        self.slow_services = SlowEmbedder(self.may_answer)

    def _build_embedder(self, model: str) -> FakeEmbedder:
        return self.slow_services if model == OTHER_MODEL else super()._build_embedder(model)


@pytest.fixture
def slow_services(settings: Settings, database: Database) -> Iterator[SlowServices]:
    services = SlowServices(with_models(settings, {OTHER_MODEL: 0, THIRD_MODEL: 12}), database)
    yield services
    services.may_answer.set()


def test_a_slow_embedder_does_not_delay_the_first_use_of_another_model(slow_services: SlowServices) -> None:
    with ThreadPoolExecutor() as threads:
        waiting = threads.submit(slow_services.index_of, OTHER_MODEL)
        assert slow_services.slow_services.requests.acquire(timeout=SECONDS)
        try:
            for use in (slow_services.index_of, slow_services.embedder_of, slow_services.breaker_of):
                threads.submit(use, THIRD_MODEL).result(SECONDS)
        except TimedOut:
            pytest.fail("it waited for the embedder of another model")
        finally:
            slow_services.may_answer.set()
        waiting.result(SECONDS)


def test_concurrent_first_uses_of_a_model_get_the_same_index(slow_services: SlowServices) -> None:
    with ThreadPoolExecutor() as threads:
        indexes = [threads.submit(slow_services.index_of, OTHER_MODEL) for _ in range(3)]
        for _ in indexes:
            assert slow_services.slow_services.requests.acquire(timeout=SECONDS)
        slow_services.may_answer.set()

        assert len({id(each.result(SECONDS)) for each in indexes}) == 1

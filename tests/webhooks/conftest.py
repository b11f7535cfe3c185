"""Fixtures of webhook tests."""

from collections.abc import Iterator

import pytest

from ingest.config import Settings
from ingest.webhooks.delivery import DeliveryWorker
from tests.fakes import FakeServices
from tests.receivers import Receiver, receiving


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Settings that permit receivers on this machine."""
    return settings.model_copy(update={"webhooks_allow_private": True, "webhook_timeout_seconds": 8.0})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def worker(services: FakeServices) -> Iterator[DeliveryWorker]:
    """A delivery worker without its thread: it delivers when a test calls it."""
    worker = DeliveryWorker(services)
    yield worker
    worker.stop()

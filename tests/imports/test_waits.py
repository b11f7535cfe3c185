"""What an import waits for: the words of the service, or the service itself."""

from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from ingest.embedded.processes import free_port
from ingest.errors import Refused
from ingest.imports import waits
from ingest.imports.client import open_client
from ingest.imports.waits import ImportWait, ServiceWatch, read_wait, summarize_waits
from tests.cli.fake_service import FakeService

EMBEDDER = ImportWait("embedder: refused", "embedder", "refused", 10, 20)
TURN = ImportWait("queue: 3 batches", "queue", "3 batches", 10)


def test_the_wait_of_an_answer_is_read_and_other_services_have_none() -> None:
    details = {"dependency": "embedder", "reason": "refused", "since": 10, "next_try": 20}

    assert read_wait(SimpleNamespace(waiting_for="embedder: refused", waiting_details=details)) == EMBEDDER
    assert read_wait(SimpleNamespace(waiting_for=None, waiting_details=None)) is None
    assert read_wait(SimpleNamespace()) is None


@pytest.mark.parametrize(
    ("of_batches", "summary"),
    [([], None), ([None], None), ([TURN, None], None), ([TURN, TURN], TURN), ([None, EMBEDDER], EMBEDDER)],
)
def test_an_import_waits_if_a_batch_is_blocked_or_none_moves(
    of_batches: list[ImportWait | None], summary: ImportWait | None
) -> None:
    assert summarize_waits(of_batches) == summary


def test_the_time_of_the_next_try_makes_no_new_wait() -> None:
    assert EMBEDDER.kind == ImportWait("embedder: refused, later", "embedder", "refused", 10, 30).kind
    assert TURN.kind == ImportWait("queue: 2 batches", "queue", "2 batches", 10).kind


def test_a_service_that_is_unavailable_is_reported_until_it_answers(service: FakeService) -> None:
    reported: list[ImportWait | None] = []
    service.unavailable_uploads = 2
    with open_client(service.url, "none", retries=5, watch=ServiceWatch(reported.append, lambda: 50.0)) as client:
        client.files.create(file=("a.txt", b"A heron."), purpose="assistants")

    assert [wait and wait.reason for wait in reported] == ["it answered 503", "it answered 503", None]
    assert reported[0] is not None
    assert reported[0].text.startswith("service: it answered 503, since 00:00 UTC, trying again now (attempt 2)")


def test_a_service_that_is_gone_is_reported_before_the_import_gives_up() -> None:
    reported: list[ImportWait | None] = []
    url = f"http://127.0.0.1:{free_port()}/v1"

    with (
        pytest.raises(Refused, match="No service answers"),
        open_client(url, "none", retries=1, watch=ServiceWatch(reported.append)) as client,
    ):
        client.models.list()

    assert [wait and wait.reason for wait in reported] == ["it does not answer"]


def test_a_rate_limit_is_told_as_one() -> None:
    reported: list[Any] = []
    watch = ServiceWatch(reported.append)
    watch.on_response(httpx2.Response(429))
    watch.on_request(httpx2.Request("GET", "http://a/", headers={waits._RETRY_COUNT: "1"}))

    assert reported[0].reason == "it limits the rate of requests"

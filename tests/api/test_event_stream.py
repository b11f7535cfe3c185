"""Server-sent events of a batch: content, end, cost."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import event as sql_event
from starlette.types import Message

from api import event_stream
from api.app import build_app
from api.event_stream import BatchWatcher, EventStream, TooManyStreams
from ingest.db.queue import outages
from ingest.db.queue.outages import FAILURES_TO_OPEN
from ingest.embedded.processes import free_port
from ingest.health import waits
from ingest.jobs import run
from ingest.services import Services
from ingest.stores.batches import get_by_rows
from tests.fakes import FakeServices
from tests.servers import wait_until


@dataclass(frozen=True)
class LiveApp:
    """The app on a real port."""

    url: str
    api: FastAPI
    services: FakeServices
    client: httpx.Client

    def batch(self, files: int) -> str:
        """Create a batch and return its path."""
        ids = []
        for n in range(files):
            sent = {"file": (f"{n}.txt", f"Note {n}.".encode())}
            ids.append(self.client.post("/files", data={"purpose": "assistants"}, files=sent).json()["id"])
        store = self.client.post("/vector_stores", json={}).json()["id"]
        created = self.client.post(f"/vector_stores/{store}/file_batches", json={"file_ids": ids}).json()
        return f"/vector_stores/{store}/file_batches/{created['id']}"

    def ingest_files(self, files: int) -> None:
        """Ingest this many files."""
        self.services.feeder.top_up()
        messages = self.services.queue.lanes["bulk"]
        for message in [messages.pop(0) for _ in range(files)]:
            run.run_job(self.services, message.row, lease_holder="test/1")

    @property
    def subscriber_count(self) -> int:
        return int(self.api.state.batch_watcher.stream_count)


@pytest.fixture
def live(services: FakeServices) -> Iterator[LiveApp]:
    api = build_app(services)
    port = free_port()
    config = uvicorn.Config(api, host="127.0.0.1", port=port, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, what="the start of the server")
    url = f"http://127.0.0.1:{port}/v1"
    with httpx.Client(base_url=url, trust_env=False, timeout=20, limits=httpx.Limits(max_connections=200)) as client:
        yield LiveApp(url, api, services, client)
    server.should_exit = True
    thread.join(10)
    assert not thread.is_alive()


@contextmanager
def subscribe(live: LiveApp, batch: str, **headers: str) -> Iterator[Iterator[dict[str, Any]]]:
    """Yield the events of a batch; a comment is an event without data."""
    with live.client.stream("GET", f"{batch}/events", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
        yield _events(answer.iter_lines())


def test_each_change_is_an_event_and_the_last_event_is_end(live: LiveApp) -> None:
    batch = live.batch(3)

    with subscribe(live, batch) as events:
        first = next(events)
        live.ingest_files(1)
        second = next(events)
        live.ingest_files(2)
        rest = list(events)

    assert (first["event"], first["id"]) == ("progress", "0.0.0")
    assert (second["event"], second["id"]) == ("progress", "1.0.0")
    assert (rest[-1]["event"], rest[-1]["id"]) == ("end", "end")
    assert rest[-1]["data"] == live.client.get(batch).json()
    assert rest[-1]["data"]["file_counts"]["completed"] == 3


def test_the_begin_and_the_end_of_a_wait_are_events_and_the_next_tries_are_not(
    live: LiveApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(waits, "CACHE_SECONDS", 0.0)
    batch = live.batch(1)

    with subscribe(live, batch) as events:
        first = next(events)
        for failures in range(FAILURES_TO_OPEN + 3):
            with live.services.database.transaction() as session:
                outages.record_failure(session, "embedder", None, reason="Connection refused")
            if failures == FAILURES_TO_OPEN - 1:
                began = next(events)
            time.sleep(2 * event_stream.POLL_SECONDS)  # a poll that must not become an event
        with live.services.database.transaction() as session:
            outages.end_outages(session)
        ended = next(events)
        live.ingest_files(1)
        rest = list(events)

    assert [event["data"]["waiting_for"] for event in (first, ended)] == [None, None]
    assert began["data"]["waiting_for"].startswith("embedder: connection refused, since")
    assert began["data"]["waiting_details"]["dependency"] == "embedder"
    assert rest[-1]["event"] == "end"


def test_a_finished_batch_is_one_event_and_204_after_a_reconnect(live: LiveApp) -> None:
    batch = live.batch(1)
    live.ingest_files(1)

    with subscribe(live, batch, **{"Last-Event-ID": "0.0.0"}) as events:
        received = list(events)
    reconnected = live.client.get(f"{batch}/events", headers={"Last-Event-ID": "end"})

    assert [event["event"] for event in received] == ["end"]
    assert (reconnected.status_code, reconnected.content) == (204, b"")


def test_a_cancelled_batch_ends_its_streams(live: LiveApp) -> None:
    batch = live.batch(2)

    with subscribe(live, batch) as events:
        next(events)
        live.client.post(f"{batch}/cancel")
        rest = list(events)

    assert rest[-1]["event"] == "end"
    assert (rest[-1]["data"]["status"], rest[-1]["data"]["file_counts"]["cancelled"]) == ("cancelled", 2)


def test_a_deleted_store_ends_the_streams_of_its_batches(live: LiveApp) -> None:
    batch = live.batch(2)

    with subscribe(live, batch) as events:
        next(events)
        live.client.delete(batch.split("/file_batches")[0])
        rest = list(events)

    assert [(event["event"], event["data"]) for event in rest] == [("gone", {})]


def test_an_unknown_batch_is_answered_404(live: LiveApp) -> None:
    store = live.batch(1).split("/file_batches")[0]

    answer = live.client.get(f"{store}/file_batches/vsfb_nothing/events")

    assert answer.status_code == 404
    assert answer.json()["error"]["param"] == "batch_id"


def test_comments_are_sent_while_nothing_changes(live: LiveApp, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.1)
    batch = live.batch(1)

    with subscribe(live, batch) as events:
        received = [next(events) for _ in range(3)]
        live.ingest_files(1)
        rest = list(events)

    assert [event.get("event") for event in received] == ["progress", None, None]
    assert rest[-1]["event"] == "end"


def test_a_hundred_streams_share_one_poll_and_use_no_threads(live: LiveApp) -> None:
    batch = live.batch(2)
    statements: list[str] = []
    before = threading.active_count()
    with ExitStack() as stack:
        streams = [stack.enter_context(subscribe(live, batch)) for _ in range(100)]
        for events in streams:
            assert next(events)["event"] == "progress"
        threads = threading.active_count() - before
        sql_event.listen(
            live.services.database.engine, "before_cursor_execute", lambda *given: statements.append(given[2])
        )
        started = time.monotonic()
        assert live.client.get(batch).status_code == 200  # other requests are served meanwhile
        time.sleep(4 * event_stream.POLL_SECONDS)
        polls = sum("file_batches" in each for each in statements)
        assert polls <= 3 * (time.monotonic() - started) / event_stream.POLL_SECONDS
        assert threads < 70  # the pool has forty, and there are a hundred streams
        live.ingest_files(2)
        ends = [list(events)[-1] for events in streams]

    assert [end["event"] for end in ends] == ["end"] * 100
    wait_until(lambda: live.subscriber_count == 0, what="the end of all streams")


def test_a_disconnected_client_is_unsubscribed(live: LiveApp) -> None:
    batch = live.batch(1)

    with subscribe(live, batch) as events:
        next(events)
        assert live.subscriber_count == 1

    wait_until(lambda: live.subscriber_count == 0, what="the removal of the subscriber")


def test_streams_above_the_limit_get_503_with_retry_after(live: LiveApp) -> None:
    batch = live.batch(1)
    live.services.settings = live.services.settings.model_copy(update={"max_event_streams": 1})

    with subscribe(live, batch) as events:
        next(events)
        answer = live.client.get(f"{batch}/events")

    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"


def test_one_project_leaves_streams_to_another() -> None:
    watcher = BatchWatcher()
    with ExitStack() as streams:
        for _ in range(3):
            streams.enter_context(watcher.reserve_stream("greedy", 4))
        with pytest.raises(TooManyStreams, match="at most 3 of a project"):
            streams.enter_context(watcher.reserve_stream("greedy", 4))
        streams.enter_context(watcher.reserve_stream("modest", 4))
        with pytest.raises(TooManyStreams, match="at most 4 at a time"):
            streams.enter_context(watcher.reserve_stream("third", 4))
    assert watcher.stream_count == 0


def test_a_slow_client_gets_the_latest_state_and_one_that_reads_nothing_is_dropped(
    live: LiveApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_stream, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(event_stream, "SEND_TIMEOUT_SECONDS", 3.0)
    monkeypatch.setattr(event_stream, "HEARTBEAT_SECONDS", 0.2)
    batch = live.batch(12)
    row = _row(live.services)

    async def slow() -> tuple[Sequence[bytes], int]:
        """Read the first event, nothing while ten files complete, one more event, and then nothing."""
        bodies: list[bytes] = []
        watcher = BatchWatcher()
        reads = asyncio.Semaphore(2)  # the head, and the first event

        async def send(message: Message) -> None:
            await reads.acquire()
            bodies.append(message.get("body", b""))

        async def receive() -> Message:
            return await asyncio.get_running_loop().create_future()  # type: ignore[no-any-return]  # it never returns

        stream = asyncio.create_task(
            EventStream(watcher, live.services, "proj_default", row, None)({"type": "http"}, receive, send)
        )
        while len(bodies) < 2:
            await asyncio.sleep(0.01)
        for _ in range(10):
            await asyncio.to_thread(live.ingest_files, 1)
            await asyncio.sleep(0.06)
        reads.release()
        reads.release()
        await asyncio.wait_for(stream, 20)
        return bodies, watcher.stream_count

    bodies, remaining = asyncio.run(slow())

    numbers = [line.removeprefix("id: ") for body in bodies for line in body.decode().splitlines() if line[:3] == "id:"]
    assert numbers[0] == "0.0.0"
    assert numbers[-1] == "10.0.0"
    assert len(numbers) <= 3
    assert remaining == 0
    assert live.client.get(batch).json()["file_counts"]["completed"] == 10


def _row(services: Services) -> Any:
    found = get_by_rows(services, [1])
    return found[1]


def _events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    event: dict[str, Any] = {}
    for line in lines:
        if not line:
            yield event
            event = {}
            continue
        name, _, text = line.partition(": ")
        if name:
            event[name] = json.loads(text) if name == "data" else text

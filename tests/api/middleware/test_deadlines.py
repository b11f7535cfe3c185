"""Responses when the service cannot answer in time."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from api.middleware import deadlines
from api.middleware.deadlines import DeadlineMiddleware
from api.middleware.request_id import RequestIdMiddleware
from ingest.runtime import cancellation

TIMEOUT_SECONDS = 0.3
THREADS = 40
"""Handlers that run concurrently (the default size of the thread pool)."""


class SlowApp:
    """An app with handlers that do not answer until `released` is set."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.started_handlers = 0
        self.ended_handlers = 0
        app = self.app = FastAPI()

        @app.get("/hang")
        def hang() -> str:
            self.started_handlers += 1
            self.released.wait(20)
            self.ended_handlers += 1
            return "too late"

        @app.get("/crash")
        def crash() -> str:
            self.released.wait(20)
            self.ended_handlers += 1
            raise ValueError("no client receives this")

        @app.get("/loop")
        def loop() -> str:
            self.started_handlers += 1
            try:
                while not self.released.wait(0.01):
                    cancellation.check()
            finally:
                self.ended_handlers += 1
            return "too late"

        @app.get("/quick")
        async def quick() -> str:
            return "here"

        @app.get("/stream")
        def stream() -> StreamingResponse:
            return StreamingResponse(self.stream_slowly())

        @app.post("/echo")
        async def echo(request: Request) -> int:
            return len(await request.body())

        @app.post("/work")
        @app.post("/v1/uploads/upload_1/complete")
        async def work(request: Request) -> int:
            size = len(await request.body())
            await asyncio.sleep(2 * TIMEOUT_SECONDS)
            return size

        app.add_middleware(DeadlineMiddleware, timeout_seconds=TIMEOUT_SECONDS, seconds_per_mib=2 * TIMEOUT_SECONDS)
        app.add_middleware(RequestIdMiddleware)

    async def stream_slowly(self) -> AsyncIterator[bytes]:
        for _ in range(4):
            await asyncio.sleep(TIMEOUT_SECONDS / 2)
            yield b"."


@asynccontextmanager
async def client_of(slow_app: SlowApp) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(slow_app.app), base_url="http://localhost") as client:
        try:
            yield client
        finally:
            slow_app.released.set()


def run_with_client(scenario: Callable[[httpx.AsyncClient, SlowApp], Any]) -> None:
    async def main() -> None:
        slow_app = SlowApp()
        async with client_of(slow_app) as client:
            await scenario(client, slow_app)

    asyncio.run(main())


async def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def test_a_handler_that_hangs_is_answered_503_in_time() -> None:
    async def scenario(client: httpx.AsyncClient, slow_app: SlowApp) -> None:
        started = time.monotonic()
        answer = await client.get("/hang")

        assert TIMEOUT_SECONDS <= time.monotonic() - started < TIMEOUT_SECONDS + 2
        assert answer.status_code == 503
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert answer.headers["x-should-retry"] == "true"
        assert answer.headers["x-request-id"].startswith("req_")
        assert answer.json()["error"]["type"] == "server_error"
        assert answer.json()["error"]["code"] == "service_unavailable"

    run_with_client(scenario)


@pytest.mark.parametrize("path", ["/hang", "/crash"])
def test_a_response_after_the_deadline_is_dropped(path: str) -> None:
    async def scenario(client: httpx.AsyncClient, slow_app: SlowApp) -> None:
        assert (await client.get(path)).status_code == 503

        slow_app.released.set()
        await wait_until(lambda: slow_app.ended_handlers == 1)
        assert (await client.get("/quick")).json() == "here"

    run_with_client(scenario)


def test_requests_that_wait_for_a_thread_are_cancelled() -> None:
    async def scenario(client: httpx.AsyncClient, slow_app: SlowApp) -> None:
        answers = await asyncio.gather(*(client.get("/hang") for _ in range(THREADS + 10)))

        assert {answer.status_code for answer in answers} == {503}
        assert slow_app.started_handlers == THREADS
        assert (await client.get("/quick")).json() == "here"
        slow_app.released.set()
        await wait_until(lambda: slow_app.ended_handlers == THREADS)
        await asyncio.sleep(0.1)
        assert slow_app.started_handlers == THREADS
        assert (await client.get("/hang")).json() == "too late"

    run_with_client(scenario)


def test_a_started_response_may_exceed_the_deadline() -> None:
    async def scenario(client: httpx.AsyncClient, _: SlowApp) -> None:
        assert (await client.get("/stream")).content == b"...."

    run_with_client(scenario)


def test_a_slow_upload_is_not_cut_off() -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(4):
            await asyncio.sleep(TIMEOUT_SECONDS / 2)
            yield b"."

    async def scenario(client: httpx.AsyncClient, _: SlowApp) -> None:
        assert (await client.post("/echo", content=body())).json() == 4

    run_with_client(scenario)


def test_a_large_body_extends_the_deadline() -> None:
    async def scenario(client: httpx.AsyncClient, _: SlowApp) -> None:
        assert (await client.post("/work", content=b"...")).status_code == 503
        assert (await client.post("/work", content=b"." * 2**20)).json() == 2**20

    run_with_client(scenario)


def test_completing_an_upload_has_no_deadline() -> None:
    async def scenario(client: httpx.AsyncClient, _: SlowApp) -> None:
        assert (await client.post("/v1/uploads/upload_1/complete", content=b"...")).json() == 3

    run_with_client(scenario)


def test_the_thread_of_a_request_stops_at_its_deadline() -> None:
    async def scenario(client: httpx.AsyncClient, slow_app: SlowApp) -> None:
        assert (await client.get("/loop")).status_code == 503

        await wait_until(lambda: slow_app.ended_handlers == 1)
        assert not slow_app.released.is_set()

    run_with_client(scenario)


def test_the_thread_of_a_client_that_left_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadlines, "WATCHED_AFTER_SECONDS", 0.01)

    async def scenario() -> None:
        gone, started, stopped = asyncio.Event(), threading.Event(), threading.Event()

        def work() -> None:
            started.set()
            try:
                while True:
                    cancellation.check()
            finally:
                stopped.set()

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await run_in_threadpool(work)

        async def receive() -> Message:
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            pytest.fail("nobody reads an answer")

        scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
        request = asyncio.create_task(DeadlineMiddleware(app, timeout_seconds=60)(scope, receive, send))
        await wait_until(started.is_set)
        gone.set()
        await asyncio.wait_for(request, 20)
        await wait_until(stopped.is_set)

    asyncio.run(scenario())

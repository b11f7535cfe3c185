"""What a client is told when the service cannot answer in time."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from api.app import Answered
from api.deadlines import InTime

PATIENCE = 0.3
THREADS = 40
"""As many handlers as run at once."""


class Hung:
    """An app with a handler that does not answer until it is let go."""

    def __init__(self) -> None:
        self.let_go = threading.Event()
        self.begun = 0
        self.ended = 0
        app = self.app = FastAPI()

        @app.get("/hang")
        def hang() -> str:
            self.begun += 1
            self.let_go.wait(20)
            self.ended += 1
            return "too late"

        @app.get("/crash")
        def crash() -> str:
            self.let_go.wait(20)
            self.ended += 1
            raise ValueError("nobody hears this")

        @app.get("/quick")
        async def quick() -> str:
            return "here"

        @app.get("/stream")
        def stream() -> StreamingResponse:
            return StreamingResponse(self.slowly())

        @app.post("/echo")
        async def echo(request: Request) -> int:
            return len(await request.body())

        @app.post("/work")
        @app.post("/v1/uploads/upload_1/complete")
        async def work(request: Request) -> int:
            size = len(await request.body())
            await asyncio.sleep(2 * PATIENCE)
            return size

        app.add_middleware(InTime, patience=PATIENCE, patience_per_mib=2 * PATIENCE)
        app.add_middleware(Answered)

    async def slowly(self) -> AsyncIterator[bytes]:
        for _ in range(4):
            await asyncio.sleep(PATIENCE / 2)
            yield b"."


@asynccontextmanager
async def client_of(hung: Hung) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(hung.app), base_url="http://localhost") as client:
        try:
            yield client
        finally:
            hung.let_go.set()


def told(story: Callable[[httpx.AsyncClient, Hung], Any]) -> None:
    async def main() -> None:
        hung = Hung()
        async with client_of(hung) as client:
            await story(client, hung)

    asyncio.run(main())


async def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def test_a_handler_that_hangs_is_answered_for() -> None:
    async def story(client: httpx.AsyncClient, hung: Hung) -> None:
        started = time.monotonic()
        answer = await client.get("/hang")

        assert PATIENCE <= time.monotonic() - started < PATIENCE + 2
        assert answer.status_code == 503
        assert 1 <= int(answer.headers["retry-after"]) <= 60
        assert answer.headers["x-should-retry"] == "true"
        assert answer.headers["x-request-id"].startswith("req_")
        assert answer.json()["error"]["type"] == "server_error"
        assert answer.json()["error"]["code"] == "service_unavailable"

    told(story)


@pytest.mark.parametrize("path", ["/hang", "/crash"])
def test_what_the_handler_says_afterwards_is_thrown_away(path: str) -> None:
    async def story(client: httpx.AsyncClient, hung: Hung) -> None:
        assert (await client.get(path)).status_code == 503

        hung.let_go.set()
        await until(lambda: hung.ended == 1)
        assert (await client.get("/quick")).json() == "here"

    told(story)


def test_requests_that_still_wait_for_a_thread_are_called_off() -> None:
    async def story(client: httpx.AsyncClient, hung: Hung) -> None:
        answers = await asyncio.gather(*(client.get("/hang") for _ in range(THREADS + 10)))

        assert {answer.status_code for answer in answers} == {503}
        assert hung.begun == THREADS
        assert (await client.get("/quick")).json() == "here"
        hung.let_go.set()
        await until(lambda: hung.ended == THREADS)
        await asyncio.sleep(0.1)
        assert hung.begun == THREADS
        assert (await client.get("/hang")).json() == "too late"

    told(story)


def test_an_answer_that_has_begun_may_take_longer() -> None:
    async def story(client: httpx.AsyncClient, _: Hung) -> None:
        assert (await client.get("/stream")).content == b"...."

    told(story)


def test_a_client_that_sends_slowly_is_not_cut_off() -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(4):
            await asyncio.sleep(PATIENCE / 2)
            yield b"."

    async def story(client: httpx.AsyncClient, _: Hung) -> None:
        assert (await client.post("/echo", content=body())).json() == 4

    told(story)


def test_a_large_body_may_take_longer() -> None:
    async def story(client: httpx.AsyncClient, _: Hung) -> None:
        assert (await client.post("/work", content=b"...")).status_code == 503
        assert (await client.post("/work", content=b"." * 2**20)).json() == 2**20

    told(story)


def test_joining_the_parts_of_an_upload_takes_as_long_as_it_takes() -> None:
    async def story(client: httpx.AsyncClient, _: Hung) -> None:
        assert (await client.post("/v1/uploads/upload_1/complete", content=b"...")).json() == 3

    told(story)

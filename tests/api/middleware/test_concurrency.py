"""Requests of one project that take long, and those of another meanwhile."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from api.app import build_app
from api.concurrency.request_classes import RequestLimits
from ingest.steps.embed import MAX_PARTS
from ingest.steps.vectors import Vectors
from ingest.tenancy import projects
from tests.api.projects import key_headers
from tests.fakes import FakeEmbedder, FakeServices

JSON = {"content-type": "application/json"}


class BlockingEmbedder(FakeEmbedder):
    """Waits at queries that begin with "slow" until `released` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()
        self.blocked = 0

    def embed_query(self, text: str, max_parts: int = MAX_PARTS) -> Vectors:
        if text.startswith("slow"):
            self.blocked += 1
            self.released.wait(30)
        return super().embed_query(text, max_parts)


class World:
    """An app with two projects, each with a store."""

    def __init__(self, services: FakeServices, **settings: int) -> None:
        self.services = services
        services.settings = services.settings.model_copy(update={"searches_at_once": 4, **settings})
        self.embedder = services.embedder = BlockingEmbedder()
        self.app: FastAPI = build_app(services)
        names = ("greedy", "modest")
        self.projects = {name: projects.create(services.database, name, {}).id for name in names}
        self.headers = {name: key_headers(services, self.projects[name]) for name in names}
        self.stores: dict[str, str] = {}

    @property
    def limits(self) -> RequestLimits:
        limits: RequestLimits = self.app.state.limits
        return limits

    def client(self, project: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=("192.0.2.7", 50000))
        return httpx.AsyncClient(transport=transport, base_url="http://localhost", headers=self.headers[project])

    def run(self, scenario: Callable[[httpx.AsyncClient, httpx.AsyncClient], Coroutine[Any, Any, None]]) -> None:
        async def main() -> None:
            async with self.client("greedy") as greedy, self.client("modest") as modest:
                for name, client in (("greedy", greedy), ("modest", modest)):
                    self.stores[name] = (await client.post("/v1/vector_stores", json={})).json()["id"]
                try:
                    await asyncio.wait_for(scenario(greedy, modest), 60)
                finally:
                    self.embedder.released.set()

        asyncio.run(main())

    async def search(self, client: httpx.AsyncClient, project: str, query: str) -> httpx.Response:
        return await client.post(f"/v1/vector_stores/{self.stores[project]}/search", json={"query": query})

    async def wait_for_blocked(self, count: int) -> None:
        while self.embedder.blocked < count:
            await asyncio.sleep(0.01)


def test_searches_of_one_project_do_not_stop_another(services: FakeServices) -> None:
    world = World(services)

    async def scenario(greedy: httpx.AsyncClient, modest: httpx.AsyncClient) -> None:
        searches = [asyncio.create_task(world.search(greedy, "greedy", "slow")) for _ in range(44)]
        await world.wait_for_blocked(3)

        assert (await modest.get("/v1/files")).status_code == 200
        assert (await world.search(modest, "modest", "quick")).status_code == 200
        assert (await greedy.get("/v1/files")).status_code == 200
        assert world.embedder.blocked == 3
        world.embedder.released.set()
        assert {answer.status_code for answer in await asyncio.gather(*searches)} == {200}

    world.run(scenario)


def test_requests_of_a_project_beyond_its_limit_are_answered_429(services: FakeServices) -> None:
    world = World(services, max_requests_per_project=5)

    async def scenario(greedy: httpx.AsyncClient, modest: httpx.AsyncClient) -> None:
        searches = [asyncio.create_task(world.search(greedy, "greedy", "slow")) for _ in range(5)]
        await world.wait_for_blocked(3)
        refused = await world.search(greedy, "greedy", "one more")

        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "1"
        error = refused.json()["error"]
        assert (error["type"], error["code"]) == ("requests", "rate_limit_exceeded")
        assert "at most 5 searches of a project" in error["message"]
        assert (await world.search(modest, "modest", "quick")).status_code == 200
        world.embedder.released.set()
        await asyncio.gather(*searches)
        assert (await world.search(greedy, "greedy", "again")).status_code == 200

    world.run(scenario)


def test_a_body_that_trickles_in_has_no_place(services: FakeServices) -> None:
    world = World(services, requests_at_once=2)
    complete = asyncio.Event()

    async def trickle() -> AsyncIterator[bytes]:
        yield b"{"
        await complete.wait()
        yield b"}"

    async def scenario(greedy: httpx.AsyncClient, modest: httpx.AsyncClient) -> None:
        slow = [
            asyncio.create_task(greedy.post("/v1/vector_stores", content=trickle(), headers=JSON)) for _ in range(8)
        ]
        for _ in range(10):
            assert (await greedy.get("/v1/files")).status_code == 200
        complete.set()
        assert {answer.status_code for answer in await asyncio.gather(*slow)} == {200}

    world.run(scenario)


def test_bodies_of_a_project_are_bounded_together(services: FakeServices) -> None:
    world = World(services, max_body_bytes=20_000)
    complete = asyncio.Event()
    body = b'{"name": "%s"' % (b"x" * 4_000)

    async def trickle() -> AsyncIterator[bytes]:
        yield body
        await complete.wait()
        yield b"}"

    async def scenario(greedy: httpx.AsyncClient, modest: httpx.AsyncClient) -> None:
        slow = [
            asyncio.create_task(greedy.post("/v1/vector_stores", content=trickle(), headers=JSON)) for _ in range(8)
        ]
        while world.limits.bodies.of_project(world.projects["greedy"]) < 4 * len(body):
            await asyncio.sleep(0.01)
        assert (await modest.post("/v1/vector_stores", content=body + b"}", headers=JSON)).status_code == 200
        complete.set()
        statuses = [answer.status_code for answer in await asyncio.gather(*slow)]
        assert sorted(statuses) == [200] * 4 + [429] * 4
        assert world.limits.bodies.of_project(world.projects["greedy"]) == 0

    world.run(scenario)


def test_a_refused_body_ends_the_request_with_the_envelope(services: FakeServices) -> None:
    world = World(services, max_body_bytes=1_000)

    async def long() -> AsyncIterator[bytes]:
        for _ in range(10):
            yield b" " * 500

    async def scenario(greedy: httpx.AsyncClient, modest: httpx.AsyncClient) -> None:
        answer = await greedy.post("/v1/vector_stores", content=long(), headers=JSON)

        assert answer.status_code == 413
        assert "too large" in answer.json()["error"]["message"]

    world.run(scenario)


@pytest.mark.parametrize("wrong_keys", ["different", "same"])
def test_wrong_keys_do_not_stop_a_project_and_are_looked_up_once(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch, wrong_keys: str
) -> None:
    world = World(services)
    lookups = 0
    admit = services.database.reading

    def count_lookups() -> Any:
        nonlocal lookups
        lookups += 1
        return admit()

    async def scenario(greedy: httpx.AsyncClient, modest: httpx.AsyncClient) -> None:
        monkeypatch.setattr(services.database, "reading", count_lookups)
        guesses = [f"sk-ingest-{number if wrong_keys == 'different' else 0:043}" for number in range(400)]
        answers = [await greedy.get("/v1/files", headers={"authorization": f"Bearer {key}"}) for key in guesses]
        assert {answer.status_code for answer in answers} == {401}
        assert lookups == (400 if wrong_keys == "different" else 1)
        assert (await modest.get("/v1/files")).status_code == 200

    world.run(scenario)

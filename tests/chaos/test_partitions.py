"""Broker, database and vectors behind faulty proxies: every request is answered in time and no file is lost."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import httpx
import openai
import psycopg
import pytest

from ingest.config import Settings
from ingest.db import locks
from ingest.db.session import Database
from ingest.embedded.processes import LOOPBACK_HOST, free_port
from ingest.errors import DependencyDown
from ingest.status import LANES
from ingest.timeouts import WORKER_TIMEOUTS
from tests import servers
from tests.chaos.proxy import Mode, Proxy, proxied
from tests.servers import wait_until
from tests.stories.running import Service, running

pytestmark = [pytest.mark.services, pytest.mark.timeout(180)]

FILES = 12
ANSWER_SECONDS = 10.0
RECOVERY_SECONDS = 30.0

SHORT_TIMEOUTS = {
    "INGEST_LEASE_SECONDS": "10",
    "INGEST_HEARTBEAT_SECONDS": "2",
    "INGEST_SWEEP_SECONDS": "1",
    "INGEST_QDRANT_TIMEOUT_SECONDS": "3",
}

Part = Literal["broker", "database", "vectors"]
Fault = Mode | Literal["half-open"]


@dataclass(frozen=True)
class PartitionedService:
    """The service with a proxy in front of each of the three servers that it needs."""

    service: Service
    proxies: dict[Part, Proxy]
    direct: dict[str, str]
    """The settings that bypass the proxies."""

    @property
    def client(self) -> openai.OpenAI:
        return self.service.client(max_retries=0, timeout=60)


@pytest.fixture(scope="module")
def partitioned(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PartitionedService]:
    folder = tmp_path_factory.mktemp("partitioned")
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS ingest_partitioned WITH (FORCE)")
        connection.execute("CREATE DATABASE ingest_partitioned")
    database = postgres_server.rsplit("/", 1)[0] + "/ingest_partitioned"
    with (
        servers.valkey(folder) as broker,
        _vectors(folder) as vectors,
        proxied(_port(broker)) as before_broker,
        proxied(_port(database)) as before_database,
        proxied(_port(vectors)) as before_vectors,
    ):
        through = SHORT_TIMEOUTS | {
            "INGEST_REDIS_URL": _through_proxy(before_broker, broker),
            "INGEST_DATABASE_URL": _through_proxy(before_database, database),
            "INGEST_QDRANT_URL": _through_proxy(before_vectors, vectors),
        }
        direct = {"INGEST_REDIS_URL": broker, "INGEST_DATABASE_URL": database, "INGEST_QDRANT_URL": vectors}
        proxies: dict[Part, Proxy] = {"broker": before_broker, "database": before_database, "vectors": before_vectors}
        with running(folder / "data", "--workers", "2", environment=through) as service:
            yield PartitionedService(service, proxies, direct)
            for proxy in proxies.values():
                proxy.set("pass")


@pytest.fixture(autouse=True)
def _restore_connections(partitioned: PartitionedService, request: pytest.FixtureRequest) -> Iterator[None]:
    failed_before = request.session.testsfailed
    yield
    for proxy in partitioned.proxies.values():
        proxy.set("pass")
    if request.session.testsfailed > failed_before:
        print(partitioned.service.logs())


FAILING_REQUESTS: dict[Part, tuple[str, ...]] = {
    "broker": (),
    "vectors": ("search",),
    "database": ("list", "retrieve", "batch", "files", "create", "upload", "attach", "search"),
}
"""The requests that fail while a server is cut off."""


@pytest.mark.parametrize("fault", ["refuse", "reset", "blackhole", "half-open", "slow"])
@pytest.mark.parametrize("part", ["broker", "vectors", "database"])
def test_a_partition_delays_files_and_loses_none(partitioned: PartitionedService, part: Part, fault: Fault) -> None:
    client, proxy = partitioned.client, partitioned.proxies[part]
    ids = [_upload(client, n) for n in range(FILES)]
    store = client.vector_stores.create(name=f"{part} {fault}").id
    batch = client.vector_stores.file_batches.create(store, file_ids=ids).id

    if fault == "half-open":
        proxy.make_half_open()
    else:
        proxy.set(fault)
    began = time.monotonic()
    answers = _send_concurrently(client, store, batch, ids[0])

    too_slow = {name: seconds for name, (_, seconds) in answers.items() if seconds > ANSWER_SECONDS}
    assert too_slow == {}
    statuses = {name: status for name, (status, _) in answers.items()}
    if fault == "slow":
        assert statuses == dict.fromkeys(statuses, 200)
    elif fault == "half-open":  # a request on a half-open connection may get 503
        assert set(statuses.values()) <= {200, 503}
    else:
        assert statuses == {name: 503 if name in FAILING_REQUESTS[part] else 200 for name in statuses}
    if fault != "slow":
        time.sleep(max(0.0, 3 - (time.monotonic() - began)))

    proxy.set("pass")

    _wait_until_complete(client, store, batch)
    counts = client.vector_stores.file_batches.retrieve(batch, vector_store_id=store).file_counts
    assert counts.to_dict() == {"in_progress": 0, "completed": FILES, "failed": 0, "cancelled": 0, "total": FILES}
    wait_until(lambda: _is_found(client, store, "marker007", "7.txt"), seconds=RECOVERY_SECONDS, what="a search")


def test_locks_of_a_disconnected_feeder_are_released_within_seconds(partitioned: PartitionedService) -> None:
    client, proxy = partitioned.client, partitioned.proxies["database"]
    ids = [_upload(client, n) for n in range(FILES)]
    store = client.vector_stores.create(name="locked").id
    url = Settings(database_url=_through_proxy(proxy, partitioned.direct["INGEST_DATABASE_URL"])).sql_url
    feeder = Database(url, timeouts=replace(WORKER_TIMEOUTS, response=1))

    batches: list[str] = []

    def cut_off() -> None:
        with feeder.transaction() as session:
            assert all(locks.try_advisory_lock(session, locks.feeder(lane)) for lane in LANES)
            batches.append(client.vector_stores.file_batches.create(store, file_ids=ids).id)
            proxy.make_half_open()

    with pytest.raises(DependencyDown, match="database"):
        cut_off()
    feeder.dispose()

    _wait_until_complete(client, store, batches[0])


def test_ready_names_the_failed_dependency_and_the_api_stays_up(partitioned: PartitionedService) -> None:
    root = partitioned.service.base_url.removesuffix("/v1")
    names = {"broker": "broker", "vectors": "qdrant", "database": "database"}
    for part, proxy in partitioned.proxies.items():
        proxy.set("blackhole")
        started = time.monotonic()
        httpx.get(f"{root}/ready", timeout=15)
        assert time.monotonic() - started < 5

        def answers_down(name: str = names[part], status: int = 503 if part == "database" else 200) -> bool:
            ready = httpx.get(f"{root}/ready", timeout=15)
            return (ready.json()["dependencies"][name]["state"], ready.status_code) == ("down", status)

        wait_until(answers_down, what=f"{part} being down")  # a check that is a second old is not repeated
        assert httpx.get(f"{root}/health", timeout=5).json() == {"status": "ok"}
        proxy.set("pass")

        wait_until(lambda: httpx.get(f"{root}/ready", timeout=15).json()["status"] == "ready", what="the status ready")


def test_verify_has_no_findings_after_all_partitions(partitioned: PartitionedService) -> None:
    command = [
        str(Path(sys.executable).with_name("ingest")),
        "verify",
        "--data",
        str(partitioned.service.data),
        "--json",
    ]

    def findings() -> Any:
        verified = subprocess.run(
            command, env=os.environ | partitioned.direct, capture_output=True, text=True, timeout=60
        )
        assert verified.stdout, verified.stderr
        return json.loads(verified.stdout)["findings"]

    wait_until(lambda: findings() == [], seconds=30, what="a verification without findings")


def _send_concurrently(client: openai.OpenAI, store: str, batch: str, file: str) -> dict[str, tuple[int, float]]:
    """Send one request of each kind at the same time; return their statuses and durations in seconds."""
    stores = client.vector_stores
    requests: dict[str, Callable[[], object]] = {
        "list": lambda: stores.list(limit=5),
        "retrieve": lambda: stores.retrieve(store),
        "batch": lambda: stores.file_batches.retrieve(batch, vector_store_id=store),
        "files": lambda: stores.files.list(store),
        "create": lambda: stores.create(name="meanwhile"),
        "upload": lambda: _upload(client, 99),
        "attach": lambda: stores.files.create(store, file_id=file),
        "search": lambda: stores.search(store, query="marker"),
    }
    with ThreadPoolExecutor(len(requests)) as pool:
        asked = {name: pool.submit(_timed, request) for name, request in requests.items()}
        return {name: answer.result() for name, answer in asked.items()}


def _timed(request: Callable[[], object]) -> tuple[int, float]:
    started, refusal = time.monotonic(), None
    try:
        request()
    except openai.APIStatusError as exc:
        refusal = exc
    seconds = time.monotonic() - started
    if refusal is None:
        return 200, seconds
    assert refusal.code == "service_unavailable"
    assert 1 <= int(refusal.response.headers["retry-after"]) <= 60
    return refusal.status_code, seconds


def _wait_until_complete(client: openai.OpenAI, store: str, batch: str) -> None:
    def is_complete() -> bool:
        try:
            counts = client.vector_stores.file_batches.retrieve(batch, vector_store_id=store).file_counts
        except (openai.APIStatusError, openai.APIConnectionError):
            return False
        return bool(counts.completed == FILES)

    wait_until(is_complete, seconds=RECOVERY_SECONDS, what="the completion of all files after the partition")


def _upload(client: openai.OpenAI, n: int) -> str:
    text = f"marker{n:03d} stands in the tall grass beside the river."
    return client.files.create(file=(f"{n}.txt", text.encode()), purpose="assistants").id


def _is_found(client: openai.OpenAI, store: str, query: str, name: str) -> bool:
    try:
        return any(passage.filename == name for passage in client.vector_stores.search(store, query=query).data)
    except openai.APIStatusError:
        return False


@contextmanager
def _vectors(folder: Path) -> Iterator[str]:
    """Yield the URL of a vectors process."""
    url = f"http://{LOOPBACK_HOST}:{free_port()}"
    command = [sys.executable, "-m", "ingest.embedded.vectors", "--path", str(folder), "--port", str(_port(url))]

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/readyz", timeout=2, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    with servers.process(command, folder / "vectors.log"):
        wait_until(answers, what="the start of the vectors process")
        yield url


def _port(url: str) -> int:
    port = urlsplit(url).port
    assert port is not None
    return port


def _through_proxy(proxy: Proxy, url: str) -> str:
    return url.replace(f":{_port(url)}", f":{proxy.port}")

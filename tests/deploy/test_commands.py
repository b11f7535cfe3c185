"""The commands of deploy/compose.yaml as plain processes: two APIs and two workers against one Postgres, one broker and
one vectors server. What is not run here: containers themselves, and a Qdrant server instead of our vectors process."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx
import openai
import psycopg
import pytest
from openai.types import FileObject

from ingest.embedded.parts import HOST, free_port
from tests import servers
from tests.contracts.conftest import start_vectors
from tests.deploy.test_compose import services

pytestmark = [pytest.mark.services, pytest.mark.timeout(240)]

FILES = 60
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Deployment:
    """What was started: the addresses of both APIs and of Flower, and where the parts log."""

    apis: list[str]
    flower: str
    folder: Path
    environment: dict[str, str]


@pytest.fixture(scope="module")
def deployment(postgres_server: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    tmp_path = tmp_path_factory.mktemp("deployed")
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS ingest_deployed WITH (FORCE)")
        connection.execute("CREATE DATABASE ingest_deployed")
    engine, qdrant = start_vectors(tmp_path / "vectors", "a-key")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("INGEST_")}
    with ExitStack() as started, servers.valkey(tmp_path) as broker:
        started.callback(engine.wait, 10)
        started.callback(engine.terminate)
        environment = inherited | {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "INGEST_DATABASE_URL": postgres_server.rsplit("/", 1)[0] + "/ingest_deployed",
            "INGEST_REDIS_URL": broker,
            "INGEST_QDRANT_URL": qdrant.url,
            "INGEST_QDRANT_API_KEY": qdrant.api_key,
            "INGEST_BLOBS_URL": str(tmp_path / "blobs"),
            "INGEST_DATA": str(tmp_path / "data"),
            "INGEST_WORKERS": "1",
            "FLOWER_BASIC_AUTH": "someone:secret",
            "OMP_NUM_THREADS": "1",
        }
        subprocess.run(command("migrate", tmp_path), env=environment, check=True, timeout=60)
        apis, flower = [], free_port()
        for name in ("first", "second"):
            mine = environment | {"INGEST_NODE": name, "INGEST_READY_FILE": str(tmp_path / f"{name}-ready")}
            port = free_port()
            apis.append(f"http://{HOST}:{port}")
            started.enter_context(
                servers.process(command("api", tmp_path, port), log(tmp_path, "api", name), environment=mine)
            )
            worker = [*command("worker", tmp_path), "--hostname", f"{name}@%h"]
            started.enter_context(servers.process(worker, log(tmp_path, "worker", name), environment=mine))
        started.enter_context(
            servers.process(command("beat", tmp_path), log(tmp_path, "beat"), environment=environment)
        )
        started.enter_context(
            servers.process(command("flower", tmp_path, flower), log(tmp_path, "flower"), environment=environment)
        )
        for url in (*(f"{api}/health" for api in apis), f"http://{HOST}:{flower}/healthcheck"):
            servers.wait_until(lambda url=url: answers(url), seconds=90, what=url)  # type: ignore[misc]
        for name in ("first", "second"):
            servers.wait_until((tmp_path / f"{name}-ready").exists, seconds=90, what=f"the start of the {name} worker")
        yield Deployment(apis, f"http://{HOST}:{flower}", tmp_path, environment)


def command(service: str, folder: Path, port: int = 0) -> list[str]:
    """A service's command as the compose file has it, on the loopback interface, a free port and a private folder."""
    replaced = [
        re.sub(r"(?<=^)(8000|0\.0\.0\.0)$|(?<==)(5555|0\.0\.0\.0)$|/tmp/", lambda m: _private(m[0], folder, port), part)
        for part in services()[service]["command"]
    ]
    return [str(part) for part in replaced]


def _private(found: str, folder: Path, port: int) -> str:
    return {"0.0.0.0": HOST, "/tmp/": f"{folder}/"}.get(found, str(port))


def log(folder: Path, *names: str) -> Path:
    return folder / f"{'-'.join(names)}.log"


def answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def upload(client: openai.OpenAI, number: int) -> FileObject:
    text = f"# Entry {number}\n\nThe keeper of lamp{number:03d} wrote it down.\n" * 40
    return client.files.create(file=(f"{number}.md", text.encode()), purpose="assistants")


def test_two_apis_and_two_workers_share_the_work_and_agree_on_every_count(deployment: Deployment) -> None:
    first, second = (openai.OpenAI(base_url=f"{api}/v1", api_key="none", max_retries=0) for api in deployment.apis)
    store = first.vector_stores.create(name="shared")
    ids = [upload((first, second)[number % 2], number).id for number in range(FILES)]

    batch = second.vector_stores.file_batches.create_and_poll(store.id, file_ids=ids, poll_interval_ms=200)

    assert (batch.status, batch.file_counts.completed, batch.file_counts.total) == ("completed", FILES, FILES)
    assert first.vector_stores.retrieve(store.id).file_counts == second.vector_stores.retrieve(store.id).file_counts
    assert first.vector_stores.search(store.id, query="lamp007").data[0].filename == "7.md"
    done = [log(deployment.folder, "worker", name).read_text().count("file_completed") for name in ("first", "second")]
    assert sum(done) == FILES
    assert min(done) > 0
    verified = subprocess.run(
        ["ingest", "verify"], env=deployment.environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_flower_asks_who_it_is_and_then_shows_both_workers(deployment: Deployment) -> None:
    assert httpx.get(f"{deployment.flower}/", trust_env=False).status_code == 401

    def both() -> bool:
        page = httpx.get(f"{deployment.flower}/workers", auth=("someone", "secret"), trust_env=False)
        return page.is_success and "first@" in page.text and "second@" in page.text

    servers.wait_until(both, seconds=30, what="both workers in Flower")

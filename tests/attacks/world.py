"""The attacked service: its API as `ingest up` starts it, a store with text, an attacking project and another one."""

import base64
import json
import os
import random
import resource
import secrets
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import openai
import psutil
from sqlalchemy import select

from ingest.config import Settings
from ingest.db.migrate import migrate
from ingest.db.models import StoreFile
from ingest.db.session import Database
from ingest.embedded.processes import LOOPBACK_HOST, ProcessSpec, free_port, plan_service
from ingest.jobs import run
from ingest.services import Services
from ingest.tenancy import keys, projects
from ingest.tenancy.keys import SCOPES
from tests.attacks.raw import Target
from tests.servers import process, wait_until

STORED_BYTES = 30 << 20
"""How much the attacking project may store."""

ROOT = Path(__file__).parents[2]
START_SECONDS = 90
_WORDS_OF_A_FILE = 6_000
_VOCABULARY = [
    a + b + c for a in ("bar", "ko", "lin", "mes") for b in ("tu", "va", "ra", "po") for c in ("n", "sk", "x")
]


@dataclass(frozen=True)
class World:
    """A running API and what a measurement needs of it."""

    target: Target
    victim_key: str
    victim_store: str
    pid: int
    log: Path
    data: Path

    def victim(self) -> openai.OpenAI:
        """Return a client of the other project."""
        url = f"http://{self.target.host}:{self.target.port}/v1"
        return openai.OpenAI(base_url=url, api_key=self.victim_key, max_retries=0, timeout=20)

    def is_alive(self) -> bool:
        """Return whether the API is still the process that was started."""
        return psutil.pid_exists(self.pid) and psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE

    def log_text(self) -> str:
        return self.log.read_text(errors="replace")


@contextmanager
def world(
    folder: Path, database_url: str, embedding: Mapping[str, str], *, files: int = 3, descriptors: int | None = None
) -> Iterator[World]:
    """Run the service on an empty database and yield it. `descriptors` limits those of the API."""
    data = folder / "data"
    data.mkdir()
    settings = Settings(data=data, database_url=database_url, redis_url="", qdrant_url="")
    port = free_port()
    specs = {spec.name: spec for spec in plan_service(settings, port=port, flower=False).processes}
    environment = {
        "INGEST_DATABASE_URL": database_url,
        "INGEST_WEBHOOKS_ALLOW_PRIVATE": "true",
        "INGEST_SECRETS_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        **embedding,
    }
    with ExitStack() as stack:
        for name in ("valkey", "vectors"):
            stack.enter_context(
                process(specs[name].command, folder / f"{name}.log", environment=specs[name].environment)
            )
            wait_until(specs[name].is_ready, seconds=START_SECONDS, what=f"the start of {name}")
        api_environment = {**specs["api"].environment, **environment}
        database = Database(Settings(data=data, database_url=database_url).sql_url)
        stack.callback(database.dispose)
        migrate(database)
        limits = {"stored_bytes": STORED_BYTES}
        attacker, other = (projects.create(database, *of).id for of in (("attacker", limits), ("other", {})))
        created = [keys.create(database, project=p, name="", scopes=s)[0] for p, s in ((attacker, SCOPES), (attacker, ("read",)), (other, ("read", "write")))]  # fmt: skip
        log = folder / "api.log"
        api = stack.enter_context(process(_limited(specs["api"], descriptors), log, environment=api_environment))
        wait_until(specs["api"].is_ready, seconds=START_SECONDS, what="the start of the API")
        base = f"http://{LOOPBACK_HOST}:{port}/v1"
        attacked = _store(base, created[0], files)
        victims = _store(base, created[2], 1)
        _run_jobs(api_environment, database)
        target = Target(LOOPBACK_HOST, port, created[0], created[1], *attacked)
        yield World(target, created[2], victims[0], api.pid, log, data)


def _limited(spec: ProcessSpec, descriptors: int | None) -> list[str]:
    """Return the command, in a shell that lowers the soft and the hard limit of descriptors if one is given."""
    if descriptors is None:
        return spec.command
    return ["/bin/sh", "-c", f'ulimit -n {descriptors}; exec "$@"', "sh", *spec.command]


def _store(base: str, key: str, files: int) -> tuple[str, str, str]:
    """Create a store with files and return the ids of store, batch and a file."""
    words = random.Random(17)
    with openai.OpenAI(base_url=base, api_key=key, max_retries=2, timeout=30) as client:
        store = client.vector_stores.create(name="store").id
        ids = [
            client.files.create(
                file=(f"{n}.txt", " ".join(words.choices(_VOCABULARY, k=_WORDS_OF_A_FILE)).encode()),
                purpose="assistants",
            ).id
            for n in range(files)
        ]
        batch = client.vector_stores.file_batches.create(store, file_ids=ids)
    return store, batch.id, ids[0]


def _run_jobs(environment: Mapping[str, str], database: Database) -> None:
    """Index all files in a process of its own, which has the settings of the service."""
    with database.reading() as session:
        rows = list(session.scalars(select(StoreFile.row)))
    command = [sys.executable, "-m", "tests.attacks.world", json.dumps(rows)]
    subprocess.run(command, env={**environment, "PYTHONPATH": str(ROOT)}, check=True, timeout=START_SECONDS)


@contextmanager
def measured(world: World) -> Iterator[dict[str, float]]:
    """Measure the other project and the API while the block runs. Yield the results, which are there afterwards."""
    command = [
        sys.executable,
        "-m",
        "tests.attacks.observer",
        world.target.host,
        str(world.target.port),
        str(world.pid),
    ]
    results: dict[str, float] = {}
    log_before = world.log.stat().st_size
    observer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert observer.stdin is not None
    assert observer.stdout is not None
    try:
        observer.stdin.write(world.victim_key + "\n")
        observer.stdin.flush()
        assert observer.stdout.readline() == "measuring\n"
        yield results
        observer.stdin.close()
        found = json.loads(observer.stdout.readline())
    finally:
        observer.kill()
        observer.wait()
        observer.stdout.close()
    ordered = sorted(found["seconds"])
    results["requests"] = len(ordered)
    results["p95"] = ordered[int(len(ordered) * 0.95)] if ordered else 0.0
    results["max"] = ordered[-1] if ordered else 0.0
    results["failures"] = found["failures"]
    results["grown_mb"] = (found["peak"] - found["before"]) / (1 << 20)
    results["log_kb"] = (world.log.stat().st_size - log_before) / 1024


def raise_descriptor_limit() -> None:
    """Let this process open as many connections as the system allows."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def victim_is_served(world: World) -> bool:
    """Return whether the other project can list, write and search as before."""
    try:
        with world.victim() as client:
            client.files.list()
            client.files.delete(client.files.create(file=("after.txt", b"after"), purpose="assistants").id)
            return bool(client.vector_stores.search(world.victim_store, query=_VOCABULARY[0]).data)
    except (openai.OpenAIError, httpx.HTTPError):
        return False


def main() -> None:
    """Index the rows of the command line."""
    services = Services(Settings())
    for row in json.loads(sys.argv[1]):
        run.run_job(services, row, lease_holder=f"attacks/{os.getpid()}")


if __name__ == "__main__":
    main()

"""Run the commands of deploy/compose.yaml as plain processes against real servers."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from ingest.embedded.processes import LOOPBACK_HOST, free_port
from tests import servers
from tests.deploy.test_compose import services

APIS = 2
START_SECONDS = 90
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Deployment:
    """A running deployment: addresses of the APIs and of Flower, the log folder, and the settings."""

    apis: list[str]
    flower: str
    folder: Path
    environment: dict[str, str]

    def log(self, name: str) -> Path:
        """Return the log file of a process."""
        return self.folder / f"{name}.log"


@contextmanager
def deployed(
    folder: Path, database_url: str, workers: Mapping[str, str], settings: Mapping[str, str], *, flower: bool = False
) -> Iterator[Deployment]:
    """Run two APIs, a beat and groups of workers (name to queues), and yield them once all of them answer."""
    with ExitStack() as started:
        qdrant_url, qdrant_key = started.enter_context(servers.vectors(folder))
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("INGEST_")}
        environment = inherited | {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "INGEST_DATABASE_URL": database_url,
            "INGEST_REDIS_URL": started.enter_context(servers.valkey(folder)),
            "INGEST_QDRANT_URL": qdrant_url,
            "INGEST_QDRANT_API_KEY": qdrant_key,
            "INGEST_BLOBS_URL": str(folder / "blobs"),
            "INGEST_DATA": str(folder / "data"),
            "INGEST_WORKERS": "1",
            "FLOWER_BASIC_AUTH": "someone:secret",
            "OMP_NUM_THREADS": "1",
            **settings,
        }
        deployment = Deployment(
            [f"http://{LOOPBACK_HOST}:{free_port()}" for _ in range(APIS)],
            f"http://{LOOPBACK_HOST}:{free_port()}",
            folder,
            environment,
        )

        def start(name: str, command: list[str], given: Mapping[str, str] = environment, **extra: str) -> None:
            started.enter_context(servers.process(command, deployment.log(name), environment={**given, **extra}))

        subprocess.run(_command("migrate", folder), env=environment, check=True, timeout=60)
        for number, api in enumerate(deployment.apis):
            start(f"api-{number}", _command("api", folder, api))
        for name, queues in workers.items():
            command = [*_with_queues(_command("worker", folder), queues), "--hostname", f"{name}@%h"]
            start(f"worker-{name}", command, INGEST_NODE=name, INGEST_READY_FILE=str(folder / f"{name}-ready"))
        start("beat", _command("beat", folder), _given(environment, "beat"))
        healths = [f"{api}/health" for api in deployment.apis]
        if flower:
            start("flower", _command("flower", folder, deployment.flower), _given(environment, "flower"))
            healths.append(f"{deployment.flower}/healthcheck")
        for url in healths:
            servers.wait_until(lambda url=url: _answers(url), seconds=START_SECONDS, what=url)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
        for name in workers:
            ready = (folder / f"{name}-ready").exists
            servers.wait_until(ready, seconds=START_SECONDS, what=f"the start of the workers {name}")
        yield deployment


def _given(environment: Mapping[str, str], service: str) -> dict[str, str]:
    """Return what the compose file gives to a service that has no `env_file`."""
    names = ("PATH", *services()[service]["environment"])
    return {name: environment[name] for name in names if name in environment}


def _command(service: str, folder: Path, url: str = "") -> list[str]:
    """Return a service's command from the compose file, with the loopback interface, another port and a private folder."""
    given = {"0.0.0.0": LOOPBACK_HOST, "/tmp/": f"{folder}/"}
    pattern = r"(?<=^)(8000|0\.0\.0\.0)$|(?<==)(5555|0\.0\.0\.0)$|/tmp/"
    replaced = (
        re.sub(pattern, lambda m: given.get(m[0], url.rpartition(":")[2]), part)
        for part in services()[service]["command"]
    )
    return [str(part) for part in replaced]


def _with_queues(command: list[str], queues: str) -> list[str]:
    at = command.index("--queues") + 1
    return [*command[:at], queues, *command[at + 1 :]]


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2, trust_env=False).is_success
    except httpx.HTTPError:
        return False

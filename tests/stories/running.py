"""Run `ingest up` for tests: the whole service on a free port. It ends with the test run."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openai

from ingest.embedded.processes import free_port
from ingest.runtime.pdeathsig import die_with_parent

READY_SECONDS = 90
STOP_SECONDS = 15
"""Seconds for the stop; the service gives its own processes 7.5 s."""

LOG_LINES = 40


@dataclass(frozen=True)
class Service:
    """A running service."""

    base_url: str
    data: Path
    process: subprocess.Popen[bytes]

    def client(self, **options: Any) -> openai.OpenAI:
        """Return a client of the service."""
        return openai.OpenAI(base_url=self.base_url, api_key="none", **options)

    def output(self) -> str:
        """Return the output of `ingest up` so far."""
        return _output(self.data).read_text(errors="replace")

    def logs(self) -> str:
        """Return the last log lines of the service and each of its processes."""
        return logs(self.data)


@contextmanager
def running(
    data: Path, *options: str, environment: Mapping[str, str] | None = None, folder: Path | None = None
) -> Iterator[Service]:
    """Run the service on a data folder, which may have been used before, and stop it afterwards; it must stop in time.

    `folder` is the working directory. `environment` is added to the environment of this process, without its INGEST_ settings. OCR is off
    by default, because its workers would be one more process in each service.
    """
    port = free_port()
    command = [str(Path(sys.executable).with_name("ingest")), "up", "--port", str(port), "--data", str(data)]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("INGEST_")}
    data.mkdir(parents=True, exist_ok=True)
    parent_pid = os.getpid()
    with _output(data).open("wb") as output:
        process = subprocess.Popen(
            [*command, "--no-flower", *options],
            env=inherited | {"INGEST_OCR": "off"} | dict(environment or {}),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=lambda: die_with_parent(parent_pid),
        )
    try:
        service = Service(f"http://127.0.0.1:{port}/v1", data, process)
        _wait_until_ready(service)
        yield service
    except BaseException:
        print(logs(data))
        process.kill()  # its child processes end with it
        process.wait()
        raise
    stop(service)


def stop(service: Service) -> None:
    """Stop the service with SIGTERM; it must stop in time. Does nothing when it has ended already."""
    if service.process.poll() is None:
        service.process.send_signal(signal.SIGTERM)
    try:
        service.process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        service.process.kill()
        service.process.wait()
        raise AssertionError(f"The service did not end within {STOP_SECONDS} s.\n{service.logs()}") from None


def logs(data: Path) -> str:
    """Return the last log lines of the service on a data folder and each of its processes."""
    files = [_output(data), *sorted((data / "logs").glob("*.log"))]
    parts = [
        f"--- {file.name}\n" + "\n".join(file.read_text(errors="replace").splitlines()[-LOG_LINES:])
        for file in files
        if file.exists()
    ]
    return "\n".join(parts)


def _wait_until_ready(service: Service) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not any(line.startswith("ready ") for line in service.output().splitlines()):
        assert service.process.poll() is None, f"The service ended with {service.process.returncode}."
        assert time.monotonic() < deadline, f"The service was not ready within {READY_SECONDS} s."
        time.sleep(0.05)


def _output(data: Path) -> Path:
    return data / "up.log"

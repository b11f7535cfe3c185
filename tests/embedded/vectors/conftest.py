"""The fixture that starts vectors processes."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.embedded.processes import free_port
from ingest.runtime.pdeathsig import die_with_parent
from tests.embedded.vectors.processes import StartVectors, VectorsProcess


@pytest.fixture
def start(tmp_path: Path) -> Iterator[StartVectors]:
    started: list[VectorsProcess] = []

    def start(path: Path = tmp_path / "vectors", api_key: str = "") -> VectorsProcess:
        port = free_port()
        command = [sys.executable, "-m", "ingest.embedded.vectors", "--path", str(path), "--port", str(port)]
        process = subprocess.Popen(
            command, env={"INGEST_QDRANT_API_KEY": api_key}, stderr=subprocess.PIPE, preexec_fn=die_with_parent
        )
        started.append(VectorsProcess(process, f"http://127.0.0.1:{port}"))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.communicate()

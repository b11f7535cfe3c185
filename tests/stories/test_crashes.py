"""Kill processes with SIGKILL during an import: every file completes exactly once and every count is right."""

import json
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import openai
import psutil
import pytest

from tests.servers import wait_until
from tests.stories.running import Service, running

INGEST = str(Path(sys.executable).with_name("ingest"))

# Files of a killed worker are reclaimed after their lease; the default of 30 s would make these tests slow.
SHORT_TIMEOUTS = {"INGEST_LEASE_SECONDS": "4", "INGEST_HEARTBEAT_SECONDS": "1", "INGEST_SWEEP_SECONDS": "1"}
FILES = 120


def import_files(client: openai.OpenAI, count: int, words_each: int = 150) -> tuple[str, str]:
    """Create a batch of small files in a new store and return the ids of both.

    The local model takes about 30 ms for each, so that the import lasts for several seconds.
    """
    words = "river stone harbour winter lantern copper meadow signal thunder engine".split()  # noqa: SIM905 - easier to read than a list
    texts = [f"marker{n:04d} " + " ".join(random.Random(n).choices(words, k=words_each)) for n in range(count)]
    ids = [
        client.files.create(file=(f"{n}.txt", text.encode()), purpose="assistants").id for n, text in enumerate(texts)
    ]
    store = client.vector_stores.create(name="crash")
    return store.id, client.vector_stores.file_batches.create(store.id, file_ids=ids).id


def wait_for(client: openai.OpenAI, store: str, batch: str, *, completed: int) -> None:
    wait_until(
        lambda: (
            client.vector_stores.file_batches.retrieve(batch, vector_store_id=store).file_counts.completed >= completed
        ),
        seconds=60,
        what=f"the completion of {completed} files",
    )


def assert_all_completed_once(service: Service, store: str, batch: str) -> None:
    client = service.client(max_retries=8)  # requests may fail while processes restart
    wait_for(client, store, batch, completed=FILES)
    counts = client.vector_stores.file_batches.retrieve(batch, vector_store_id=store).file_counts
    assert counts.model_dump() == {"in_progress": 0, "completed": FILES, "failed": 0, "cancelled": 0, "total": FILES}
    assert client.vector_stores.retrieve(store).file_counts.model_dump() == counts.model_dump()
    for n in (0, 57, FILES - 1):
        found = client.vector_stores.search(store, query=f"marker{n:04d}").data
        assert sum(passage.filename == f"{n}.txt" for passage in found) == 1
    assert verify(service.data) == []


def all_processes(service: Service) -> list[psutil.Process]:
    """Return every process that the service started, directly or indirectly."""
    return psutil.Process(service.process.pid).children(recursive=True)


def find_process(service: Service, pattern: str) -> psutil.Process:
    """Return the first process of the service whose command line contains the pattern."""
    for process in all_processes(service):
        with suppress(psutil.Error):  # some end while they are listed
            if pattern in " ".join(process.cmdline()):
                return process
    raise AssertionError(f"No process of the service has {pattern}.\n{service.logs()}")


def all_have_exited(processes: list[psutil.Process]) -> bool:
    return not any(p.is_running() and p.status() != psutil.STATUS_ZOMBIE for p in processes)


def verify(data: Path) -> list[object]:
    """Return the findings of `ingest verify`, and check that its exit code agrees."""
    result = subprocess.run(
        [INGEST, "verify", "--data", str(data), "--json"], capture_output=True, text=True, timeout=60
    )
    findings: list[object] = json.loads(result.stdout)["findings"]
    assert result.returncode == (1 if findings else 0)
    return findings


def test_a_worker_killed_during_an_import_loses_nothing(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--workers", "2", environment=SHORT_TIMEOUTS) as service:
        client = service.client()
        store, batch = import_files(client, FILES)
        for enough in (10, 40):
            wait_for(client, store, batch, completed=enough)
            for child in find_process(service, "workers.app worker").children():
                child.kill()

        assert_all_completed_once(service, store, batch)


def test_killing_everything_leaves_no_process_and_the_next_start_resumes(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running(data, "--workers", "2", environment=SHORT_TIMEOUTS) as service:
        client = service.client()
        store, batch = import_files(client, FILES)
        wait_for(client, store, batch, completed=20)
        processes = all_processes(service)
        assert len(processes) >= 6

        service.process.kill()
        service.process.wait()

        wait_until(lambda: all_have_exited(processes), seconds=5)
    with running(data, environment=SHORT_TIMEOUTS) as restarted_service:
        assert_all_completed_once(restarted_service, store, batch)


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("valkey", marks=pytest.mark.long),
        "ingest.embedded.vectors",
        pytest.param("api.server", marks=pytest.mark.long),
        "workers.app worker",
    ],
)
def test_a_killed_process_is_restarted_and_no_file_is_lost(tmp_path: Path, pattern: str) -> None:
    with running(tmp_path / "data", "--workers", "2", environment=SHORT_TIMEOUTS) as service:
        client = service.client()
        store, batch = import_files(client, FILES)
        wait_for(client, store, batch, completed=10)

        find_process(service, pattern).kill()

        assert_all_completed_once(service, store, batch)


@pytest.mark.parametrize("number", [pytest.param(signal.SIGINT, marks=pytest.mark.long), signal.SIGTERM])
def test_a_signal_stops_everything_in_ten_seconds_and_nothing_is_lost(tmp_path: Path, number: signal.Signals) -> None:
    data = tmp_path / "data"
    with running(data, "--workers", "2", environment=SHORT_TIMEOUTS) as service:
        client = service.client()
        store, batch = import_files(client, FILES)
        wait_for(client, store, batch, completed=10)
        processes = all_processes(service)

        started = time.monotonic()
        service.process.send_signal(number)

        assert service.process.wait(10) == 0
        assert time.monotonic() - started < 10
        assert all_have_exited(processes)
    assert verify(data) == []
    with running(data, environment=SHORT_TIMEOUTS) as restarted_service:
        assert_all_completed_once(restarted_service, store, batch)


def test_a_second_service_on_the_same_folder_refuses_with_one_line(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--workers", "1") as service:
        command = [INGEST, "up", "--data", str(service.data)]
        second = subprocess.run(command, capture_output=True, text=True, timeout=30)

    assert second.returncode == 2
    assert second.stdout == ""
    assert second.stderr.count("\n") == 1
    assert f"in use by another `ingest up` (pid {service.process.pid})" in second.stderr

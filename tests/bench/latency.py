"""Measure two latencies: a single file until it is completed, and GET of a batch during its import.

Starts an embedded service with the local model in a temporary folder; takes about a minute. Prints a table.
"""

import os
import platform
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import openai

from ingest.embedded.processes import free_port

FILES = 20
BATCH_FILES = 300
SECONDS_IN_A_FILE = 1.0
SECONDS_OF_A_GET = 0.010


def main() -> int:
    """Measure, print, and return 1 if a target is missed."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = [str(Path(sys.executable).parent / "ingest"), "up", "--port", str(port), "--data", folder]
        service = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            assert service.stdout is not None
            while not (line := service.stdout.readline()).startswith("ready"):
                assert line, "the service ended before it was ready"
            client = openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none")
            single, get = single_files(client), batch_gets(client)
        finally:
            service.terminate()
            service.wait(20)
    print(
        f"{os.cpu_count()} cores, {platform.machine()}, load {os.getloadavg()[0]:.1f}, Python {platform.python_version()}"
    )
    show("10 KB text file attached to an idle service until completed", single, SECONDS_IN_A_FILE)
    show(f"GET of a batch of {BATCH_FILES} files while it is imported", get, SECONDS_OF_A_GET)
    return int(statistics.median(single) >= SECONDS_IN_A_FILE or statistics.median(get) >= SECONDS_OF_A_GET)


def single_files(client: openai.OpenAI) -> list[float]:
    """Return the seconds from the attach request to the answer `completed`, for each of some files."""
    store = client.vector_stores.create(name="single")
    seconds = []
    for number in range(FILES):
        file = upload(client, number)
        time.sleep(0.3)
        started = time.perf_counter()
        attached = client.vector_stores.files.create(store.id, file_id=file)
        while attached.status == "in_progress":
            time.sleep(0.01)
            attached = client.vector_stores.files.retrieve(file, vector_store_id=store.id)
        seconds.append(time.perf_counter() - started)
        assert attached.status == "completed", attached.last_error
    return seconds


def batch_gets(client: openai.OpenAI) -> list[float]:
    """Return the seconds of each GET of a batch while its files are ingested."""
    store = client.vector_stores.create(name="batch")
    ids = [upload(client, 1_000 + number) for number in range(BATCH_FILES)]
    batch = client.vector_stores.file_batches.create(store.id, file_ids=ids)
    seconds = []
    deadline = time.monotonic() + 20
    while batch.status == "in_progress" and time.monotonic() < deadline:
        started = time.perf_counter()
        batch = client.vector_stores.file_batches.retrieve(batch.id, vector_store_id=store.id)
        seconds.append(time.perf_counter() - started)
        time.sleep(0.05)
    assert batch.file_counts.failed == 0
    return seconds


def upload(client: openai.OpenAI, seed: int) -> str:
    """Upload 10 KB of words in an order that no other file has."""
    words = random.Random(seed)
    text = " ".join(words.choice(WORDS) for _ in range(1_800))[:10_000]
    return client.files.create(file=(f"{seed}.txt", text.encode()), purpose="assistants").id


def show(what: str, seconds: list[float], limit: float) -> None:
    ordered = sorted(seconds)
    p50, p95 = statistics.median(ordered), ordered[int(0.95 * (len(ordered) - 1))]
    print(
        f"{what}: p50 {p50 * 1000:.1f} ms, p95 {p95 * 1000:.1f} ms, n {len(ordered)} (p50 must be below {limit * 1000:.0f} ms)"
    )


WORDS = [
    "river",
    "stone",
    "harbour",
    "winter",
    "lantern",
    "copper",
    "meadow",
    "signal",
    "thunder",
    "engine",
    "garden",
    "violet",
    "method",
    "answer",
    "paper",
    "bridge",
    "cloud",
    "window",
    "silver",
    "market",
    "forest",
    "letter",
    "captain",
    "number",
    "orange",
    "pocket",
    "record",
    "simple",
    "travel",
    "valley",
]


if __name__ == "__main__":
    sys.exit(main())

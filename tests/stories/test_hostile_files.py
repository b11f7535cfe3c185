"""A batch full of hostile files: each ends with the expected outcome and the other files complete."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import openai
import psutil
import pytest

from tests.embeddings import embedding_server
from tests.steps.parse.specimens import ALL, Specimen
from tests.stories.running import Service, running

BATCH_SECONDS = 200
"""Maximum duration of the batch in seconds; about 20 on an idle machine with two cores."""

MEMORY_MIB = 512
BASELINE_MIB = 100
KEPT_MIB = MEMORY_MIB // 4
"""What a parser may keep of earlier files before it is replaced."""
WORKER_MIB = 1_200
"""Plain text is decoded and chunked in the worker process; the largest specimen has fourteen million tokens."""

LARGE_CHUNKS: Any = {"type": "static", "static": {"max_chunk_size_tokens": 4096, "chunk_overlap_tokens": 0}}
WORDS_ONLY: Any = {"hybrid_search": {"embedding_weight": 0, "text_weight": 1}}

TOO_MANY = {"rows.csv", "large.json"}
"""Files that the parser reads but that exceed the token limit."""

NAMES = {
    b"../../etc/passwd": "passwd",
    b"..\\..\\boot.ini": "boot.ini",
    b"nul\0and\x1b[2Jbell\a.txt": "nuland[2Jbell.txt",
    "annual\u202etxt.exe".encode(): "annualtxt.exe",
    b"..": "upload",
    b"x" * 251 + b".txt": "x" * 251 + ".txt",
    "é".encode() * 124 + b"../.txt": ".txt",
}
"""Stored names by the names that are sent (at most 255 bytes)."""


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """Settings with little memory and time for parsers, and a free embedding model."""
    with embedding_server() as model:
        yield {
            "INGEST_EMBEDDING_URL": model.url,
            "INGEST_PARSE_MEMORY_MIB": str(MEMORY_MIB),
            "INGEST_PARSE_TIMEOUT_SECONDS": "25",
            "INGEST_PARSE_TIMEOUT_SECONDS_PER_MIB": "0",
        }


@pytest.fixture
def service(tmp_path: Path, environment: dict[str, str]) -> Iterator[Service]:
    """Run a service with these settings."""
    with running(tmp_path / "data", "--workers", "2", environment=environment) as service:
        yield service


class MemoryMonitor:
    """Measures the peak resident memory of any parser and any worker of a service."""

    def __init__(self, service: Service) -> None:
        self.parser_mib = self.worker_mib = 0
        self._service = service
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "MemoryMonitor":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(0.1):
            for process in psutil.Process(self._service.process.pid).children(recursive=True):
                try:
                    command, mib = " ".join(process.cmdline()), process.memory_info().rss // 2**20
                except psutil.NoSuchProcess:
                    continue
                if "parse.sandbox" in command:
                    self.parser_mib = max(self.parser_mib, mib)
                elif "workers.app" in command:
                    self.worker_mib = max(self.worker_mib, mib)


def upload_all(client: openai.OpenAI) -> tuple[dict[str, Specimen], dict[str, str]]:
    """Upload every specimen, mixed with good files that each have a unique word, and return them by file id."""

    def send(name: str, content: bytes) -> str:
        return client.files.create(file=(name, content), purpose="assistants").id

    with ThreadPoolExecutor(4) as pool:
        harmful = dict(zip(pool.map(lambda s: send(s.name, s.content()), ALL), ALL, strict=True))
        words = [f"neighbour{number:03d}" for number in range(0, len(ALL), 3)]
        good = dict(zip(pool.map(lambda word: send(f"{word}.txt", f"The {word}.".encode()), words), words, strict=True))
    return harmful, good


def upload_named(service: Service, name: bytes) -> tuple[str, str]:
    """Upload a file under a name that no client would send, and return its id and its stored name."""
    purpose = b'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nassistants\r\n'
    file = b'--b\r\nContent-Disposition: form-data; name="file"; filename="' + name.replace(b"\\", b"\\\\")
    body = purpose + file + b'"\r\n\r\nPlain text.\r\n--b--\r\n'
    headers = {"content-type": "multipart/form-data; boundary=b"}
    answer = httpx.post(f"{service.base_url}/files", content=body, headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()["id"], answer.json()["filename"]


def expected(specimen: Specimen) -> tuple[str, str | None, str]:
    """Return the expected status, error code and words of the error message."""
    if specimen.name in TOO_MANY:
        return "failed", "invalid_file", r"tokens; at most 5,000,000 are accepted\."
    if specimen.outcome == "completed":
        return "completed", None, ""
    return "failed", specimen.outcome, specimen.message


@pytest.mark.timeout(300)
def test_hostile_files_do_not_affect_other_files(service: Service, environment: dict[str, str]) -> None:
    client = service.client(max_retries=0)
    harmful, good = upload_all(client)
    named = {file: (stored_name, NAMES[name]) for name in NAMES for file, stored_name in [upload_named(service, name)]}
    assert [stored_name for stored_name, _ in named.values()] == [wanted for _, wanted in named.values()]
    mixed = [file for pair in zip(list(harmful)[::3], good, strict=True) for file in pair]
    files = list(dict.fromkeys([*mixed, *harmful, *named]))
    store = client.vector_stores.create()

    with MemoryMonitor(service) as memory:
        began = time.monotonic()
        batch = client.vector_stores.file_batches.create(store.id, file_ids=files, chunking_strategy=LARGE_CHUNKS)
        while (
            shown := client.vector_stores.file_batches.retrieve(batch.id, vector_store_id=store.id)
        ).status == "in_progress":
            assert time.monotonic() - began < BATCH_SECONDS, shown.file_counts
            time.sleep(0.2)

    print(
        f"{len(files)} files in {time.monotonic() - began:.0f} s; parser {memory.parser_mib} MiB, worker {memory.worker_mib} MiB"
    )
    assert 0 < memory.parser_mib < MEMORY_MIB + KEPT_MIB + BASELINE_MIB
    assert 0 < memory.worker_mib < WORKER_MIB
    members = {member.id: member for member in client.vector_stores.files.list(store.id, limit=100)}
    assert set(members) == set(files)
    for file, specimen in harmful.items():
        status, code, message = expected(specimen)
        error = members[file].last_error
        seen = (members[file].status, error.code if error else None)
        assert seen == (status, code), f"{specimen.name}: {error}"
        assert error is None or re.search(message, error.message), f"{specimen.name}: {error}"
        assert (members[file].usage_bytes > 0) == (status == "completed")
    completed = [file for file in members if members[file].status == "completed"]
    assert {*good, *named} <= set(completed)
    assert (shown.status, shown.file_counts.completed) == ("completed", len(completed))
    assert shown.file_counts.failed == len(files) - len(completed)
    for file, word in good.items():
        [hit, *_] = client.vector_stores.search(store.id, query=word, ranking_options=WORDS_ONLY).data
        assert (hit.file_id, hit.content[0].text) == (file, f"The {word}.")
    for file, specimen in harmful.items():
        if members[file].status == "completed":
            text = client.vector_stores.files.content(file, vector_store_id=store.id).data[0].text or ""
            assert re.search(specimen.message, text), specimen.name
    assert not list(service.data.parent.glob("**/passwd"))
    assert run_verify(service, environment) == []


def run_verify(service: Service, environment: dict[str, str]) -> list[object]:
    """Return the findings of `ingest verify`."""
    command = [str(Path(sys.executable).with_name("ingest")), "verify", "--data", str(service.data), "--json"]
    run = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=60)
    findings: list[object] = json.loads(run.stdout)["findings"]
    return findings

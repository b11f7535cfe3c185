"""Repairs: `ingest verify --repair` after vectors were lost, and `ingest retry`."""

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import openai
import pytest
from qdrant_client import QdrantClient

from ingest.embedded.processes import free_port
from tests.servers import wait_until
from tests.stories.running import Service, running

INGEST = str(Path(sys.executable).with_name("ingest"))
FILES = 12
DOCUMENT = "The safe may be opened by marker{n:02d} alone. " + "Nothing else is said about it here. " * 40


def ingest(*arguments: str, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
    """Return a command's JSON output; its exit code must be one of these."""
    ended = subprocess.run([INGEST, *arguments, "--json"], capture_output=True, text=True, timeout=90)
    assert ended.returncode in codes, ended.stdout + ended.stderr
    answer: dict[str, Any] = json.loads(ended.stdout)
    return answer


def run_verify(service: Service, *options: str, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
    return ingest("verify", "--data", str(service.data), *options, codes=codes)


def import_files(client: openai.OpenAI) -> tuple[str, str]:
    """Create a store with a completed batch and return the ids of both."""
    sent = [(f"{n}.txt", DOCUMENT.format(n=n).encode()) for n in range(FILES)]
    store = client.vector_stores.create(name="repair")
    batch = client.vector_stores.file_batches.upload_and_poll(store.id, files=sent)
    assert batch.file_counts.completed == FILES
    return store.id, batch.id


def is_found(client: openai.OpenAI, store: str, n: int) -> bool:
    passages = client.vector_stores.search(store, query=f"marker{n:02d}").data
    return any(passage.filename == f"{n}.txt" for passage in passages)


def open_qdrant(service: Service) -> QdrantClient:
    """Return a Qdrant client of the vectors process."""
    urls = json.loads((service.data / "run" / "urls.json").read_text())
    return QdrantClient(
        url=urls["INGEST_QDRANT_URL"],
        headers={"api-key": urls["INGEST_QDRANT_API_KEY"]},
        check_compatibility=False,
    )


@pytest.fixture
def service(tmp_path: Path) -> Any:
    with running(tmp_path / "data", "--workers", "2", environment={"INGEST_SWEEP_SECONDS": "1"}) as service:
        yield service


def test_a_lost_collection_is_rebuilt(service: Service) -> None:
    client = service.client()
    store, batch = import_files(client)
    assert run_verify(service)["findings"] == []
    qdrant = open_qdrant(service)
    for collection in qdrant.get_collections().collections:
        qdrant.delete_collection(collection.name)
    assert not is_found(client, store, 3)
    assert run_verify(service, codes=(1,))["counts"] == {"points_missing": FILES}

    report = run_verify(service, "--repair")

    assert report["repaired"] == FILES
    assert all(finding["repair"].startswith("queued again in vsfb_") for finding in report["findings"])
    wait_until(
        lambda: client.vector_stores.retrieve(store).file_counts.completed == FILES,
        seconds=60,
        what="the files to be ingested again",
    )
    assert run_verify(service)["findings"] == []
    assert all(is_found(client, store, n) for n in (0, 3, FILES - 1))
    assert client.vector_stores.file_batches.retrieve(batch, vector_store_id=store).file_counts.completed == FILES


def test_verify_finds_nothing_while_an_import_is_running(service: Service) -> None:
    client = service.client()
    store = client.vector_stores.create(name="load")
    ids = [
        client.files.create(file=(f"{n}.txt", DOCUMENT.format(n=n).encode()), purpose="assistants").id
        for n in range(120)
    ]
    verifications = 0
    batch = client.vector_stores.file_batches.create(store.id, file_ids=ids)
    while client.vector_stores.file_batches.retrieve(batch.id, vector_store_id=store.id).status == "in_progress":
        assert run_verify(service)["findings"] == []
        verifications += 1

    assert verifications > 0
    counts = client.vector_stores.file_batches.retrieve(batch.id, vector_store_id=store.id).file_counts
    assert counts.completed == 120
    assert run_verify(service)["findings"] == []


def test_two_verifications_of_a_stopped_service_do_not_overlap(tmp_path: Path) -> None:
    with running(tmp_path / "data", "--workers", "1") as service:
        import_files(service.client())
    answers: list[dict[str, Any]] = []
    threads = [threading.Thread(target=lambda: answers.append(run_verify(service))) for _ in range(2)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(100)

    assert [answer["findings"] for answer in answers] == [[], []]
    assert [answer["points"] > 0 for answer in answers] == [True, True]


def test_failed_files_run_again(service: Service) -> None:
    client = service.client(max_retries=0)
    store = client.vector_stores.create(name="again")
    broken = [("a.docx", b"PK\x03\x04 broken"), ("b.docx", b"PK\x03\x04 broken too"), ("c.txt", b"A good one.")]
    old = client.vector_stores.file_batches.upload_and_poll(store.id, files=broken)
    assert (old.file_counts.failed, old.file_counts.completed) == (2, 1)
    base = ("--base-url", service.base_url)

    answer = ingest("retry", old.id, *base)
    polled = client.vector_stores.file_batches.poll(answer["file_batch"]["id"], vector_store_id=store.id)
    waited = ingest("retry", "again", "--wait", *base, codes=(1,))

    assert (answer["total"], sum(reason["count"] for reason in answer["reasons"])) == (2, 2)
    assert (polled.status, polled.file_counts.failed, polled.file_counts.total) == ("completed", 2, 2)
    assert waited["file_batch"]["file_counts"]["failed"] == 2
    again = client.vector_stores.file_batches.retrieve(old.id, vector_store_id=store.id)
    assert again.file_counts == old.file_counts
    unreachable = subprocess.run(
        [INGEST, "retry", "again", "--base-url", f"http://127.0.0.1:{free_port()}/v1"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert (unreachable.returncode, unreachable.stdout, unreachable.stderr.count("\n")) == (2, "", 1)

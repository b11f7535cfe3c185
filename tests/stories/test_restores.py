"""An older database beside newer vectors, and damaged bytes, in a service that a user would run."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import openai
import pytest

from tests.servers import wait_until
from tests.stories.running import running
from tests.stories.test_repair import open_qdrant, run_verify

WORKERS = ("--workers", "1")
SWEEPS = {"INGEST_SWEEP_SECONDS": "1"}


def add(client: openai.OpenAI, store: str, word: str, times: int) -> None:
    text = f"{word} sings. ".encode() * times
    file = client.vector_stores.files.upload_and_poll(vector_store_id=store, file=(f"{word}.txt", text))
    assert file.status == "completed"


def shown_texts(client: openai.OpenAI, store: str, query: str) -> list[tuple[str, str]]:
    passages = client.vector_stores.search(store, query=query, max_num_results=50).data
    return [(passage.filename, passage.content[0].text) for passage in passages]


@pytest.mark.long
def test_an_older_database_beside_newer_vectors_and_damaged_bytes(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "backup.db"
    with running(data, *WORKERS, environment=SWEEPS) as service:
        client = service.client()
        store = client.vector_stores.create(name="birds").id
        add(client, store, "wren", 10)
        with closing(sqlite3.connect(data / "ingest.db")) as source, closing(sqlite3.connect(backup)) as copy:
            source.backup(copy)
        add(client, store, "robin", 3_000)
        assert any(name == "robin.txt" for name, _ in shown_texts(client, store, "robin"))
    for path in data.glob("ingest.db*"):
        path.unlink()
    shutil.copy(backup, data / "ingest.db")

    with running(data, *WORKERS, environment=SWEEPS) as service:
        client = service.client()
        add(client, store, "heron", 10)
        shown = shown_texts(client, store, "robin")
        assert {name for name, _ in shown} <= {"wren.txt", "heron.txt"}
        assert all(name.removesuffix(".txt") in text and "robin" not in text for name, text in shown)

        report = run_verify(service, codes=(1,))
        assert set(report["counts"]) == {"points_orphaned"}
        run_verify(service, "--repair")
        assert run_verify(service, "--deep")["findings"] == []

        qdrant = open_qdrant(service)
        [collection] = [each.name for each in qdrant.get_collections().collections]
        [point, *_], _ = qdrant.scroll(collection)
        qdrant.set_payload(collection, {"text": "changed"}, [point.id], wait=True)
        other = b"wren" if "heron" in (point.payload or {})["text"] else b"heron"
        blobs = [path for path in (data / "blobs" / "raw").rglob("*") if path.is_file()]
        [blob] = [path for path in blobs if path.read_bytes().startswith(other)]
        blob.write_bytes(b"X" + blob.read_bytes()[1:])

        assert run_verify(service)["findings"] == []
        assert run_verify(service, "--deep", codes=(1,))["counts"] == {"points_damaged": 1, "blob_damaged": 1}
        run_verify(service, "--deep", "--repair", codes=(1,))
        wait_until(
            lambda: "points_damaged" not in run_verify(service, "--deep", codes=(0, 1))["counts"],
            seconds=60,
            what="the points to be written again",
        )

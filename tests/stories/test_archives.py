"""`ingest export` from one running service and `ingest import-archive` into another give the same search results."""

import subprocess
import sys
from pathlib import Path

import openai

from tests.stories.running import Service, running

TEXTS = {
    "heron.txt": "A heron stands in the water.",
    "fox.txt": "Foxes sleep by day.",
    "safe.txt": "Who opens the safe?",
}


def ingest(*arguments: str) -> str:
    command = [str(Path(sys.executable).with_name("ingest")), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def search_results(client: openai.OpenAI, store: str) -> list[tuple[str, float, str]]:
    return [
        (hit.filename, round(hit.score, 5), hit.content[0].text)
        for query in ("bird in a river", "safe", "sleep")
        for hit in client.vector_stores.search(store, query=query)
    ]


def test_a_store_moves_from_one_service_to_another(service: Service, client: openai.OpenAI, tmp_path: Path) -> None:
    store = client.vector_stores.create(name="moving").id
    uploads = [(name, text.encode()) for name, text in TEXTS.items()]
    client.vector_stores.file_batches.upload_and_poll(store, files=uploads)
    archive, mapping = tmp_path / "moving.tar", tmp_path / "ids.tsv"

    assert "3 files, 3 points" in ingest("export", store, str(archive), "--data", str(service.data))
    with running(tmp_path / "other", "--workers", "1") as other:
        output = ingest("import-archive", str(archive), "--data", str(other.data), "--mapping", str(mapping))
        new = output.split("-> ")[1].split(":")[0]
        other_client = other.client()

        assert search_results(other_client, new) == search_results(client, store)
        assert other_client.vector_stores.retrieve(new).file_counts.completed == 3
        pairs = dict(line.split("\t") for line in mapping.read_text().splitlines())
        for file in client.vector_stores.files.list(store):
            assert other_client.files.content(pairs[file.id]).read() == client.files.content(file.id).read()
        assert "everything is consistent" in ingest("verify", "--data", str(other.data))

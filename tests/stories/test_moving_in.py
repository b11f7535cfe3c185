"""Moving in: a store of another server with OpenAI's API is imported. Here the other server is the service itself."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import openai
from openai.types import VectorStore

from tests.stories.running import Service


def test_a_store_of_another_service_is_imported_with_its_attributes(
    client: openai.OpenAI, service: Service, store: VectorStore, tmp_path: Path
) -> None:
    for number in range(3):
        file = client.files.create(
            file=(f"bird-{number}.md", f"# Bird {number}\n\nA heron.".encode()), purpose="assistants"
        )
        client.vector_stores.files.create_and_poll(file.id, vector_store_id=store.id, attributes={"number": number})
    target = f"moved {store.id}"

    first = _import(service, tmp_path, f"openai://{store.id}", target)
    again = _import(service, tmp_path, f"openai://{store.id}", target)

    moved = next(each for each in client.vector_stores.list() if each.name == target)
    files = list(client.vector_stores.files.list(moved.id))
    names = {client.files.retrieve(file.id).filename: file.attributes for file in files}
    assert names == {f"bird-{number}.md": {"number": number} for number in range(3)}
    assert [(ended["completed"], ended["unchanged"]) for ended in (first, again)] == [(3, 0), (3, 3)]
    results = client.vector_stores.search(moved.id, query="heron", filters={"type": "eq", "key": "number", "value": 1})
    assert [result.filename for result in results] == ["bird-1.md"]


def _import(service: Service, journals: Path, source: str, store: str) -> dict[str, Any]:
    """Import with the command, and return its last event."""
    ended = subprocess.run(
        [
            str(Path(sys.executable).with_name("ingest")), "import", source, "--store", store, "--url", service.base_url,
            "--source-url", service.base_url, "--journal", str(journals), "--json",
        ],
        capture_output=True, text=True, timeout=120, check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith(("INGEST_", "OPENAI_"))},
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    event: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return event

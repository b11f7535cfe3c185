"""The service with external servers: Postgres and a broker instead of the embedded ones."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from tests import servers
from tests.stories.running import running

pytestmark = pytest.mark.services

FILES = 40


@pytest.fixture
def environment(postgres_server: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Return settings with the URLs of a database and a broker."""
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS ingest_story WITH (FORCE)")
        connection.execute("CREATE DATABASE ingest_story")
    with servers.valkey(tmp_path) as broker:
        yield {
            "INGEST_DATABASE_URL": postgres_server.rsplit("/", 1)[0] + "/ingest_story",
            "INGEST_REDIS_URL": broker,
        }


def test_an_import_on_postgres_completes_and_verifies(environment: dict[str, str], tmp_path: Path) -> None:
    with running(tmp_path / "data", "--workers", "2", environment=environment) as service:
        client = service.client()
        ids = [
            client.files.create(
                file=(f"{n}.md", f"# Entry {n}\n\nThe keeper wrote marker{n:03d}.".encode()), purpose="assistants"
            ).id
            for n in range(FILES)
        ]
        store = client.vector_stores.create(name="on postgres")

        batch = client.vector_stores.file_batches.create_and_poll(store.id, file_ids=ids)

        assert (batch.status, batch.file_counts.completed) == ("completed", FILES)
        assert client.vector_stores.search(store.id, query="marker007").data[0].filename == "7.md"
        client.files.delete(ids[0])
        assert client.vector_stores.retrieve(store.id).file_counts.total == FILES - 1
        started = {" ".join(p.cmdline()) for p in psutil.Process(service.process.pid).children(recursive=True)}
        assert not any("valkey" in command for command in started)
        assert not (tmp_path / "data" / "ingest.db").exists()
        verified = subprocess.run(
            [str(Path(sys.executable).with_name("ingest")), "verify", "--data", str(service.data), "--json"],
            env=environment, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert json.loads(verified.stdout)["findings"] == []
        assert verified.returncode == 0

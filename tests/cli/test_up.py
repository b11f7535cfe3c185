"""`ingest up` when it cannot start, and the URLs of an ended service."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingest.cli import app
from ingest.embedded.discovery import delete_urls, save_urls
from ingest.embedded.processes import free_port
from ingest.errors import Refused
from tests.cli.conftest import Command
from tests.model_folders import write_tiny

INGEST = str(Path(sys.executable).with_name("ingest"))


@pytest.mark.services
def test_a_database_that_does_not_answer_is_an_error_in_one_line(tmp_path: Path) -> None:
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    command = [INGEST, "up", "--data", str(tmp_path), "--port", str(free_port()), "--no-flower"]

    ended = subprocess.run(
        command, env=os.environ | {"INGEST_DATABASE_URL": url}, capture_output=True, text=True, timeout=60
    )

    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("ingest: The service needs its database.")
    assert ended.stderr.count("\n") == 1


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

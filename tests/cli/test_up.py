"""`ingest up` when it cannot start, and what it leaves behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.embedded.discovery import strike_out, write_down
from ingest.embedded.parts import free_port
from tests.cli.conftest import Command

INGEST = str(Path(sys.executable).with_name("ingest"))


@pytest.mark.services
def test_a_database_that_does_not_answer_is_one_line_and_an_exit_code(tmp_path: Path) -> None:
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
def test_a_root_that_is_none_is_one_line_and_an_exit_code(tmp_path: Path, ingest: Command, root: str) -> None:
    ended = ingest("up", "--data", tmp_path, "--import-root", root)

    assert (ended.code, ended.err.count("\n")) == (2, 1)


def test_the_addresses_of_ended_parts_are_forgotten(tmp_path: Path) -> None:
    write_down(tmp_path, {"INGEST_QDRANT_URL": "http://127.0.0.1:1"})
    assert list((tmp_path / "run").iterdir()) != []

    strike_out(tmp_path)
    strike_out(tmp_path)

    assert list((tmp_path / "run").iterdir()) == []

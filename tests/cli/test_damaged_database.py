"""Commands and processes on a SQLite database that is damaged, lost or locked: one line, and the documented exit code."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from ingest.config import Settings
from ingest.db.migrate import exit_unless_schema_fits
from tests.cli.conftest import Command
from tests.db.test_sqlite_file import DAMAGE

COMMANDS = (
    ("up", "--no-flower"),
    ("verify",),
    ("keys", "list"),
    ("keys", "create"),
    ("projects", "list"),
    ("export", "store", "archive.tar"),
)


@pytest.fixture
def data(tmp_path: Path, sqlite_template: Path) -> Path:
    data = tmp_path / "data"
    (data / "blobs" / "raw" / "aa").mkdir(parents=True)
    shutil.copy(sqlite_template, data / "ingest.db")
    return data


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_names_the_damaged_file_in_one_line(data: Path, ingest: Command, command: tuple[str, ...]) -> None:
    DAMAGE["cut"](data / "ingest.db")

    ended = ingest(*command, "--data", data)

    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert f"the file {data}/ingest.db is damaged" in ended.err


@pytest.mark.parametrize("damage", [*DAMAGE.values(), lambda file: os.truncate(file, 0), Path.unlink])
def test_no_damage_is_migrated_away(
    data: Path, ingest: Command, damage: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INGEST_DATA", str(data))
    damage(data / "ingest.db")

    ended = ingest("migrate")

    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert f"the file {data}/ingest.db is damaged" in ended.err


def test_verify_finds_damage_that_no_query_meets(data: Path, ingest: Command) -> None:
    with sqlite3.connect(data / "ingest.db") as filled:
        filled.execute("CREATE TABLE unused AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 9999)"
                       " SELECT i, hex(randomblob(50)) FROM n")  # fmt: skip
    filled.close()
    content = bytearray((data / "ingest.db").read_bytes())
    content[-200_000:-100_000] = bytes(100_000)
    (data / "ingest.db").write_bytes(content)

    ended = ingest("verify", "--data", data)

    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert "is damaged" in ended.err


def test_processes_end_instead_of_serving_a_damaged_database(data: Path) -> None:
    DAMAGE["damaged pages"](data / "ingest.db")

    with capture_logs() as records, pytest.raises(SystemExit) as ended:
        exit_unless_schema_fits(Settings(data=data, database_url=""))

    assert ended.value.code == 2
    assert [record["event"] for record in records] == ["schema_refused"]

"""`ingest doctor` against the real API over fakes."""

import json
import shutil
from pathlib import Path

import pytest

from ingest.cli.doctor_service import _check_clock
from ingest.embedded.processes import free_port
from ingest.tenancy import keys
from tests.cli.conftest import Command, CommandResult
from tests.fakes import FakeServices

_NO_WORKER = "no worker of the fast and the slow lane is alive"


@pytest.fixture
def data(tmp_path: Path, sqlite_template: Path) -> Path:
    data = tmp_path / "data"
    data.mkdir(mode=0o700)
    shutil.copy(sqlite_template, data / "ingest.db")
    (data / "ingest.db").chmod(0o600)
    return data


def findings(ended: CommandResult) -> dict[str, dict[str, str]]:
    return {finding["check"]: finding for finding in map(json.loads, ended.out.splitlines())}


def test_every_dependency_is_named_and_what_is_down_has_its_reason_and_what_to_do(url: str, ingest: Command) -> None:
    ended = ingest("doctor", "--json", "--url", url)

    found = findings(ended)
    assert ended.code == 1
    assert found["database"]["state"] == "ok"
    assert (found["workers"]["state"], found["workers"]["detail"]) == ("error", _NO_WORKER)
    assert "ingest logs worker" in found["workers"]["advice"]
    assert found["version"]["state"] == found["clock"]["state"] == found["key"]["state"] == "ok"


def test_a_missing_a_wrong_and_a_read_only_key_are_told_apart(
    services: FakeServices, url: str, ingest: Command
) -> None:
    secret, _ = keys.create(services.database, project="proj_default", name="", scopes=["read"])

    def key(*options: str) -> str:
        return findings(ingest("doctor", "--json", "--url", url, *options))["key"]["detail"]

    assert key() == "the service requires a key, and none is set"
    assert key("--api-key", "sk-wrong") == "the key is not valid"
    assert key("--api-key", secret) == "the key is valid for read"


def test_a_service_that_does_not_answer_has_exit_code_2_and_the_folder_is_checked_all_the_same(
    data: Path, ingest: Command
) -> None:
    ended = ingest("doctor", "--json", "--url", f"http://127.0.0.1:{free_port()}", "--data", data)

    found = findings(ended)
    assert (ended.code, found["service"]["state"]) == (2, "error")
    assert [found[check]["state"] for check in ("data folder", "disk of the data", "schema")] == ["ok", "ok", "ok"]


def test_an_open_folder_and_one_that_no_service_has_used_are_found(data: Path, ingest: Command) -> None:
    data.chmod(0o755)
    (data / "ingest.db").unlink()

    found = findings(ingest("doctor", "--json", "--url", f"http://127.0.0.1:{free_port()}", "--data", data))

    assert found["data folder"]["detail"] == f"other users can enter {data}"
    assert found["schema"]["state"] == "error"
    assert not (data / "ingest.db").exists()


def test_a_service_with_another_clock_is_found() -> None:
    date = "Mon, 30 Nov 2026 18:00:00 GMT"  # 1796061600

    assert _check_clock(date, 1796061600.9, 1796061601.0).state == "ok"
    assert "differ by 59 s" in _check_clock(date, 1796061660.0, 1796061660.1).detail
    assert "differ by 60 s" in _check_clock(date, 1796061539.9, 1796061540.0).detail

"""`ingest logs`."""

from pathlib import Path

import pytest

from tests.cli.conftest import Command


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "api.log").write_text('{"event": "first", "timestamp": "2026-11-30T18:56:32Z"}\n')
    (tmp_path / "logs" / "worker.log").write_text('{"event": "\x1b[2J", "timestamp": "2026-11-30T18:56:31Z"}\n')
    return tmp_path


def test_the_lines_of_all_processes_have_their_names_in_front(data: Path, ingest: Command) -> None:
    ended = ingest("logs", "--data", data)

    assert [line.split(" | ")[0] for line in ended.out.splitlines()] == ["worker", "api   "]
    assert "\x1b" not in ended.out


def test_the_lines_of_one_process_are_as_it_wrote_them(data: Path, ingest: Command) -> None:
    assert ingest("logs", "api", "-n", 1, "--data", data).out == (data / "logs" / "api.log").read_text()


def test_an_unknown_process_is_refused_with_the_known_ones(data: Path, ingest: Command) -> None:
    ended = ingest("logs", "apo", "--data", data)

    assert (ended.code, ended.err) == (2, "ingest: There is no log of apo. There are logs of api, worker.\n")

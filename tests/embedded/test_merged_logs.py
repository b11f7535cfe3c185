"""The logs of an embedded service, merged and followed."""

import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from ingest.embedded.merged_logs import LogLine, follow, last_lines, list_processes
from ingest.errors import Refused


@pytest.fixture
def in_utc() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture
def data(tmp_path: Path, in_utc: None) -> Path:
    (tmp_path / "logs").mkdir()
    write(tmp_path, "api.log", '{"event": "one", "timestamp": "2026-11-30T18:56:32.356772Z"}', "Traceback of one")
    write(tmp_path, "valkey.log", "7:M 30 Nov 2026 18:56:27.553 * started", "7:M 30 Nov 2026 18:57:00.000 * later")
    write(tmp_path, "vectors.log", "2026-11-30 18:56:30 [info     ] listening")
    write(tmp_path, "flower.log", "[I 261130 18:56:42 command:177] Visit me")
    return tmp_path


def write(data: Path, name: str, *lines: str) -> None:
    with (data / "logs" / name).open("a") as log:
        log.write("".join(f"{line}\n" for line in lines))


def names(lines: list[LogLine]) -> list[str]:
    return [line.process for line in lines]


def test_lines_of_all_processes_are_merged_by_time_and_a_traceback_stays_with_its_line(data: Path) -> None:
    processes = list_processes(data)

    lines = last_lines(data, processes, 100)

    assert processes == ["api", "flower", "valkey", "vectors"]
    assert names(lines) == ["valkey", "vectors", "api", "api", "flower", "valkey"]
    assert names(last_lines(data, processes, 2)) == ["flower", "valkey"]


def test_the_previous_file_fills_up_the_last_lines(data: Path) -> None:
    write(data, "vectors.log.1", "2026-11-29 01:00:00 old", "2026-11-29 02:00:00 older")

    assert [line.text[11:13] for line in last_lines(data, ["vectors"], 2)] == ["02", "18"]


def test_following_goes_on_after_a_rotation_and_prints_whole_lines(data: Path) -> None:
    log = data / "logs" / "api.log"

    def rotate(_: float) -> None:
        with log.open("a") as file:
            file.write("half")
        log.replace(log.with_name("api.log.1"))
        write(data, "api.log", " a line", "new file")

    lines = follow(data, ["api"], rotate)

    assert [line.text for line in islice(lines, 2)] == ["half a line", "new file"]
    lines.close()


def test_a_folder_without_logs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no logs"):
        list_processes(tmp_path)

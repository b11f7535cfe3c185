"""`ingest status` against a fake service."""

import json
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock

from ingest.imports.journal import default_folder
from tests.cli.conftest import Command
from tests.cli.fake_service import FakeService


@pytest.fixture
def import_id(ingest: Command, service: FakeService, tmp_path: Path) -> str:
    """The id of an import of two files, of which one failed."""
    for name in ("a.txt", "b.txt"):
        (tmp_path / "docs").mkdir(exist_ok=True)
        (tmp_path / "docs" / name).write_text(name)
    service.failing_files = {"b.txt": "It is encrypted."}
    ended = ingest("import", tmp_path / "docs", "--store", "demo", "--base-url", service.url)
    match = re.search(r"imp_\w+", ended.out)
    assert match
    return match[0]


@pytest.mark.parametrize("what", ["import", "batch", "id", "name"])
def test_the_counts_of_imports_batches_and_stores_are_printed(
    ingest: Command, service: FakeService, import_id: str, what: str
) -> None:
    target = {"import": import_id, "batch": "vsfb_0", "id": "vs_0", "name": "demo"}[what]

    ended = ingest("status", target, "--base-url", service.url)

    assert ended.code == 1
    assert ended.out.endswith("0 in progress, 1 completed, 1 failed, 0 cancelled, 2 in total\n")


def test_a_batch_without_a_journal_is_searched_on_the_service(
    ingest: Command, service: FakeService, import_id: str, tmp_path: Path
) -> None:
    ended = ingest("status", "vsfb_0", "--base-url", service.url, "--journal", tmp_path / "none", "--json")

    printed = json.loads(ended.out)
    assert (printed["object"], printed["id"], printed["file_counts"]["failed"]) == ("batch", "vsfb_0", 1)


def test_watch_prints_changes_until_all_files_have_ended(ingest: Command, service: FakeService, import_id: str) -> None:
    service.polls, service.finish_after_polls = 0, 2

    ended = ingest("status", import_id, "--watch", "--json")

    printed = [json.loads(line) for line in ended.out.splitlines()]
    assert [(line["has_ended"], line["over"]) for line in printed] == [(False, False), (True, True)]
    assert printed[-1]["file_counts"]["total"] == 2


def test_without_a_target_all_imports_are_listed(ingest: Command, service: FakeService, import_id: str) -> None:
    ended = ingest("status", "--json")

    (printed,) = [json.loads(line) for line in ended.out.splitlines()]
    assert ended.code == 0
    assert (printed["id"], printed["store"], printed["completed"], printed["failed"]) == (import_id, "demo", 1, 1)
    assert printed["ended"] is not None


def test_imports_are_listed_with_whole_ids_their_service_and_their_state(
    ingest: Command, service: FakeService, import_id: str
) -> None:
    (path,) = default_folder().glob("*.db")
    with closing(sqlite3.connect(path)) as journal_file, journal_file:
        journal_file.execute("UPDATE imports SET ended = NULL")

    interrupted = ingest("status").out.splitlines()
    with FileLock(f"{path}.lock"):
        running = ingest("status").out.splitlines()

    assert interrupted[0].split() == ["import", "state", "started", "files", "unchanged", *interrupted[0].split()[5:]]
    assert interrupted[1].split()[:2] == [import_id, "interrupted"]
    assert interrupted[1].endswith(service.url)
    assert running[1].split()[:2] == [import_id, "running"]


def test_watch_redraws_in_place_on_a_terminal(
    ingest: Command, service: FakeService, import_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    service.polls, service.finish_after_polls = 0, 2

    ended = ingest("status", import_id, "--watch")

    assert "2 in progress" in ended.out
    assert "\x1b[2K" in ended.out[ended.out.index("2 in progress") :]  # the line is erased before the next state


@pytest.mark.parametrize("what", ["imp_0", "vsfb_nothing", "nowhere"])
def test_an_unknown_target_is_refused(ingest: Command, service: FakeService, what: str) -> None:
    ended = ingest("status", what, "--base-url", service.url)

    assert ended.code == 2
    assert ended.err.count("\n") == 1


def test_unfinished_files_say_what_they_wait_for(ingest: Command, service: FakeService, import_id: str) -> None:
    service.waiting_for = {"dependency": "embedder", "reason": "connection refused", "since": 10, "next_try": 20}
    for target in (import_id, "vsfb_0"):
        service.polls, service.finish_after_polls = 0, 2

        ended = ingest("status", target, "--watch", "--base-url", service.url)

        assert ended.out.splitlines()[1] == "waiting for embedder: connection refused"
        assert "waiting" not in ended.out.splitlines()[-1]

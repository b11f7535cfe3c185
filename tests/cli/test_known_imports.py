"""`ingest imports` against a fake service."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.imports import journal
from ingest.imports.cancellation import CANCEL_SUFFIX, CancelRequests
from tests.cli.conftest import Command
from tests.cli.fake_service import FakeService
from tests.servers import wait_until

NEVER = 10**9
INGEST = str(Path(sys.executable).with_name("ingest"))


def start_import(service: FakeService, folder: Path, journals: Path) -> subprocess.Popen[bytes]:
    """Start an import whose files do not end, and return when they are attached."""
    service.finish_after_polls = NEVER
    command = [INGEST, "import", str(folder), "--store", "demo", "--url", service.url, "--journal", str(journals)]
    started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(os.environ))
    wait_until(lambda: service.polls > 0, seconds=60, what="the batch of the import")
    return started


def only_import(ingest: Command, journals: Path) -> dict[str, object]:
    (line,) = ingest("imports", "list", "--json", "--journal", journals).out.splitlines()
    return dict(json.loads(line))


def test_a_running_import_is_cancelled_with_its_files(
    ingest: Command, service: FakeService, folder: Path, tmp_path: Path
) -> None:
    started = start_import(service, folder, tmp_path / "journals")
    listed = only_import(ingest, tmp_path / "journals")

    ended = ingest("imports", "cancel", listed["id"], "--journal", tmp_path / "journals")

    assert listed["state"] == "running"
    assert (ended.code, ended.out) == (0, f"{listed['id']} cancelled: 0 completed, 0 failed, 3 cancelled\n")
    assert "asked to stop" in ended.err
    assert started.wait(60) == 130
    assert only_import(ingest, tmp_path / "journals")["state"] == "ended"
    assert "ended already" in ingest("imports", "cancel", listed["id"], "--journal", tmp_path / "journals").err


def test_an_import_whose_process_is_gone_is_cancelled(
    ingest: Command, service: FakeService, folder: Path, tmp_path: Path
) -> None:
    started = start_import(service, folder, tmp_path / "journals")
    started.send_signal(signal.SIGKILL)
    started.wait(60)
    listed = only_import(ingest, tmp_path / "journals")

    ended = ingest("imports", "cancel", listed["id"], "--json", "--journal", tmp_path / "journals")

    assert listed["state"] == "interrupted"
    assert json.loads(ended.out)["file_counts"]["cancelled"] == 3


def test_an_unknown_import_is_refused(ingest: Command, tmp_path: Path) -> None:
    ended = ingest("imports", "cancel", "imp_0", "--journal", tmp_path)

    assert (ended.code, ended.err.count("\n")) == (2, 1)


def test_a_request_that_was_left_behind_does_not_stop_the_next_run(tmp_path: Path) -> None:
    opened = journal.Journal.open_for_store(tmp_path, "http://x", "vs_1", "demo")
    request = opened.path.with_suffix(CANCEL_SUFFIX)
    request.write_text("imp_1")

    requests = CancelRequests(opened, "imp_1")
    is_stopped_at_once = requests.is_requested()
    opened.close()

    assert (is_stopped_at_once, request.exists()) == (False, False)


@pytest.mark.parametrize("import_id", ["imp_1", "imp_2"])
def test_a_request_stops_only_the_import_that_it_names(
    tmp_path: Path, import_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = journal.Journal.open_for_store(tmp_path, "http://x", "vs_1", "demo")
    requests = CancelRequests(opened, "imp_1")
    opened.path.with_suffix(CANCEL_SUFFIX).write_text(import_id)

    assert requests.is_requested() == (import_id == "imp_1")
    opened.close()

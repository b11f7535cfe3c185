"""The progress of an import: lines in a log, JSON events, and the choice between them."""

import json
from dataclasses import replace
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console

from ingest.cli.import_display import JsonEvents, ProgressBars, ProgressLines, choose_reporter
from ingest.imports.progress import ByteCounter
from ingest.imports.scan import ScanCounts
from ingest.imports.transfer import TransferProgress
from ingest.imports.waits import ImportWait


@pytest.fixture
def transfer() -> Any:
    """A transfer with one failure that is not reported yet."""
    counts = {"in_progress": 1, "completed": 2, "failed": 1, "cancelled": 0}
    return SimpleNamespace(
        batches=SimpleNamespace(count_files=lambda: counts, open_count=1), waiting=None, files_to_attach=0,
        progress=TransferProgress(to_upload=4, bytes_to_upload=40, uploaded=4), new_failures=[("a.txt", "empty")],
    )  # fmt: skip


def test_the_reporter_depends_on_the_console_and_the_option() -> None:
    terminal, log = Console(file=StringIO(), force_terminal=True), Console(file=StringIO())

    assert isinstance(choose_reporter(terminal, as_json=True), JsonEvents)
    assert isinstance(choose_reporter(terminal, as_json=False), ProgressBars)
    assert isinstance(choose_reporter(log, as_json=False), ProgressLines)


def test_a_log_gets_one_line_per_stage_and_then_the_progress(transfer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    output = StringIO()
    monkeypatch.setattr("ingest.cli.import_display.LINE_SECONDS", 0.0)

    with ProgressLines(Console(file=output)) as lines:
        lines.started("imp_1", "demo", "vs_0")
        lines.scanned(ScanCounts(files=5, unchanged=1, problems=1), removals=2)
        lines.transferring(transfer, ScanCounts(files=5), ByteCounter())

    assert output.getvalue().splitlines() == [
        "store demo (vs_0), import imp_1",
        "5 files, 1 unchanged, 1 with problems, 2 to remove",
        "uploaded 4 of 4 (0 bytes), completed 2, failed 1, in progress 1, 0 files/s",
        "failed: a.txt: empty",
    ]
    assert transfer.new_failures == []


def test_events_have_snake_case_keys(transfer: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with JsonEvents() as events:
        events.started("imp_1", "demo", "vs_0")
        events.scanned(ScanCounts(files=5, problems=1), removals=0)
        events.transferring(transfer, ScanCounts(files=5, problems=1), ByteCounter())

    started, scanned, failed, progress = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (started["event"], started["import"], started["store_id"]) == ("started", "imp_1", "vs_0")
    assert (scanned["files"], scanned["problems"], scanned["removals"]) == (5, 1, 0)
    assert (failed["path"], failed["reason"]) == ("a.txt", "empty")
    assert (progress["event"], progress["not_uploaded"], progress["completed"]) == ("progress", 1, 2)


def test_bars_show_the_latest_failures_while_the_import_runs(transfer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    output = StringIO()
    console = Console(file=output, force_terminal=True, width=100, color_system=None)
    monkeypatch.setattr("ingest.cli.import_display.BAR_SECONDS", 0.0)

    with ProgressBars(console) as bars:
        bars.started("imp_1", "demo", "vs_0")
        bars.scanning(ScanCounts(files=3))
        bars.scanned(ScanCounts(files=4), removals=0)
        bars.transferring(transfer, ScanCounts(files=4), ByteCounter())

    assert "store demo (vs_0), import imp_1" in output.getvalue()
    assert "4/4" in output.getvalue()
    assert transfer.new_failures == []


EMBEDDER = ImportWait("embedder: connection refused, since 12:03 UTC", "embedder", "connection refused", 10, 20)


def test_a_log_says_once_what_the_import_waits_for_and_when_it_goes_on(transfer: Any) -> None:
    output = StringIO()
    transfer.waiting = EMBEDDER
    lines = ProgressLines(Console(file=output))

    for wait in (EMBEDDER, replace(EMBEDDER, next_try=30), None):
        transfer.waiting = wait
        lines.transferring(transfer, ScanCounts(files=5), ByteCounter())

    assert output.getvalue().splitlines() == [
        "waiting for embedder: connection refused, since 12:03 UTC",
        "no longer waiting",
    ]


def test_a_log_repeats_a_wait_that_lasts(transfer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.cli.import_display.WAIT_SECONDS", -1.0)
    output = StringIO()
    lines = ProgressLines(Console(file=output))

    lines.waiting(EMBEDDER)
    lines.waiting(EMBEDDER)

    assert output.getvalue().count("waiting for embedder") == 2


def test_a_log_has_a_limited_number_of_failures_at_a_time(transfer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.cli.import_display.LINE_SECONDS", 0.0)
    output = StringIO()
    transfer.new_failures = [(f"{n}.txt", "empty") for n in range(500)]

    ProgressLines(Console(file=output)).transferring(transfer, ScanCounts(files=500), ByteCounter())

    printed = [line for line in output.getvalue().splitlines() if line.startswith("failed")]
    assert printed[0] == "failed: 490.txt: empty"
    assert printed[-1] == "failed: 490 more; the report at the end has all"


def test_a_change_of_what_the_import_waits_for_is_an_event(transfer: Any, capsys: pytest.CaptureFixture[str]) -> None:
    events = JsonEvents()
    for wait in (EMBEDDER, replace(EMBEDDER, next_try=30), None):
        transfer.waiting = wait
        events.transferring(transfer, ScanCounts(files=5), ByteCounter())

    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    waits = [event for event in printed if event["event"] == "waiting"]
    assert [wait["waiting_for"] for wait in waits] == [EMBEDDER.text, None]
    assert (waits[0]["dependency"], waits[0]["since"], waits[0]["next_try"]) == ("embedder", 10, 20)


def test_the_bars_have_the_wait_below_them(transfer: Any) -> None:
    output = StringIO()
    transfer.waiting = EMBEDDER
    with ProgressBars(Console(file=output, force_terminal=True, width=120)) as bars:
        bars.scanned(ScanCounts(files=5), removals=0)
        bars.transferring(transfer, ScanCounts(files=5), ByteCounter())

    assert "waiting for embedder: connection refused, since 12:03 UTC" in output.getvalue()

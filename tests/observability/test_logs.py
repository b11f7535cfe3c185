"""The log: its formats, its level, and what it must not contain."""

import json
import logging
import time
from collections.abc import Iterator

import pytest
import structlog

from ingest.config import Settings
from ingest.observability import logs


@pytest.fixture
def configured() -> Iterator[None]:
    """Undo what `configure` changes in this process."""
    root = logging.getLogger()
    handlers, level, configuration = root.handlers, root.level, structlog.get_config()
    levels = {name: logging.getLogger(name).level for name in logs._QUIET_LIBRARIES}
    yield
    root.handlers = handlers
    root.setLevel(level)
    structlog.configure(**configuration)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


@pytest.mark.usefixtures("configured")
def test_a_record_is_one_json_object_with_its_facts_and_its_context(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(Settings(log_format="json"))

    with logs.bound_context(store="vs_1"):
        logs.get("test").info("file_completed", seconds=1.5)

    record = json.loads(capsys.readouterr().err)
    assert {name: record[name] for name in ("event", "level", "store", "seconds")} == {
        "event": "file_completed", "level": "info", "store": "vs_1", "seconds": 1.5,
    }  # fmt: skip
    assert record["timestamp"].endswith("Z")


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("log_format", ["json", "text"])
def test_a_traceback_shows_no_local_variables(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    logs.configure(Settings.model_validate({"log_format": log_format}))

    try:
        secret = "sesame"
        raise ValueError(f"{len(secret)} characters")
    except ValueError:
        logs.get("test").exception("file_crashed")

    written = capsys.readouterr().err
    assert "file_crashed" in written
    assert "ValueError: 6 characters" in written
    assert "sesame" not in written.replace('secret = "sesame"', "")


@pytest.mark.usefixtures("configured")
@pytest.mark.parametrize("log_format", ["json", "text"])
def test_no_record_controls_the_terminal(capsys: pytest.CaptureFixture[str], log_format: str) -> None:
    logs.configure(Settings.model_validate({"log_format": log_format}))
    hostile = "\x1b[2J\u202e\nforged"

    logs.get("test").warning("file_failed", reason=hostile, file=hostile)
    logging.getLogger("library").warning("about %s", hostile)
    try:
        raise ValueError(hostile)
    except ValueError:
        logs.get("test").exception("file_crashed")

    written = capsys.readouterr().err
    assert "\x1b[2J" not in written
    assert "\u202e" not in written
    assert not any(line.startswith("forged") for line in written.splitlines()[:2])


@pytest.mark.usefixtures("configured")
def test_records_below_the_level_are_dropped_and_libraries_log_warnings_only(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure(Settings(log_level="info"))

    logs.get("test").debug("too_detailed")
    for library in ("httpx", "mcp.server.streamable_http_manager"):
        logging.getLogger(library).info("request sent")
    logging.getLogger("httpx").warning("request failed")

    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["request failed"]


def test_what_a_client_can_cause_at_any_rate_is_logged_ten_times_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    with structlog.testing.capture_logs() as records:
        log = logs.RepeatedRecords(structlog.get_logger())
        for _ in range(1_000):
            log.warning("request_refused", status=431)
        log.warning("request_refused", status=408)
        now[0] = 61.0
        log.warning("request_refused", status=431)

    assert len(records) == 12
    assert [record.get("suppressed") for record in records] == [None] * 11 + [990]

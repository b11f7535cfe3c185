"""`ingest config`."""

import json
from pathlib import Path
from typing import Any

import pytest

from ingest.config import Settings
from tests.cli.conftest import Command


def settings_of(out: str) -> dict[str, dict[str, Any]]:
    return {row["setting"]: row for row in map(json.loads, out.splitlines())}


def test_every_setting_is_printed_with_its_value_and_origin(
    ingest: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("INGEST_WORKERS", "3")

    found = settings_of(ingest("config", "--json", "--data", str(tmp_path)).out)

    assert len(found) == len(Settings.model_fields)
    assert (found["INGEST_WORKERS"]["value"], found["INGEST_WORKERS"]["from"]) == ("3", "environment")
    assert (found["INGEST_DATA"]["value"], found["INGEST_DATA"]["from"]) == (str(tmp_path), "option")
    assert found["INGEST_SWEEP_SECONDS"]["from"] == "default"


def test_secrets_are_not_printed(ingest: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_METRICS_TOKEN", "correct-horse")
    monkeypatch.setenv("INGEST_DATABASE_URL", "postgresql://user:correct-horse@db.example/ingest")

    out = ingest("config", "--changed").out

    assert "horse" not in out
    assert "(set)" in out
    assert "postgresql://***@db.example/ingest" in out


def test_only_what_was_changed_is_printed(ingest: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_WORKERS", "3")

    lines = ingest("config", "--changed").out.splitlines()

    assert lines[0].split() == ["setting", "value", "from"]
    assert ["INGEST_WORKERS", "3", "environment"] in [line.split() for line in lines]
    assert all("default" not in line for line in lines)

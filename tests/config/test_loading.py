"""Loading of the settings, and what invalid ones print."""

import pytest

from ingest.config import load_settings, load_settings_or_exit
from ingest.errors import Refused


def test_invalid_settings_are_refused_in_one_line_without_their_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_LEASE_SECONDS", "secret")
    monkeypatch.setenv("INGEST_EMBEDDING_MODELS", '[{"model": "big", "secret": 1}]')

    with pytest.raises(Refused) as refused:
        load_settings()

    line = str(refused.value)
    assert "INGEST_LEASE_SECONDS: Input should be a valid number" in line
    assert "INGEST_EMBEDDING_MODELS" in line
    assert "\n" not in line
    assert "'secret'" not in line


def test_a_process_with_invalid_settings_ends_with_one_line_and_exit_code_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("INGEST_LEASE_SECONDS", "x")

    with pytest.raises(SystemExit) as ended:
        load_settings_or_exit()

    assert ended.value.code == 2
    assert capsys.readouterr().err.count("\n") == 1

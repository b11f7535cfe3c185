"""`ingest migrate`."""

from pathlib import Path

import pytest

from tests.cli.conftest import Command


def test_a_migration_is_idempotent(ingest: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("INGEST_DATABASE_URL", f"sqlite:///{tmp_path}/x.db")

    for _ in range(2):
        ended = ingest("migrate")
        assert (ended.code, ended.out) == (0, "the database is up to date\n")

    assert (tmp_path / "x.db").exists()

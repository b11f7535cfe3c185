"""Settings from the environment."""

import os
from pathlib import Path

import pytest

from ingest.config import Settings, load


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgres_is_reached_through_psycopg_3(scheme: str) -> None:
    assert Settings(database_url=f"{scheme}://u:p@h/db").sql_url == "postgresql+psycopg://u:p@h/db"


def test_without_a_database_url_the_data_folder_has_a_database(tmp_path: Path) -> None:
    assert Settings(data=tmp_path, database_url="").sql_url == f"sqlite:///{tmp_path}/ingest.db"


def test_the_environment_names_every_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_WORKERS", "7")
    monkeypatch.setenv("INGEST_QDRANT_API_KEY", "secret")

    settings = Settings()

    assert settings.workers == 7
    assert settings.qdrant_api_key.get_secret_value() == "secret"
    assert "secret" not in repr(settings)


def test_what_is_not_given_on_the_command_line_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_WORKERS", "7")

    assert load(workers=None).workers == 7
    assert load(workers=2).workers == 2


def test_a_remote_model_is_waited_for_by_more_workers_than_there_are_cores() -> None:
    local, remote = Settings(workers=0, embedding_url=""), Settings(workers=0, embedding_url="http://model/v1")

    assert local.worker_processes == os.cpu_count()
    assert remote.worker_processes == 4 * local.worker_processes
    assert Settings(workers=3, embedding_url="http://model/v1").worker_processes == 3


def test_a_larger_file_may_be_parsed_for_longer() -> None:
    settings = Settings(parse_timeout_seconds=10, parse_timeout_seconds_per_mib=2)

    assert settings.parse_deadline_seconds(5 * 2**20) == 20

"""Settings from the environment."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from ingest.config import (
    LOCAL_MODEL,
    RENAMED_VARIABLES,
    EmbeddingModel,
    Settings,
    load_settings,
)
from ingest.errors import ModelMissing


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgres_is_reached_through_psycopg_3(scheme: str) -> None:
    assert Settings(database_url=f"{scheme}://u:p@h/db").sql_url == "postgresql+psycopg://u:p@h/db"


def test_without_a_database_url_the_data_folder_has_a_database(tmp_path: Path) -> None:
    assert Settings(data=tmp_path, database_url="").sql_url == f"sqlite:///{tmp_path}/ingest.db"


def test_the_environment_names_every_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_WORKERS", "7")
    monkeypatch.setenv("INGEST_QDRANT_API_KEY", "open sesame")

    settings = Settings()

    assert settings.workers == 7
    assert settings.qdrant_api_key.get_secret_value() == "open sesame"
    assert "open sesame" not in repr(settings)


def test_options_that_are_not_given_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_WORKERS", "7")

    assert load_settings(workers=None).workers == 7
    assert load_settings(workers=2).workers == 2


def test_a_remote_model_gets_four_workers_a_core() -> None:
    local, remote = Settings(workers=0, embedding_url=""), Settings(workers=0, embedding_url="http://model/v1")

    assert local.worker_processes == os.cpu_count()
    assert remote.worker_processes == 4 * local.worker_processes
    assert Settings(workers=3, embedding_url="http://model/v1").worker_processes == 3


@pytest.mark.parametrize("urls", [["http://a/v1"], ["", "http://a/v1"], ["http://a/v1", ""]])
def test_one_remote_model_among_several_gets_four_workers_a_core(urls: list[str]) -> None:
    models = tuple(EmbeddingModel(model=f"m{n}", url=url) for n, url in enumerate(urls))
    cores = os.cpu_count() or 1

    assert Settings(workers=0, embedding_url="", embedding_models=models).worker_processes == 4 * cores
    assert Settings(workers=0, embedding_url="http://b/v1", embedding_models=models).worker_processes == 4 * cores
    local = tuple(EmbeddingModel(model=model.model) for model in models)
    assert Settings(workers=0, embedding_url="", embedding_models=local).worker_processes == cores
    assert Settings(workers=3, embedding_url="", embedding_models=models).worker_processes == 3


def test_a_larger_file_may_be_parsed_for_longer() -> None:
    settings = Settings(parse_timeout_seconds=10, parse_timeout_seconds_per_mib=2)

    assert settings.parse_deadline_seconds(5 * 2**20) == 20


def test_more_embedding_models_come_as_json_and_the_local_one_is_always_available(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = (
        '[{"model": "big", "url": "http://b/v1", "api_key": "sesame", "dimensions": 8}, {"model": "big", "name": "b2"}]'
    )
    monkeypatch.setenv("INGEST_EMBEDDING_MODELS", given)
    monkeypatch.setenv("INGEST_EMBEDDING_URL", "http://a/v1")
    monkeypatch.setenv("INGEST_EMBEDDING_MODEL", "small")
    monkeypatch.setenv("INGEST_EMBEDDING_DEFAULT", "b2")

    settings = Settings()

    assert settings.default_model == "b2"
    assert settings.models.keys() == {LOCAL_MODEL, "small", "big", "b2"}
    big, small = settings.embedding_with("big"), settings.embedding_with("small")
    assert (big.embedding_url, big.embedding_model, big.embedding_dimensions) == ("http://b/v1", "big", 8)
    assert big.embedding_api_key.get_secret_value() == "sesame"
    assert (small.embedding_url, small.embedding_api_key.get_secret_value()) == ("http://a/v1", "")
    assert settings.embedding_with(LOCAL_MODEL).embedding_url == ""
    assert "sesame" not in repr(settings)
    with pytest.raises(ModelMissing, match="'huge'"):
        settings.embedding_with("huge")


@pytest.mark.parametrize(
    ("models", "reason"),
    [
        ('[{"model": "a", "api_key": "sesame"}, {"model": "a"}]', "several embedding models are called 'a'"),
        ('[{"model": "all-MiniLM-L6-v2", "api_key": "sesame"}]', "several embedding models"),
        ('[{"model": "a", "api_key": "sesame", "colour": 1}]', "colour"),
        ('[{"api_key": "sesame"}]', "model"),
        ('{"model": "sesame"', "JSON"),
    ],
)
def test_invalid_embedding_models_are_refused_without_showing_their_keys(
    monkeypatch: pytest.MonkeyPatch, models: str, reason: str
) -> None:
    monkeypatch.setenv("INGEST_EMBEDDING_MODELS", models)

    with pytest.raises(ValidationError, match=reason) as refusal:
        Settings()

    assert "sesame" not in str(refusal.value)


def test_an_unknown_default_model_is_refused() -> None:
    with pytest.raises(ValidationError, match="'huge' is none of the embedding models"):
        Settings(embedding_default="huge")


def test_an_empty_list_of_embedding_models_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_EMBEDDING_MODELS", "")

    assert Settings().models.keys() == {LOCAL_MODEL}


@pytest.mark.parametrize(("old", "new"), RENAMED_VARIABLES.items())
def test_the_old_name_of_a_renamed_setting_is_refused(monkeypatch: pytest.MonkeyPatch, old: str, new: str) -> None:
    monkeypatch.setenv(old, "3")

    with pytest.raises(ValidationError, match=f"{old} is called {new} now"):
        Settings()


def test_every_renamed_setting_names_a_setting_that_exists() -> None:
    settings = {f"INGEST_{name.upper()}" for name in Settings.model_fields}

    assert set(RENAMED_VARIABLES.values()) <= settings
    assert not set(RENAMED_VARIABLES) & settings

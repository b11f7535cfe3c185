"""The names of embedding models: a model in a folder is named by its contents."""

import json
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from ingest.config import LOCAL_MODEL, EmbeddingModel, Settings, load_settings
from ingest.errors import Refused
from tests.model_folders import write_tiny


def test_the_name_of_a_folder_ends_with_the_hash_of_its_files(tmp_path: Path) -> None:
    settings = Settings(embedding_model_path=write_tiny(tmp_path / "tiny"))

    assert re.fullmatch(r"tiny@[0-9a-f]{12}", settings.default_model)
    assert settings.models.keys() == {LOCAL_MODEL, settings.default_model}
    chosen = settings.embedding_with(settings.default_model)
    assert (chosen.embedding_model, chosen.embedding_model_path) == (settings.default_model, tmp_path / "tiny")
    assert settings.embedding_with(LOCAL_MODEL).embedding_model_path is None


def test_the_name_changes_with_the_files_and_the_prefix_of_passages(tmp_path: Path) -> None:
    folder = write_tiny(tmp_path / "tiny")
    names = [
        Settings(embedding_model_path=folder).default_model,
        Settings(embedding_model_path=folder, embedding_passage_prefix="text: ").default_model,
        Settings(embedding_model_path=write_tiny(folder, seed=2)).default_model,
    ]

    assert len(set(names)) == 3
    write_tiny(folder)
    assert Settings(embedding_model_path=folder, embedding_query_prefix="q: ").default_model == names[0]


def test_a_folder_called_like_the_default_model_is_another_model(tmp_path: Path) -> None:
    settings = Settings(embedding_model_path=write_tiny(tmp_path / LOCAL_MODEL))

    assert settings.default_model.startswith(f"{LOCAL_MODEL}@")
    assert len(settings.models) == 2


def test_a_folder_may_have_another_name(tmp_path: Path) -> None:
    settings = Settings(embedding_model_path=write_tiny(tmp_path / "tiny"), embedding_model="ours")

    assert settings.default_model.startswith("ours@")
    assert settings.full_name("ours") == settings.default_model
    assert settings.full_name("other") == "other"


def test_folders_are_among_several_models(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    paths = [str(write_tiny(tmp_path / name, seed=seed)) for seed, name in enumerate(("one", "two"))]
    models = [
        {"model_path": paths[0]},
        {"model_path": f"{paths[1]}/onnx/model.onnx", "name": "b", "query_prefix": "q: "},
    ]
    monkeypatch.setenv("INGEST_EMBEDDING_MODELS", json.dumps(models))
    monkeypatch.setenv("INGEST_EMBEDDING_DEFAULT", "b")

    settings = Settings()

    assert [name.partition("@")[0] for name in settings.models] == [LOCAL_MODEL, "one", "b"]
    assert settings.default_model.startswith("b@")
    assert settings.embedding_with(settings.default_model).embedding_query_prefix == "q: "
    assert settings.embedding_with(settings.full_name("one")).embedding_query_prefix == ""


def test_an_unusable_folder_is_refused_at_start_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"embedding model 'nowhere': .*nowhere is not a folder"):
        load_settings(embedding_model_path=tmp_path / "nowhere")
    write_tiny(tmp_path / "two")
    with pytest.raises(Refused, match="several embedding models are called 'two'"):
        load_settings(embedding_models=(EmbeddingModel(model_path=tmp_path / "two"), EmbeddingModel(model="two")))


def test_an_empty_path_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_EMBEDDING_MODEL_PATH", "")

    assert Settings().default_model == LOCAL_MODEL


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"url": "http://a/v1", "model_path": "/m", "model": "a"}, "not both"),
        ({"model": "a", "query_prefix": "query: "}, "go with the path"),
        ({}, "needs a `model`"),
    ],
)
def test_a_model_comes_from_one_place(fields: dict[str, str], reason: str) -> None:
    with pytest.raises(ValidationError, match=reason):
        EmbeddingModel.model_validate(fields)
    with pytest.raises(ValidationError, match=reason):
        Settings(embedding_models=[fields])


def test_the_settings_of_the_first_model_are_checked_too(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="not both"):
        Settings(embedding_url="http://a/v1", embedding_model_path=tmp_path)
    with pytest.raises(ValidationError, match="go with the path"):
        Settings(embedding_passage_prefix="passage: ")


def test_a_name_with_room_for_the_hash_fits_the_database(tmp_path: Path) -> None:
    folder = write_tiny(tmp_path / "tiny")

    assert len(Settings(embedding_model_path=folder, embedding_model="n" * 180).default_model) == 193
    with pytest.raises(ValidationError, match="at most 180 characters"):
        Settings(embedding_model_path=folder, embedding_model="n" * 181)

"""Settings of the models: those of the reranker, and that they come from the environment like all others."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from ingest.config import Settings, load_settings
from ingest.config.model_settings import ModelSettings
from ingest.errors import Refused


def test_the_settings_of_models_come_first_among_all_settings() -> None:
    names = list(ModelSettings.model_fields)

    assert list(Settings.model_fields)[: len(names)] == names


def test_a_reranker_is_a_server_or_a_folder_and_not_both(tmp_path: Path) -> None:
    assert Settings(rerank_url="http://reranker").rerank_model_path is None
    assert Settings(rerank_model_path=tmp_path).rerank_url == ""
    with pytest.raises(Refused, match="rerank_url and rerank_model_path are both set"):
        load_settings(rerank_url="http://reranker", rerank_model_path=tmp_path)


def test_an_empty_path_of_a_cross_encoder_means_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_RERANK_MODEL_PATH", "")

    assert Settings().rerank_model_path is None


def test_the_key_of_a_rerank_server_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INGEST_RERANK_API_KEY", "correct-horse")

    assert Settings().rerank_api_key.get_secret_value() == "correct-horse"
    assert "horse" not in repr(Settings())


@pytest.mark.parametrize(
    "wrong", [{"rerank_format": "other"}, {"rerank_timeout_seconds": 6}, {"rerank_timeout_seconds": 0}, {"rerank_context_tokens": -1}]
)  # fmt: skip
def test_settings_of_the_reranker_have_bounds(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate(wrong)

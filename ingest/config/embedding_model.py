"""The configuration of one embedding model."""

from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from ingest.config.model_folder import ModelFolder, UnusableFolder
from ingest.config.sentence_model import read_sentence_model
from ingest.config.urls import check_http_url

LOCAL_MODEL = "all-MiniLM-L6-v2"
"""The model that is part of the installation and needs no configuration."""

NAME_CHARACTERS = 200
_BASE_NAME_CHARACTERS = 180  # the fingerprint of a folder is added


class EmbeddingModel(BaseModel):
    """One of several embedding models. Each field means what the setting INGEST_EMBEDDING_<field> means."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    model: str = Field("", max_length=NAME_CHARACTERS)
    name: str = Field("", max_length=NAME_CHARACTERS)
    """The name that stores use; empty = `model`. One model with two vector lengths needs two names."""
    url: str = ""
    model_path: Path | None = None
    query_prefix: str = ""
    passage_prefix: str = ""
    api_key: SecretStr = SecretStr("")
    dimensions: int = Field(0, ge=0)
    send_dimensions: bool = False
    context_tokens: int = Field(8191, ge=16)
    batch_inputs: int = Field(64, ge=1, le=2048)
    timeout_seconds: float = Field(60.0, gt=0)

    _check_url = field_validator("url")(check_http_url)

    @field_validator("model_path", mode="before")
    @classmethod
    def _parse_path(cls, value: Any) -> Any:
        return value or None

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.model and self.model_path is None:
            raise ValueError("a model needs a `model`, or the `model_path` of its folder")
        check_source(self.url, self.model_path, self.query_prefix + self.passage_prefix)
        return self

    @property
    def base_name(self) -> str:
        """The name without the fingerprint of a folder."""
        return self.name or self.model or folder_name(self.model_path)

    def with_fingerprint(self) -> Self:
        """Return the model with the name that stores use in `model`: that of a folder ends with `@` and 12 digits.

        The digits change with the files, because the vectors of two models must never be in one collection. Raises
        ValueError for a folder that cannot be used.
        """
        if self.model_path is None:
            return self
        if len(self.base_name) > _BASE_NAME_CHARACTERS:
            raise ValueError(
                f"the name of an embedding model in a folder has at most {_BASE_NAME_CHARACTERS} characters"
            )
        try:
            folder = read_sentence_model(self.model_path, self.query_prefix, self.passage_prefix)
            name = f"{self.base_name}@{folder.fingerprint()}"
        except UnusableFolder as exc:
            raise ValueError(f"embedding model '{self.base_name}': {exc}") from exc
        return self.model_copy(update={"model": name, "name": name})


def folder_name(path: Path | None) -> str:
    """Return the name of a folder's model; `path` may also be its graph."""
    return ModelFolder(path.absolute()).path.name if path is not None else ""


def check_source(url: str, path: Path | None, prefixes: str) -> None:
    """Check that a model comes from one place. Raises ValueError."""
    if url and path is not None:
        raise ValueError("an embedding model has a URL or the path of a folder, not both")
    if prefixes and path is None:
        raise ValueError("prefixes of queries and passages go with the path of a model's folder")

"""The settings of locations, servers and models. `Settings` adds all others (ingest/config/settings.py)."""

import sys
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, TypeAdapter, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from ingest.config.embedding_model import LOCAL_MODEL, NAME_CHARACTERS, EmbeddingModel, check_source
from ingest.config.urls import check_blobs_url, check_broker_url, check_database_url, check_http_url
from ingest.errors import ModelMissing

_MODELS = TypeAdapter(tuple[EmbeddingModel, ...])


class ModelSettings(BaseSettings):
    """Where the service's data is, and which models embed, rewrite and rerank."""

    model_config = SettingsConfigDict(env_prefix="INGEST_", extra="ignore", frozen=True, hide_input_in_errors=True)

    # locations
    data: Path = Field(Path("ingest-data"), description="Folder of the embedded service: database, blobs, vectors.")
    database_url: str = Field("", description="SQLAlchemy URL; empty = SQLite in the data folder.")
    redis_url: str = Field("", description="Broker URL; empty = the embedded Valkey.")
    qdrant_url: str = Field("", description="Qdrant's REST URL; empty = the embedded vectors process.")
    qdrant_api_key: SecretStr = Field(SecretStr(""), description="Sent to Qdrant with every request.")
    blobs_url: str = Field("", description="Folder or fsspec URL for file contents; empty = in the data folder.")

    # embedding
    embedding_url: str = Field("", description="OpenAI-compatible base URL (.../v1); empty = the local model.")
    embedding_model_path: Path | None = Field(
        None,
        description="Folder of a local sentence-transformers model (tokenizer.json, config.json, model.onnx) that is used "
        "instead of the default one, or the path of a graph in it. Its name in stores is the name of the folder, or "
        "embedding_model, with `@` and 12 digits of the hash of its files.",
    )
    embedding_query_prefix: str = Field(
        "",
        description="Text before each query for the model of embedding_model_path, such as `query: `; empty = what its "
        "folder says.",
    )
    embedding_passage_prefix: str = Field(
        "", description="Text before each passage for that model, such as `passage: `; empty = what its folder says."
    )
    embedding_api_key: SecretStr = Field(SecretStr(""), description="Bearer key for the embedding URL.")
    embedding_model: str = Field(LOCAL_MODEL, description="Model name, also part of the collection's name.")
    embedding_dimensions: int = Field(0, ge=0, description="Vector length; 0 = ask the model once.")
    embedding_send_dimensions: bool = Field(False, description="Send `dimensions` with requests (OpenAI v3 models).")
    embedding_context_tokens: int = Field(
        8191, ge=16, description="Longest input of a remote model; longer chunks are embedded in windows."
    )
    embedding_batch_inputs: int = Field(64, ge=1, le=2048, description="Texts per embedding request.")
    embedding_timeout_seconds: float = Field(60.0, gt=0, description="Timeout of one embedding request.")
    embedding_models: Annotated[tuple[EmbeddingModel, ...], NoDecode] = Field(
        (),
        description="More embedding models, which stores use or may migrate to: a JSON list of objects with `model` and, "
        "with the meaning of the settings above, `url`, `api_key`, `dimensions`, `send_dimensions`, `context_tokens`, "
        "`batch_inputs`, `timeout_seconds`, or `model_path`, `query_prefix`, `passage_prefix`. Give one of them a `name` if two have the same `model`. The local model is "
        "always available.",
    )
    embedding_default: str = Field(
        "", max_length=NAME_CHARACTERS, description="Name of the model of new stores; empty = embedding_model."
    )
    embedding_kept_days: float = Field(
        7.0,
        ge=0,
        description="Days in which a store that migrated to another model can roll back: its old points stay.",
    )
    models_dir: Path = Field(
        Path(sys.prefix) / "share" / "ingest" / "models",
        description="Folder of the local model's compiled graph.",
    )
    model_hub_url: str = Field(
        "https://huggingface.co",
        description="Model hub, or a mirror of it, that `ingest models install` downloads from. Nothing else asks it.",
    )

    # query rewriting
    chat_url: str = Field(
        "", description="OpenAI-compatible base URL (.../v1) for `rewrite_query`; empty = queries are not rewritten."
    )
    chat_model: str = Field("gpt-4.1-mini", description="Model that rewrites queries.")
    chat_api_key: SecretStr = Field(SecretStr(""), description="Bearer key for the chat URL.")
    chat_timeout_seconds: float = Field(
        3.0,
        gt=0,
        le=5,
        description="Timeout of one rewrite, which the search waits for; then the query stays as it is.",
    )

    # reranking
    rerank_url: str = Field(
        "",
        description="Server that reranks the best passages of a search (Cohere, Jina, vLLM, text-embeddings-inference), "
        "such as https://api.cohere.com/v2; `/rerank` is added if it is missing. Empty = no server.",
    )
    rerank_format: Literal["auto", "cohere", "cohere-objects", "tei"] = Field(
        "auto",
        description="What the server expects: `documents` as texts (`cohere`; also Jina and vLLM) or as objects with `text`, "
        "or `texts` (`tei`). `auto` tries them once.",
    )
    rerank_model: str = Field("", description="Model name that is sent to the server; empty = none is sent.")
    rerank_api_key: SecretStr = Field(SecretStr(""), description="Bearer key for the rerank URL.")
    rerank_context_tokens: int = Field(
        0,
        ge=0,
        description="Longest query and passage that the server reads together; a longer passage is scored by the best of "
        "its windows. 0 = passages are sent whole.",
    )
    rerank_model_path: Path | None = Field(
        None,
        description="Folder of a local cross-encoder (tokenizer.json, config.json, model.onnx) that reranks instead of a "
        "server. Empty = none.",
    )
    rerank_timeout_seconds: float = Field(
        3.0,
        gt=0,
        le=5,
        description="Time for reranking one search; then the passages keep the order they have without it.",
    )

    _check_database_url = field_validator("database_url")(check_database_url)
    _check_broker_url = field_validator("redis_url")(check_broker_url)
    _check_blobs_url = field_validator("blobs_url")(check_blobs_url)
    _check_http_urls = field_validator("qdrant_url", "embedding_url", "chat_url", "rerank_url", "model_hub_url")(
        check_http_url
    )

    @field_validator("embedding_models", mode="before")
    @classmethod
    def _parse_models(cls, value: Any) -> Any:
        if isinstance(value, str):
            return _MODELS.validate_json(value) if value.strip() else ()
        return value

    @field_validator("rerank_model_path", "embedding_model_path", mode="before")
    @classmethod
    def _parse_path(cls, value: Any) -> Any:
        return value or None

    @model_validator(mode="after")
    def _check_reranker(self) -> Self:
        if self.rerank_url and self.rerank_model_path:
            raise ValueError("rerank_url and rerank_model_path are both set: one reranker is used")
        return self

    @model_validator(mode="after")
    def _check_model_names(self) -> Self:
        check_source(self.embedding_url, self.embedding_model_path, self._prefixes)
        names = [model.base_name for model in (self._first_model, *self.embedding_models)]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"several embedding models are called '{name}': give one of them another `name`")
        _ = self.models  # refuses an unusable folder at the start of every process, not at the first file
        if self.embedding_default and self.default_model not in self.models:
            raise ValueError(f"embedding_default '{self.embedding_default}' is none of the embedding models")
        return self

    @cached_property
    def models(self) -> dict[str, EmbeddingModel]:
        """Every embedding model by its name."""
        named = [model.with_fingerprint() for model in (self._first_model, *self.embedding_models)]
        return {LOCAL_MODEL: EmbeddingModel(model=LOCAL_MODEL)} | {model.base_name: model for model in named}

    @property
    def default_model(self) -> str:
        """The name of the model of new stores."""
        if self.embedding_default:
            return self.full_name(self.embedding_default)
        return (
            self.embedding_model
            if self.embedding_model_path is None
            else self._folder_name(self._first_model.base_name)
        )

    def full_name(self, name: str) -> str:
        """Return the name that stores use for a model: the name of a folder may be given without its fingerprint."""
        return name if name in self.models else self._folder_name(name)

    def _folder_name(self, name: str) -> str:
        in_folders = [full for full, model in self.models.items() if model.model_path is not None]
        return next((full for full in in_folders if name in (full, full.rpartition("@")[0])), name)

    @property
    def _first_model(self) -> EmbeddingModel:
        fields = set(EmbeddingModel.model_fields) - {"name"}
        values = {name: getattr(self, "embedding_model" if name == "model" else f"embedding_{name}") for name in fields}
        if self.embedding_model_path is not None and self.embedding_model == LOCAL_MODEL:
            values["model"] = ""  # not set: the folder's name
        return EmbeddingModel.model_construct(**values)

    @property
    def _prefixes(self) -> str:
        return self.embedding_query_prefix + self.embedding_passage_prefix

    def embedding_with(self, name: str) -> Self:
        """Return a copy whose `embedding_...` settings are those of a model. Raises ModelMissing."""
        model = self.models.get(name)
        if model is None:
            raise ModelMissing(name)
        fields = [field for field in EmbeddingModel.model_fields if field not in ("name", "model")]
        values = {f"embedding_{field}": getattr(model, field) for field in fields}
        return self.model_copy(update=values | {"embedding_model": model.model})

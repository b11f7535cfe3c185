"""Every knob of the service, read once from the environment (`INGEST_...`) and passed on from there."""

import os
import socket
import sys
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, TypeAdapter, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from ingest.errors import ModelMissing

LOCAL_MODEL = "all-MiniLM-L6-v2"
"""Comes with the service, and needs no configuration to be used."""

NAME_CHARACTERS = 200


class EmbeddingModel(BaseModel):
    """One of several embedding models; each field as the setting INGEST_EMBEDDING_... of its name."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    model: str = Field(min_length=1, max_length=NAME_CHARACTERS)
    name: str = Field("", max_length=NAME_CHARACTERS)
    """By which stores know it; empty = `model`. Two lengths of vectors of one model need two names."""
    url: str = ""
    api_key: SecretStr = SecretStr("")
    dimensions: int = Field(0, ge=0)
    send_dimensions: bool = False
    context_tokens: int = Field(8191, ge=16)
    batch_inputs: int = Field(64, ge=1, le=2048)
    timeout_seconds: float = Field(60.0, gt=0)


_MODELS = TypeAdapter(tuple[EmbeddingModel, ...])


class Settings(BaseSettings):
    """The service's settings; each default works for the embedded service on one machine."""

    model_config = SettingsConfigDict(env_prefix="INGEST_", extra="ignore", frozen=True, hide_input_in_errors=True)

    # where things are
    data: Path = Field(Path("ingest-data"), description="Folder of the embedded service: database, blobs, vectors.")
    database_url: str = Field("", description="SQLAlchemy URL; empty = SQLite in the data folder.")
    redis_url: str = Field("", description="Broker URL; empty = the embedded Valkey.")
    qdrant_url: str = Field("", description="Qdrant's REST URL; empty = the embedded vectors process.")
    qdrant_api_key: SecretStr = Field(SecretStr(""), description="Sent to Qdrant with every request.")
    blobs_url: str = Field("", description="Folder or fsspec URL for file contents; empty = in the data folder.")

    # embedding
    embedding_url: str = Field("", description="OpenAI-compatible base URL (.../v1); empty = the local model.")
    embedding_api_key: SecretStr = Field(SecretStr(""), description="Bearer key for the embedding URL.")
    embedding_model: str = Field(LOCAL_MODEL, description="Model name, also part of the collection's name.")
    embedding_dimensions: int = Field(0, ge=0, description="Vector length; 0 = ask the model once.")
    embedding_send_dimensions: bool = Field(False, description="Send `dimensions` with requests (OpenAI v3 models).")
    embedding_context_tokens: int = Field(
        8191, ge=16, description="Longest input of a remote model; longer chunks are embedded in windows."
    )
    embedding_batch_inputs: int = Field(64, ge=1, le=2048, description="Texts per embedding request.")
    embedding_timeout_seconds: float = Field(60.0, gt=0, description="Patience with one embedding request.")
    embedding_models: Annotated[tuple[EmbeddingModel, ...], NoDecode] = Field(
        (),
        description="More models, which stores still use or may move to: a JSON list of objects with `model` and, as the"
        " settings above have it, `url`, `api_key`, `dimensions`, `send_dimensions`, `context_tokens`, `batch_inputs`,"
        " `timeout_seconds`; `name` where the same model is there twice. The local model is always there.",
    )
    embedding_default: str = Field(
        "", max_length=NAME_CHARACTERS, description="The model of new stores, by its name; empty = the one above."
    )
    embedding_kept_days: float = Field(
        7.0, ge=0, description="How long a store that moved to another model can go back: its old points are kept."
    )
    models_dir: Path = Field(
        Path(sys.prefix) / "share" / "ingest" / "models",
        description="Where the local model's built graph is kept.",
    )

    # rewriting of queries
    chat_url: str = Field(
        "", description="OpenAI-compatible base URL (.../v1) for `rewrite_query`; empty = queries stay as they are."
    )
    chat_model: str = Field("gpt-4.1-mini", description="Model that rewrites queries.")
    chat_api_key: SecretStr = Field(SecretStr(""), description="Bearer key for the chat URL.")
    chat_timeout_seconds: float = Field(
        3.0, gt=0, le=5, description="Patience with it; then a query is used as it is. A search waits that long."
    )

    # parsing
    parse_timeout_seconds: float = Field(60.0, gt=0, description="Wall clock for parsing any file...")
    parse_timeout_seconds_per_mib: float = Field(6.0, ge=0, description="...and this much more for each MiB of it.")
    parse_memory_mib: int = Field(
        2048, ge=256, description="Address space of the parser process, above its own start-up size."
    )
    parse_max_text_mib: int = Field(64, ge=1, description="Text of one file; more is refused.")

    # who may come in
    require_keys: bool = Field(
        False, description="Ask for a key even on this machine and while there is none; elsewhere one is always needed."
    )

    # limits of the API
    max_file_bytes: int = Field(
        512 * 2**20, ge=1, description="Largest file accepted by POST /files (contract section 2)."
    )
    max_body_bytes: int = Field(64 * 2**20, ge=1, description="Largest JSON body of a request; files have their own.")
    max_batch_files: int = Field(100_000, ge=1, description="Files in one batch; OpenAI's documented limit is 2,000.")
    max_event_streams: int = Field(
        1_000, ge=0, description="Clients of one API process that follow batches at a time; more are asked to wait."
    )
    max_tokens_per_file: int = Field(5_000_000, ge=1, description="Tokens of text in one file (contract section 0.11).")

    # jobs
    workers: int = Field(
        0,
        ge=0,
        description="Worker processes on this machine; 0 = one a core, or four if any embedding model is remote.",
    )
    lease_seconds: float = Field(30.0, gt=0, description="How long a silent worker keeps its file.")
    heartbeat_seconds: float = Field(
        5.0, gt=0, description="How often a worker renews its lease and asks whether it should go on."
    )
    max_kills: int = Field(3, ge=1, description="Workers a file may take down before it fails.")
    retry_deadline_seconds: float = Field(
        86_400.0, gt=0, description="How long a file waits for a dependency before it fails."
    )
    dispatch_window: int = Field(
        64, ge=1, description="Messages in the broker at the most; the rest waits in the database."
    )
    sweep_seconds: float = Field(
        5.0, gt=0, description="How often lost leases, purges and undelivered files are looked for."
    )
    qdrant_timeout_seconds: float = Field(10.0, gt=0, description="Patience with one request to Qdrant.")

    node: str = Field(socket.gethostname(), description="This machine's name in leases.")
    ready_file: str = Field("", description="Written by a worker when it takes files; `ingest up` waits for it.")

    # scheduled imports
    import_roots: str = Field(
        "",
        description="Folders and URLs of buckets that schedules may import from, with all below, separated by commas; "
        "`{project}` stands for the id of the project that does. Empty = public addresses on the web only.",
    )
    imports_at_once: int = Field(
        2, ge=0, le=64, description="Scheduled imports that one API process runs at a time; 0 = it runs none."
    )

    # webhooks
    webhooks_allow_private: bool = Field(
        False, description="Send webhooks also to addresses that are not public: of this machine, of your own network."
    )
    webhook_timeout_seconds: float = Field(5.0, gt=0, le=8, description="Patience with the receiver of one event.")

    # monitoring
    verify_cron: str = Field(
        "0 3 * * *", description="When the service compares everything with everything (cron, UTC); empty = never."
    )
    flower_port: int = Field(5555, ge=0, le=65535, description="Port of `ingest up`'s Flower; any free one if taken.")
    flower_read_only: bool = Field(
        True, description="Flower of `ingest up` shows only; its buttons revoke tasks, which cancels no file."
    )
    metrics_token: SecretStr = Field(
        SecretStr(""), description="Bearer token that /metrics asks for; empty = whoever reaches the port may read it."
    )
    otlp_url: str = Field(
        "",
        description="OpenTelemetry collector (http://...:4318) that gets traces; needs the extra `otel`. Empty = none.",
    )
    worker_metrics_port: int = Field(
        0, ge=0, le=65535, description="Port on which a worker answers Prometheus for all its processes; 0 = none."
    )

    # logs
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severe record written.")
    log_format: Literal["json", "text"] = Field("json", description="One JSON object a line, or text for a terminal.")

    @field_validator("embedding_models", mode="before")
    @classmethod
    def _read(cls, given: Any) -> Any:
        if isinstance(given, str):
            return _MODELS.validate_json(given) if given.strip() else ()
        return given

    @model_validator(mode="after")
    def _known(self) -> Self:
        names = [self.embedding_model, *(each.name or each.model for each in self.embedding_models)]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"several embedding models are called '{name}': give one of them another `name`")
        if self.embedding_default and self.embedding_default not in self.models:
            raise ValueError(f"embedding_default '{self.embedding_default}' is none of the embedding models")
        return self

    @cached_property
    def models(self) -> dict[str, EmbeddingModel]:
        """Every embedding model by its name."""
        fields = set(EmbeddingModel.model_fields) - {"name"}
        first = EmbeddingModel.model_construct(
            **{name: getattr(self, "embedding_model" if name == "model" else f"embedding_{name}") for name in fields}
        )
        found = {self.embedding_model: first} | {each.name or each.model: each for each in self.embedding_models}
        return {LOCAL_MODEL: EmbeddingModel(model=LOCAL_MODEL)} | found

    @property
    def default_model(self) -> str:
        """The name of the model that new stores get."""
        return self.embedding_default or self.embedding_model

    def embedding_with(self, name: str) -> "Settings":
        """These settings with another model as the one of `embedding_...`. Raises ModelMissing."""
        model = self.models.get(name)
        if model is None:
            raise ModelMissing(name)
        fields = {
            field: getattr(model, field) for field in EmbeddingModel.model_fields if field not in ("name", "model")
        }
        values = {f"embedding_{field}": value for field, value in fields.items()}
        return self.model_copy(update=values | {"embedding_model": model.model})

    @cached_property
    def sql_url(self) -> str:
        """The database's URL, with psycopg 3 named as the driver when only `postgresql://` was given."""
        url = self.database_url or f"sqlite:///{self.data.absolute() / 'ingest.db'}"
        for scheme in ("postgresql://", "postgres://"):
            if url.startswith(scheme):
                return "postgresql+psycopg://" + url.removeprefix(scheme)
        return url

    @cached_property
    def blobs_location(self) -> str:
        """The folder or fsspec URL under which blobs are kept."""
        return self.blobs_url or str(self.data.absolute() / "blobs")

    @property
    def own_folders(self) -> tuple[Path, ...]:
        """Where the service itself keeps something on this machine, beside its blobs: for nobody to import."""
        kind, _, database = self.sql_url.partition(":///")
        file = database.partition("?")[0].removeprefix("file:")
        if not kind.startswith("sqlite") or file in ("", ":memory:"):
            return (self.data,)
        return (self.data, *(Path(file + end) for end in ("", "-wal", "-shm", "-journal")))

    @property
    def worker_processes(self) -> int:
        """How many there are. A remote model is waited for most of the time: other files use the core meanwhile.

        One of several is enough for that: any store may use it, and which do is not known here. It costs memory where
        files of stores with the local model come too, for each process has that one to itself then.
        """
        remote = any(model.url for model in self.models.values())
        return self.workers or (os.cpu_count() or 1) * (4 if remote else 1)

    def parse_deadline_seconds(self, size: int) -> float:
        """Wall-clock seconds that parsing `size` bytes may take."""
        return self.parse_timeout_seconds + self.parse_timeout_seconds_per_mib * size / 2**20


def load(**given: Any) -> Settings:
    """The environment's settings, with those replaced that are given and not None."""
    return Settings(**{name: value for name, value in given.items() if value is not None})

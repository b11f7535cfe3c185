"""The settings: every variable `INGEST_...` with its type, default, bounds and description."""

import os
import socket
import sys
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, SecretStr, TypeAdapter, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from ingest.config.embedding_model import LOCAL_MODEL, NAME_CHARACTERS, EmbeddingModel
from ingest.environment import selected_environment
from ingest.errors import ModelMissing

RENAMED_VARIABLES = {"INGEST_MAX_KILLS": "INGEST_MAX_CRASHES"}
"""Variables of earlier releases and their names of today. An ignored setting would be a silent change."""

_MODELS = TypeAdapter(tuple[EmbeddingModel, ...])


class Settings(BaseSettings):
    """The service's settings. The defaults work for the embedded service on one machine."""

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
        "`batch_inputs`, `timeout_seconds`. Give one of them a `name` if two have the same `model`. The local model is "
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

    # parsing
    parse_timeout_seconds: float = Field(60.0, gt=0, description="Wall-clock time for parsing a file of any size...")
    parse_timeout_seconds_per_mib: float = Field(6.0, ge=0, description="...plus this time for each MiB of it.")
    parse_memory_mib: int = Field(
        2048, ge=256, description="Address space of the parser process, above its own start-up size."
    )
    parse_max_text_mib: int = Field(64, ge=1, description="Longest text of one file; a longer one is refused.")

    # OCR
    ocr: Literal["auto", "rapidocr", "tesseract", "off"] = Field(
        "auto",
        description="What reads scanned pages and pictures: RapidOCR (extra `ocr`), Tesseract (its program and languages), "
        "`auto` = one that is installed, or `off`.",
    )
    ocr_languages: str = Field(
        "",
        description="Tesseract's codes of the languages on scanned pages, separated by commas, such as `deu,eng`; empty = "
        "all that it has. `auto` takes Tesseract if it has all of them, which is faster. RapidOCR needs none.",
    )
    ocr_workers: int = Field(
        1,
        ge=0,
        description="Worker processes on this machine for files that need OCR, so that others do not wait for them; they "
        "start only where OCR is on and installed. 0 = the other workers read them.",
    )
    ocr_page_seconds: float = Field(
        120.0, gt=0, description="Wall-clock time for OCR of one page, beside the parser's."
    )
    ocr_max_pages: int = Field(2000, ge=1, description="Pages of a file that OCR reads; a warning names the others.")
    ocr_memory_mib: int = Field(
        2048, ge=512, description="Address space of OCR in the parser process, above that of the parser."
    )

    # authentication
    require_keys: bool = Field(
        False,
        description="Require an API key from clients on this machine too, and even while no key exists. Clients on other "
        "machines always need one.",
    )

    # limits of the API
    max_file_bytes: int = Field(
        512 * 2**20, ge=1, description="Largest file that POST /files accepts (deploy/docs/api-contract.md section 2)."
    )
    max_body_bytes: int = Field(
        64 * 2**20, ge=1, description="Largest JSON body of a request; files have a limit of their own."
    )
    max_batch_files: int = Field(100_000, ge=1, description="Files in one batch; OpenAI's documented limit is 2,000.")
    max_event_streams: int = Field(
        1_000, ge=0, description="Open event streams of one API process; further clients are asked to retry."
    )
    max_tokens_per_file: int = Field(
        5_000_000, ge=1, description="Tokens of text in one file (deploy/docs/api-contract.md section 0.11)."
    )

    # jobs
    workers: int = Field(
        0,
        ge=0,
        description="Worker processes on this machine; 0 = one a core, or four a core if any embedding model is remote.",
    )
    lease_seconds: float = Field(30.0, gt=0, description="Time after which the file of a silent worker is reclaimed.")
    heartbeat_seconds: float = Field(
        5.0, gt=0, description="How often a worker renews its lease and checks that its file is still wanted."
    )
    max_crashes: int = Field(3, ge=1, description="Workers that a file may crash before it fails.")
    retry_deadline_seconds: float = Field(
        86_400.0, gt=0, description="How long a file waits for a dependency that is down before it fails."
    )
    dispatch_window: int = Field(
        64, ge=1, description="Messages in the broker at most, per lane; other files wait in the database."
    )
    sweep_seconds: float = Field(
        5.0, gt=0, description="Period of maintenance: expired leases, purges, lost messages, webhooks, imports."
    )
    qdrant_timeout_seconds: float = Field(10.0, gt=0, description="Timeout of one request to Qdrant.")

    node: str = Field(socket.gethostname(), description="This machine's name in leases.")
    ready_file: str = Field(
        "", description="File that a worker creates when it accepts files; `ingest up` waits for it."
    )

    # scheduled imports
    import_roots: str = Field(
        "",
        description="Folders and bucket URLs that import schedules may read, with everything below them, separated by "
        "commas. `{project}` stands for the id of the schedule's project. Empty = public web addresses only.",
    )
    imports_at_once: int = Field(
        2, ge=0, le=64, description="Scheduled imports that one API process runs at a time; 0 = it runs none."
    )

    # webhooks
    webhooks_allow_private: bool = Field(
        False, description="Send webhooks also to addresses that are not public: this machine, your own network."
    )
    webhook_timeout_seconds: float = Field(5.0, gt=0, le=8, description="Timeout of the delivery of one event.")

    # monitoring
    verify_cron: str = Field(
        "0 3 * * *", description="When the service verifies all its data (cron expression, UTC); empty = never."
    )
    flower_port: int = Field(
        5555, ge=0, le=65535, description="Port of Flower under `ingest up`; any free port if it is taken."
    )
    flower_read_only: bool = Field(
        True,
        description="Flower under `ingest up` is read-only. Its buttons revoke tasks, which does not cancel files.",
    )
    metrics_token: SecretStr = Field(
        SecretStr(""), description="Bearer token for /metrics; empty = everybody who reaches the port may read it."
    )
    otlp_url: str = Field(
        "",
        description="OpenTelemetry collector (http://...:4318) for traces; needs the extra `otel`. Empty = no traces.",
    )
    worker_metrics_port: int = Field(
        0, ge=0, le=65535, description="Port on which a worker serves the metrics of all its processes; 0 = none."
    )

    # logs
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Lowest level that is logged.")
    log_format: Literal["json", "text"] = Field("json", description="One JSON object a line, or text for a terminal.")

    @field_validator("embedding_models", mode="before")
    @classmethod
    def _parse_models(cls, value: Any) -> Any:
        if isinstance(value, str):
            return _MODELS.validate_json(value) if value.strip() else ()
        return value

    @model_validator(mode="after")
    def _refuse_renamed_variables(self) -> Self:
        for name in selected_environment(RENAMED_VARIABLES):
            raise ValueError(f"{name} is called {RENAMED_VARIABLES[name]} now: rename it in the environment")
        return self

    @model_validator(mode="after")
    def _check_model_names(self) -> Self:
        names = [self.embedding_model, *(model.name or model.model for model in self.embedding_models)]
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
        others = {model.name or model.model: model for model in self.embedding_models}
        return {LOCAL_MODEL: EmbeddingModel(model=LOCAL_MODEL), self.embedding_model: first} | others

    @property
    def default_model(self) -> str:
        """The name of the model of new stores."""
        return self.embedding_default or self.embedding_model

    def embedding_with(self, name: str) -> "Settings":
        """Return a copy whose `embedding_...` settings are those of a model. Raises ModelMissing."""
        model = self.models.get(name)
        if model is None:
            raise ModelMissing(name)
        fields = [field for field in EmbeddingModel.model_fields if field not in ("name", "model")]
        values = {f"embedding_{field}": getattr(model, field) for field in fields}
        return self.model_copy(update=values | {"embedding_model": model.model})

    @cached_property
    def sql_url(self) -> str:
        """The database's URL; `postgresql://` gets the driver psycopg 3."""
        url = self.database_url or f"sqlite:///{self.data.absolute() / 'ingest.db'}"
        for scheme in ("postgresql://", "postgres://"):
            if url.startswith(scheme):
                return "postgresql+psycopg://" + url.removeprefix(scheme)
        return url

    @cached_property
    def blobs_location(self) -> str:
        """The folder or fsspec URL of the blobs."""
        return self.blobs_url or str(self.data.absolute() / "blobs")

    @property
    def own_folders(self) -> tuple[Path, ...]:
        """Files and folders of the service itself on this machine, besides its blobs. No import may read them."""
        kind, _, database = self.sql_url.partition(":///")
        file = database.partition("?")[0].removeprefix("file:")
        if not kind.startswith("sqlite") or file in ("", ":memory:"):
            return (self.data,)
        return (self.data, *(Path(file + end) for end in ("", "-wal", "-shm", "-journal")))

    @property
    def worker_processes(self) -> int:
        """The number of worker processes of this machine.

        Workers wait for a remote model most of the time, so with one there are four a core. One remote model among
        several is enough for that. The price is memory: each process loads the local model when its stores need it.
        """
        is_any_remote = any(model.url for model in self.models.values())
        return self.workers or (os.cpu_count() or 1) * (4 if is_any_remote else 1)

    def parse_deadline_seconds(self, size: int) -> float:
        """Return the wall-clock time for parsing `size` bytes."""
        return self.parse_timeout_seconds + self.parse_timeout_seconds_per_mib * size / 2**20

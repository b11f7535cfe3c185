"""The settings: every variable `INGEST_...` with its type, default, bounds and description."""

import os
import socket
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from ingest.config.lists import split_commas
from ingest.config.model_settings import ModelSettings
from ingest.config.urls import check_http_url
from ingest.environment import selected_environment
from ingest.secret_box import normalize_key

RENAMED_VARIABLES = {"INGEST_MAX_KILLS": "INGEST_MAX_CRASHES"}
"""Variables of earlier releases and their names of today. An ignored setting would be a silent change."""

GATEWAYS = ("dify",)
"""Interfaces of other products (api/gateways)."""


class Settings(ModelSettings):
    """The service's settings. The defaults work for the embedded service on one machine."""

    # parsing
    parse_timeout_seconds: float = Field(60.0, gt=0, description="Wall-clock time for parsing a file of any size...")
    parse_timeout_seconds_per_mib: float = Field(6.0, ge=0, description="...plus this time for each MiB of it.")
    parse_cpu_seconds: float = Field(10.0, gt=0, description="Processor time for parsing a file of any size...")
    parse_cpu_seconds_per_mib: float = Field(
        15.0, ge=0, description="...plus this time for each MiB of it. OCR has limits of its own."
    )
    parser_cage: Literal["auto", "require", "off"] = Field(
        "auto",
        description="What restricts the parser process: `auto` = what the kernel offers of Landlock and seccomp, `require` = "
        "both, or no file is parsed, `off` = neither.",
    )
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

    gateways: str = Field(
        "",
        description="Interfaces of other products that the API offers beside its own, separated by commas: `dify`.",
    )
    cors_origins: str = Field(
        "",
        description="Web pages that may call the API from a browser, as origins separated by commas, such as "
        "`https://app.example`; `*` = all, empty = none. They need a key like any other client.",
    )

    # secrets in the database
    secrets_key: SecretStr = Field(
        SecretStr(""),
        description="Key that encrypts the secrets of webhooks in the database: 32 bytes in base64. Several, separated by "
        "commas, all decrypt, and the first one encrypts. Empty = DATA/secrets.key with a database in the data folder.",
    )
    secrets_key_file: Path | None = Field(
        None, description="File with these keys, one a line, instead of the variable. Empty = none."
    )

    # limits of the API
    max_file_bytes: int = Field(
        512 * 2**20, ge=1, description="Largest file that POST /files accepts (deploy/docs/api-contract.md section 2)."
    )
    max_body_bytes: int = Field(
        64 * 2**20,
        ge=1,
        description="Largest JSON body, that of a batch; others may have at most 4 MiB (searches) or 1 MiB of it.",
    )
    max_batch_files: int = Field(100_000, ge=1, description="Files in one batch; OpenAI's documented limit is 2,000.")
    max_connections: int = Field(
        2_048,
        ge=8,
        description="Open connections of one API process, at most three quarters of its descriptors. Idle ones close first "
        "for new ones, then these get 503.",
    )
    max_connections_per_address: int = Field(
        512,
        ge=1,
        description="Of these from one address (one /64 network of IPv6). Raise it behind a proxy, which is one address; this "
        "machine has no such limit.",
    )
    max_event_streams: int = Field(
        1_000,
        ge=0,
        description="Open event streams of one API process, three quarters of them of one project; further clients are asked "
        "to retry.",
    )
    max_requests_per_project: int = Field(
        256,
        ge=1,
        description="Requests of one project in one API process at a time, running and waiting, of each class (searches, "
        "uploads, webhook tests, others); beyond, the API answers 429.",
    )
    max_uploads: int = Field(
        64,
        ge=2,
        description="Files and parts whose bytes arrive in one API process at a time, three quarters of them of one project.",
    )
    requests_at_once: int = Field(
        16,
        ge=2,
        description="Requests that run at a time in one API process, and as many uploads; others wait for their turn. One "
        "project has at most three quarters of the places.",
    )
    searches_at_once: int = Field(
        0,
        ge=0,
        description="Searches that run at a time in one API process; 0 = two a core, or eight a core if any embedding model is "
        "remote, and at least 4.",
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

    import_memory_mib: int = Field(
        2048, ge=512, description="Memory that the process of a scheduled import may allocate; then the run fails."
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
    verify_deep: bool = Field(
        False, description="The scheduled verification reads all bytes and texts too, and compares checksums."
    )
    verify_mib_per_second: float = Field(
        20.0, gt=0, description="How much the scheduled verification with `INGEST_VERIFY_DEEP` reads at most."
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

    _check_otlp_url = field_validator("otlp_url")(check_http_url)

    @field_validator("secrets_key_file", mode="before")
    @classmethod
    def _parse_key_file(cls, value: Any) -> Any:
        return value or None

    @field_validator("secrets_key")
    @classmethod
    def _check_keys(cls, value: SecretStr) -> SecretStr:
        for key in value.get_secret_value().replace(",", " ").split():
            normalize_key(key)
        return value

    @model_validator(mode="after")
    def _refuse_renamed_variables(self) -> Self:
        for name in selected_environment(RENAMED_VARIABLES):
            raise ValueError(f"{name} is called {RENAMED_VARIABLES[name]} now: rename it in the environment")
        return self

    @field_validator("gateways")
    @classmethod
    def _check_gateways(cls, value: str) -> str:
        for name in split_commas(value):
            if name not in GATEWAYS:
                raise ValueError(f"'{name}' is none of {', '.join(GATEWAYS)}")
        return value

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

    def parse_cpu_budget_seconds(self, size: int) -> float:
        """Return the processor time for parsing `size` bytes."""
        return self.parse_cpu_seconds + self.parse_cpu_seconds_per_mib * size / 2**20

"""The tables. Times are seconds since 1970; those the API shows are whole, those of leases are not."""

from typing import Any, Literal

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ingest.status import RowStatus

# SQLite numbers rows by itself only for the type INTEGER.
RowNumber = BigInteger().with_variant(Integer, "sqlite")

PointJobKind = Literal["purge", "attributes"]
ReindexOnly = Literal["all", "failed", "stale"]
ImportResult = Literal["completed", "incomplete", "failed"]
UploadStatus = Literal["pending", "completed", "cancelled", "expired"]
OtherState = Literal["staging", "mixed", "kept", "dropping"]


class Base(DeclarativeBase):
    type_annotation_map = {int: BigInteger, float: Float(53)}  # noqa: RUF012 - SQLAlchemy's own convention


class Project(Base):
    """A tenant: what one project has, no other can see (deploy/decisions/0006). Limits that are None are none."""

    __tablename__ = "projects"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's own convention

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[int]
    paced_until: Mapped[float] = mapped_column(default=0.0)
    """When all requests so far would be over at the allowed pace (db/tenancy/quotas.py)."""
    requests_per_minute: Mapped[int | None]
    files_in_progress: Mapped[int | None]
    stored_bytes: Mapped[int | None]


class ApiKey(Base):
    """A key: its first characters, by which it is looked up, and the SHA-256 of all of them. Revoked ones stay."""

    __tablename__ = "api_keys"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's own convention

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    project: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    name: Mapped[str] = mapped_column(Text)
    prefix: Mapped[str] = mapped_column(String(32), unique=True)
    sha256: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    created_at: Mapped[int]
    last_used_at: Mapped[int | None]
    """To the minute."""
    revoked_at: Mapped[int | None]


class File(Base):
    """An uploaded file; its bytes are the blob named by `blob` (contract section 2)."""

    __tablename__ = "files"
    __table_args__ = (
        CheckConstraint("bytes >= 0", name="bytes"),
        Index("ix_files_blob", "blob"),
        Index("ix_files_project", "project", "row", "bytes"),
        Index("ix_files_expiry", "expires_at", postgresql_where=text("expires_at IS NOT NULL"),
              sqlite_where=text("expires_at IS NOT NULL")),
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    project: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    filename: Mapped[str] = mapped_column(Text)
    bytes: Mapped[int]
    purpose: Mapped[str] = mapped_column(String(32))
    blob: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[int]
    expires_at: Mapped[int | None]


class Upload(Base):
    """A file that arrives in parts (contract section 3). `file_id` and `part_ids` are those of its completion."""

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint("status IN ('pending','completed','cancelled','expired')", name="status"),
        CheckConstraint("(status = 'completed') = (file_id IS NOT NULL)", name="only_completed_has_a_file"),
        CheckConstraint("bytes >= 0", name="bytes"),
        Index("ix_uploads_pending", "expires_at",
              postgresql_where=text("status = 'pending'"), sqlite_where=text("status = 'pending'")),
        Index("ix_uploads_ended", "expires_at",
              postgresql_where=text("status <> 'pending'"), sqlite_where=text("status <> 'pending'")),
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    project: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    filename: Mapped[str] = mapped_column(Text)
    bytes: Mapped[int]
    mime_type: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[int]
    expires_at: Mapped[int]
    file_expires_after: Mapped[int | None]
    """Seconds that the file shall live."""
    status: Mapped[UploadStatus] = mapped_column(String(16), default="pending")
    file_id: Mapped[str | None] = mapped_column(String(64))
    part_ids: Mapped[list[str]] = mapped_column(JSON, default=list)


class UploadPart(Base):
    """A part of an upload. Its row is there before its blob and goes after it, so no blob is ever without a row."""

    __tablename__ = "upload_parts"
    __table_args__ = (
        CheckConstraint("bytes >= 0", name="bytes"),
        CheckConstraint("(bytes IS NULL) = (sha256 IS NULL)", name="only_what_arrived_has_a_sum"),
        Index("ix_upload_parts_upload", "upload_id"),
        {"sqlite_autoincrement": True},
    )

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    upload_id: Mapped[str] = mapped_column(ForeignKey("uploads.id", ondelete="CASCADE"))
    created_at: Mapped[int]
    bytes: Mapped[int | None]
    """None until all of them have arrived."""
    sha256: Mapped[str | None] = mapped_column(String(64))


class Collection(Base):
    """An embedding model that points have been made with, by the name it is configured under, and what its collection in
    Qdrant is like. Written before the first point, and never changed."""

    __tablename__ = "collections"
    __table_args__ = (CheckConstraint("dimensions > 0", name="dimensions"), {"sqlite_with_rowid": False})

    model: Mapped[str] = mapped_column(String(200), primary_key=True)
    dimensions: Mapped[int]
    multivector: Mapped[bool] = mapped_column(Boolean)


class VectorStore(Base):
    """A store and its counters, which only db/queue/claims.py changes (contract section 4).

    `other_model` is the second embedding model of which files of it have points (deploy/decisions/0011). `staging`: they
    are made beside those of `model`, which alone is searched. `mixed`: the store goes over to `model` file by file, both
    are searched. `kept`: what it had before it went over, to go back to. `dropping`: they are being deleted.
    """

    __tablename__ = "vector_stores"
    __table_args__ = (
        CheckConstraint("other_state IN ('staging','mixed','kept','dropping')", name="other_state"),
        CheckConstraint("(other_model IS NULL) = (other_state IS NULL)", name="only_another_model_has_a_state"),
        CheckConstraint("other_model IS NULL OR other_model <> model", name="the_other_model_is_another"),
        CheckConstraint("other_state <> 'kept' OR kept_since IS NOT NULL", name="what_is_kept_has_a_time"),
        CheckConstraint("kept_since IS NULL OR other_model IS NOT NULL", name="only_another_model_is_kept"),
        CheckConstraint("in_progress >= 0 AND completed >= 0 AND failed >= 0 AND cancelled >= 0", name="counts"),
        CheckConstraint("usage_bytes >= 0 AND chunks >= 0 AND terms >= 0", name="sums"),
        Index("ix_vector_stores_project", "project", "row"),
        Index("ix_vector_stores_moving", "row", postgresql_where=text("other_model IS NOT NULL"),
              sqlite_where=text("other_model IS NOT NULL")),
        Index("ix_vector_stores_unannounced", "row", postgresql_where=text("expired_at IS NOT NULL AND NOT announced"),
              sqlite_where=text("expired_at IS NOT NULL AND NOT announced")),
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    project: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    name: Mapped[str] = mapped_column(Text)
    description: Mapped[str | None] = mapped_column(Text)
    model: Mapped[str] = mapped_column(String(200))
    """The embedding model, by the name it is configured under, that new files are embedded with."""
    other_model: Mapped[str | None] = mapped_column(String(200))
    other_state: Mapped[OtherState | None] = mapped_column(String(16))
    kept_since: Mapped[float | None]
    """Since when the other model is one that the store once had."""
    epoch: Mapped[int] = mapped_column(default=0)
    """Grows with every change of the models or their state: what a worker was told of them holds while it is the same."""
    meta: Mapped[dict[str, str]] = mapped_column("metadata", JSON)
    created_at: Mapped[int]
    last_active_at: Mapped[int]
    expires_after_days: Mapped[int | None]
    expired_at: Mapped[int | None]
    announced: Mapped[bool] = mapped_column(Boolean, default=False)
    """That it has expired has been told to the project's webhooks."""
    deleted_at: Mapped[float | None]
    in_progress: Mapped[int] = mapped_column(default=0)
    completed: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    cancelled: Mapped[int] = mapped_column(default=0)
    usage_bytes: Mapped[int] = mapped_column(default=0)
    chunks: Mapped[int] = mapped_column(default=0)
    """Chunks of the completed files..."""
    terms: Mapped[int] = mapped_column(default=0)
    """...and their words, which give BM25 the store's mean length."""


class FileBatch(Base):
    """A batch and its counters, which only db/queue/claims.py changes (contract section 6)."""

    __tablename__ = "file_batches"
    __table_args__ = (
        CheckConstraint("in_progress >= 0 AND completed >= 0 AND failed >= 0 AND cancelled >= 0", name="counts"),
        CheckConstraint("cancelled_at IS NULL OR in_progress = 0", name="cancelled_is_final"),
        CheckConstraint(
            "cancelled_at IS NOT NULL OR NOT (swept OR expired)",
            name="only_cancelled_is_swept_or_expired",
        ),
        Index("ix_file_batches_active", "dispatched_at", postgresql_where=text("in_progress > 0"),
              sqlite_where=text("in_progress > 0")),
        Index("ix_file_batches_unswept", "row", postgresql_where=text("cancelled_at IS NOT NULL AND NOT swept"),
              sqlite_where=text("cancelled_at IS NOT NULL AND NOT swept")),
        Index("ix_file_batches_unannounced", "row", postgresql_where=text("in_progress = 0 AND NOT announced"),
              sqlite_where=text("in_progress = 0 AND NOT announced")),
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    vector_store_id: Mapped[str] = mapped_column(ForeignKey("vector_stores.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[int]
    cancelled_at: Mapped[float | None]
    expired: Mapped[bool] = mapped_column(Boolean, default=False)
    """Cut short because its store expired, which is no cancel that anybody asked for."""
    swept: Mapped[bool] = mapped_column(Boolean, default=False)
    """A cancelled batch whose rows have all been rewritten as cancelled."""
    reindex: Mapped[bool] = mapped_column(Boolean, default=False)
    """A re-index: what of it does not complete is found as it was before (deploy/decisions/0009)..."""
    chunk_tokens: Mapped[int | None]
    """...and the chunking it was asked for; None leaves each file its own."""
    chunk_overlap: Mapped[int | None]
    model: Mapped[str | None] = mapped_column(String(200))
    """A re-index that takes the store to this embedding model; None: it stays with its own."""
    announced: Mapped[bool] = mapped_column(Boolean, default=False)
    """That it has ended has been told to the project's webhooks."""
    dispatched_at: Mapped[float] = mapped_column(default=0.0)
    """When the feeder last took files of it; the longest-waiting batch is next."""
    in_progress: Mapped[int] = mapped_column(default=0)
    completed: Mapped[int] = mapped_column(default=0)
    failed: Mapped[int] = mapped_column(default=0)
    cancelled: Mapped[int] = mapped_column(default=0)


class ReindexSchedule(Base):
    """A re-index that begins by itself, at the times of a cron expression of five fields in an IANA time zone."""

    __tablename__ = "reindex_schedules"
    __table_args__ = (
        CheckConstraint("\"only\" IN ('all','failed','stale')", name="only"),
        CheckConstraint("paused = (next_run_at IS NULL)", name="only_paused_never_runs"),
        Index("ix_reindex_schedules_due", "next_run_at", postgresql_where=text("next_run_at IS NOT NULL"),
              sqlite_where=text("next_run_at IS NOT NULL")),
        Index("ix_reindex_schedules_store", "vector_store_id", "row"),
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    vector_store_id: Mapped[str] = mapped_column(ForeignKey("vector_stores.id", ondelete="CASCADE"))
    created_at: Mapped[int]
    cron: Mapped[str] = mapped_column(String(100))
    timezone: Mapped[str] = mapped_column(String(64))
    only: Mapped[ReindexOnly] = mapped_column(String(16))
    chunk_tokens: Mapped[int | None]
    """None leaves each file its own chunking."""
    chunk_overlap: Mapped[int | None]
    paused: Mapped[bool] = mapped_column(Boolean)
    next_run_at: Mapped[int | None]
    last_run_at: Mapped[int | None]
    last_batch_id: Mapped[str | None] = mapped_column(String(64))


class ImportSchedule(Base):
    """An import that begins by itself, at the times of a cron expression, and its last run (deploy/decisions/0012).

    A run is due (`wanted_at`), then under way (`run_id` without `ended_at`) and held by one process at a time
    (`lease_owner`), then over (`result`). `fence` grows whenever it changes hands, so that who lost it uploads nothing.
    """

    __tablename__ = "import_schedules"
    __table_args__ = (
        CheckConstraint("paused = (next_run_at IS NULL)", name="only_paused_never_runs"),
        CheckConstraint("(run_id IS NULL) = (began_at IS NULL)", name="a_run_has_begun"),
        CheckConstraint("ended_at IS NULL OR run_id IS NOT NULL", name="only_a_run_ends"),
        CheckConstraint("(ended_at IS NULL) = (result IS NULL)", name="what_ended_has_a_result"),
        CheckConstraint("ended_at IS NOT NULL OR NOT announced", name="only_what_ended_is_announced"),
        CheckConstraint("result IN ('completed','incomplete','failed')", name="result"),
        CheckConstraint("(lease_owner IS NULL) = (lease_until IS NULL)", name="leased_by_somebody"),
        CheckConstraint("lease_until IS NULL OR (run_id IS NOT NULL AND ended_at IS NULL)", name="only_runs_are_leased"),
        CheckConstraint("0 <= attempts AND attempts <= fence", name="hands"),
        CheckConstraint("uploaded >= 0 AND removed >= 0", name="counts"),
        Index("ix_import_schedules_due", "next_run_at", postgresql_where=text("next_run_at IS NOT NULL"),
              sqlite_where=text("next_run_at IS NOT NULL")),
        Index("ix_import_schedules_work", "not_before",
              postgresql_where=text("wanted_at IS NOT NULL OR (run_id IS NOT NULL AND ended_at IS NULL)"),
              sqlite_where=text("wanted_at IS NOT NULL OR (run_id IS NOT NULL AND ended_at IS NULL)")),
        Index("ix_import_schedules_store", "vector_store_id", "row"),
        Index("ix_import_schedules_unannounced", "row", postgresql_where=text("ended_at IS NOT NULL AND NOT announced"),
              sqlite_where=text("ended_at IS NOT NULL AND NOT announced")),
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    vector_store_id: Mapped[str] = mapped_column(ForeignKey("vector_stores.id", ondelete="CASCADE"))
    created_at: Mapped[int]
    sources: Mapped[list[str]] = mapped_column(JSON)
    manifests: Mapped[list[str]] = mapped_column(JSON)
    include: Mapped[list[str]] = mapped_column(JSON)
    exclude: Mapped[list[str]] = mapped_column(JSON)
    attributes: Mapped[dict[str, Any]] = mapped_column(JSON)
    attributes_from_path: Mapped[list[str]] = mapped_column(JSON)
    delete_missing: Mapped[bool] = mapped_column(Boolean)
    retry_failed: Mapped[bool] = mapped_column(Boolean)
    cron: Mapped[str] = mapped_column(String(100))
    timezone: Mapped[str] = mapped_column(String(64))
    paused: Mapped[bool] = mapped_column(Boolean)
    next_run_at: Mapped[int | None]

    due_since: Mapped[float | None]
    """Since when a run is due that has not begun."""
    not_before: Mapped[float] = mapped_column(default=0.0)
    fence: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    """Of the run: processes that it took or lost, but for those that were stopped in order."""
    lease_until: Mapped[float | None]
    lease_owner: Mapped[str | None] = mapped_column(String(128))

    run_id: Mapped[str | None] = mapped_column(String(64))
    began_at: Mapped[int | None]
    ended_at: Mapped[int | None]
    announced: Mapped[bool] = mapped_column(Boolean, default=False)
    """That it has ended has been told to the project's webhooks; the next run begins after that."""
    result: Mapped[ImportResult | None] = mapped_column(String(16))
    uploaded: Mapped[int] = mapped_column(default=0)
    """Files, in the transactions that made them..."""
    removed: Mapped[int] = mapped_column(default=0)
    """...and those that were found to be missing in the sources."""
    counts: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSON, default=list)
    error: Mapped[str | None] = mapped_column(Text)


class ImportedFile(Base):
    """A file that a schedule uploaded: what it was made of, in the transaction that made it. The last one with an
    address is the present version; the others, and what is `going`, are to be removed."""

    __tablename__ = "imported_files"
    __table_args__ = (Index("ix_imported_files_schedule", "schedule", "row"), {"sqlite_autoincrement": True})

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    schedule: Mapped[int] = mapped_column(ForeignKey("import_schedules.row", ondelete="CASCADE"))
    file_id: Mapped[str] = mapped_column(ForeignKey("files.id", ondelete="CASCADE"), unique=True)
    source: Mapped[bytes] = mapped_column(LargeBinary)
    """Its real path or its URL, as bytes: names of files need not be text."""
    name: Mapped[str] = mapped_column(Text)
    fingerprint: Mapped[str] = mapped_column(Text)
    is_removed: Mapped[bool] = mapped_column(Boolean, default=False)
    """Missing in the sources, and counted as removed."""


class StoreFile(Base):
    """A file in a store: the unit of work and its state (DESIGN section 3).

    `fence` grows at every change of hands, so a worker that lost its file can change nothing.
    `generation` numbers the versions of the file's points; search shows `live_generation` only.
    `batch` is the batch that queued the file last; cancelling that one cancels the file.
    `redo_tokens` and `redo_overlap` are the chunking of a re-index of it that is in progress. If that does not complete,
    the file falls back to `live_generation`, and the number of the generation is used up. `redo_model` is the model that
    such a re-index makes points for beside those of `model`; without it they replace those.
    `model` is what the live generation was made with. What is `aside` is a second generation that is not found: points
    of the store's other model, ready or kept (deploy/decisions/0011). No number is of two models.
    """

    __tablename__ = "store_files"
    __table_args__ = (
        UniqueConstraint("vector_store_id", "file_id"),
        CheckConstraint("status IN ('queued','running','completed','failed','cancelled')", name="status"),
        CheckConstraint("(lease_owner IS NULL) = (lease_until IS NULL)", name="leased_by_somebody"),
        CheckConstraint("0 <= kills AND kills <= attempts AND attempts <= fence", name="hands"),
        CheckConstraint(
            "generation >= 1 AND (live_generation IS NULL OR live_generation BETWEEN 1 AND generation)",
            name="generations",
        ),
        CheckConstraint("chunks >= 0 AND terms >= 0 AND usage_bytes >= 0", name="sizes"),
        CheckConstraint(
            "live_generation IS NOT NULL OR (chunks = 0 AND terms = 0 AND usage_bytes = 0)",
            name="only_what_is_live_has_sizes",
        ),
        CheckConstraint(
            "live_generation IS NULL OR status NOT IN ('failed','cancelled')",
            name="what_ended_badly_is_not_live",
        ),
        CheckConstraint("published_at IS NULL OR status = 'queued'", name="only_queued_is_published"),
        CheckConstraint("(status = 'running') = (lease_until IS NOT NULL)", name="only_running_is_leased"),
        CheckConstraint("(status = 'failed') = (error_code IS NOT NULL)", name="only_failed_has_an_error"),
        CheckConstraint(
            "status <> 'completed' OR (live_generation IS NOT NULL AND live_generation <= generation)",
            name="completed_is_live",
        ),
        CheckConstraint(
            "redo_tokens IS NULL OR (status IN ('queued','running') AND live_generation IS NOT NULL)",
            name="only_what_is_live_is_redone",
        ),
        CheckConstraint("redo_model IS NULL OR redo_tokens IS NOT NULL", name="only_what_is_redone_is_for_a_model"),
        CheckConstraint("(model IS NULL) = (live_generation IS NULL)", name="what_is_live_has_a_model"),
        CheckConstraint(
            "aside_generation IS NULL OR (live_generation IS NOT NULL AND aside_generation <> live_generation"
            " AND aside_generation BETWEEN 1 AND generation)",
            name="only_what_is_live_has_something_aside",
        ),
        CheckConstraint(
            "(aside_generation IS NULL) = (aside_model IS NULL) AND (aside_generation IS NULL) = (aside_chunks IS NULL)"
            " AND (aside_generation IS NULL) = (aside_terms IS NULL)"
            " AND (aside_generation IS NULL) = (aside_bytes IS NULL)"
            " AND (aside_generation IS NULL) = (aside_tokens IS NULL)"
            " AND (aside_generation IS NULL) = (aside_overlap IS NULL)",
            name="aside_as_a_whole",
        ),
        CheckConstraint("aside_model IS NULL OR aside_model <> model", name="aside_is_another_model"),
        Index("ix_store_files_page", "vector_store_id", "row"),
        Index("ix_store_files_status", "vector_store_id", "status", "row"),
        Index("ix_store_files_waiting", "batch", "published_at", "row",
              postgresql_where=text("status = 'queued'"), sqlite_where=text("status = 'queued'")),
        Index("ix_store_files_batch", "batch", "status"),
        Index("ix_store_files_leases", "lease_until",
              postgresql_where=text("status = 'running'"), sqlite_where=text("status = 'running'")),
        Index("ix_store_files_published", "published_at",
              postgresql_where=text("status = 'queued' AND published_at IS NOT NULL"),
              sqlite_where=text("status = 'queued' AND published_at IS NOT NULL")),
        Index("ix_store_files_asleep", "not_before",
              postgresql_where=text("status = 'queued' AND not_before > 0"),
              sqlite_where=text("status = 'queued' AND not_before > 0")),
        Index("ix_store_files_file", "file_id"),
        Index("ix_store_files_model", "vector_store_id", "model",
              postgresql_where=text("model IS NOT NULL"), sqlite_where=text("model IS NOT NULL")),
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    vector_store_id: Mapped[str] = mapped_column(ForeignKey("vector_stores.id", ondelete="CASCADE"))
    file_id: Mapped[str] = mapped_column(ForeignKey("files.id"))
    batch: Mapped[int | None] = mapped_column(ForeignKey("file_batches.row", ondelete="SET NULL"))
    created_at: Mapped[int]
    attributes: Mapped[dict[str, Any]] = mapped_column(JSON)
    attributes_version: Mapped[int] = mapped_column(default=0)
    chunk_tokens: Mapped[int]
    chunk_overlap: Mapped[int]
    redo_tokens: Mapped[int | None]
    redo_overlap: Mapped[int | None]
    redo_model: Mapped[str | None] = mapped_column(String(200))

    status: Mapped[RowStatus] = mapped_column(String(16), default="queued")
    fence: Mapped[int] = mapped_column(default=0)
    generation: Mapped[int] = mapped_column(default=1)
    live_generation: Mapped[int | None]
    attempts: Mapped[int] = mapped_column(default=0)
    crashes: Mapped[int] = mapped_column(default=0)
    queued_at: Mapped[float]
    trace: Mapped[str | None] = mapped_column(String(55))
    """The traceparent of the request that queued it, for whoever follows a file from there to its points."""
    not_before: Mapped[float] = mapped_column(default=0.0)
    published_at: Mapped[float | None]
    lease_until: Mapped[float | None]
    lease_owner: Mapped[str | None] = mapped_column(String(128))

    made_for: Mapped[str | None] = mapped_column(String(200))
    """The model that the last worker to claim the file was to embed it with."""
    model: Mapped[str | None] = mapped_column(String(200))
    made_with: Mapped[str | None] = mapped_column(Text)
    """What made the live generation: versions and model (ingest/jobs/pipeline.py)."""
    chunks: Mapped[int] = mapped_column(default=0)
    terms: Mapped[int] = mapped_column(default=0)
    usage_bytes: Mapped[int] = mapped_column(default=0)
    aside_generation: Mapped[int | None]
    aside_model: Mapped[str | None] = mapped_column(String(200))
    aside_tokens: Mapped[int | None]
    aside_overlap: Mapped[int | None]
    aside_made_with: Mapped[str | None] = mapped_column(Text)
    aside_chunks: Mapped[int | None]
    aside_terms: Mapped[int | None]
    aside_bytes: Mapped[int | None]
    error_code: Mapped[str | None] = mapped_column(String(32))
    error_message: Mapped[str | None] = mapped_column(Text)


class BatchFile(Base):
    """A file's place in a batch. It keeps its outcome there, and why it failed, whatever happens to the file afterwards."""

    __tablename__ = "batch_files"
    __table_args__ = (
        CheckConstraint("status IN ('in_progress','completed','failed','cancelled')", name="status"),
        Index("ix_batch_files_open", "store_file",
              postgresql_where=text("status = 'in_progress'"), sqlite_where=text("status = 'in_progress'")),
        {"sqlite_with_rowid": False},
    )  # fmt: skip

    batch: Mapped[int] = mapped_column(ForeignKey("file_batches.row", ondelete="CASCADE"), primary_key=True)
    store_file: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(String(16))
    error_code: Mapped[str | None] = mapped_column(String(32))
    error_message: Mapped[str | None] = mapped_column(Text)


class PointJob(Base):
    """Work on points in Qdrant that must be done even if everything crashes first.

    `purge` deletes those of one row from generation `first` to `generation`, or (`store_file` empty) of a whole store: at once, and again
    (`final`) after the lease horizon, when no worker that lost its file can write any more.
    `attributes` brings the attributes on one row's points up to date.
    """

    __tablename__ = "point_jobs"
    __table_args__ = (
        CheckConstraint("kind IN ('purge','attributes')", name="kind"),
        CheckConstraint(
            "kind = 'purge' OR (store_file IS NOT NULL AND NOT final)",
            name="only_purges_are_repeated_or_of_a_store",
        ),
        Index("ix_point_jobs_due", "due_at"),
        {"sqlite_autoincrement": True},
    )

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    kind: Mapped[PointJobKind] = mapped_column(String(16))
    vector_store_id: Mapped[str] = mapped_column(String(64))
    store_file: Mapped[int | None]
    first_generation: Mapped[int] = mapped_column(default=0)
    last_generation: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[float]
    is_final: Mapped[bool] = mapped_column(Boolean, default=False)


class Outage(Base):
    """A dependency that failed files since the last one completed (db/queue/outages.py)."""

    __tablename__ = "outages"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - SQLAlchemy's own convention

    dependency: Mapped[str] = mapped_column(String(32), primary_key=True)
    since: Mapped[float]
    failures: Mapped[int]
    """In a row."""
    next_try: Mapped[float]
    """When a worker may try it again."""


class LooseBlob(Base):
    """Bytes that may be there without a file: about to be kept by an upload, or left by a deleted file.

    The row is made before the bytes and removed after them or when they have a file, so no blob is ever lost sight of.
    """

    __tablename__ = "loose_blobs"
    __table_args__ = (
        Index("ix_loose_blobs_blob", "blob"),
        Index("ix_loose_blobs_since", "since"),
        {"sqlite_autoincrement": True},
    )

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    blob: Mapped[str] = mapped_column(String(64))
    since: Mapped[float]
    is_reserved: Mapped[bool] = mapped_column(Boolean)
    """An upload is about to make them a file's."""


class Tombstone(Base):
    """Where an item stood in a list that it was removed from, so that who walks the list can go on from there.

    `scope` is the list: a project's files or vector stores, or for the files of a store its id.
    """

    __tablename__ = "tombstones"
    __table_args__ = (Index("ix_tombstones_removed", "removed_at"), {"sqlite_with_rowid": False})

    scope: Mapped[str] = mapped_column(String(64), primary_key=True)
    object_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    item: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """The row number; none is used twice."""
    removed_at: Mapped[float]


class WebhookEndpoint(Base):
    """An address that a project wants to be told of events at, and how the telling went (deploy/decisions/0010)."""

    __tablename__ = "webhook_endpoints"
    __table_args__ = (
        CheckConstraint("(old_secret IS NULL) = (old_secret_until IS NULL)", name="an_old_secret_has_an_end"),
        Index("ix_webhook_endpoints_project", "project", "row"),
        {"sqlite_autoincrement": True},
    )

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    id: Mapped[str] = mapped_column(String(64), unique=True)
    project: Mapped[str] = mapped_column(ForeignKey("projects.id"))
    name: Mapped[str] = mapped_column(Text)
    url: Mapped[str] = mapped_column(Text)
    event_types: Mapped[list[str]] = mapped_column(JSON)
    secret: Mapped[str] = mapped_column(String(64))
    """Kept as it is: every event is signed with it."""
    old_secret: Mapped[str | None] = mapped_column(String(64))
    """The one before, which signs beside it until `old_secret_until`."""
    old_secret_until: Mapped[float | None]
    paused: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[int]
    updated_at: Mapped[int]
    delivered: Mapped[int] = mapped_column(default=0)
    given_up: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str | None] = mapped_column(Text)
    """Of the last delivery; None when it went well."""


class WebhookDelivery(Base):
    """An event on its way to one endpoint; gone when it arrived or was given up."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        UniqueConstraint("endpoint", "type", "object_id"),
        Index("ix_webhook_deliveries_due", "next_try"),
        {"sqlite_autoincrement": True},
    )

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    endpoint: Mapped[int] = mapped_column(ForeignKey("webhook_endpoints.row", ondelete="CASCADE"))
    event_id: Mapped[str] = mapped_column(String(64))
    type: Mapped[str] = mapped_column(String(64))
    object_id: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[float]
    attempts: Mapped[int] = mapped_column(default=0)
    next_try: Mapped[float]


class Verification(Base):
    """The one row about `ingest verify` as the service runs it by itself (db/checks/verifications.py)."""

    __tablename__ = "verifications"

    row: Mapped[int] = mapped_column(RowNumber, primary_key=True)
    cron: Mapped[str] = mapped_column(Text)
    """By which `next_at` was found."""
    next_at: Mapped[float]
    ended_at: Mapped[float | None]
    findings: Mapped[dict[str, int]] = mapped_column(JSON, default=dict)

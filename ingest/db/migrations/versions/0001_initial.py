"""The first tables: files, vector stores, their files and batches, and the work list for points."""

import time

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    projects = op.create_table(
        "projects",
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("paced_until", sa.Float(precision=53), nullable=False),
        sa.Column("requests_per_minute", sa.BigInteger(), nullable=True),
        sa.Column("files_in_progress", sa.BigInteger(), nullable=True),
        sa.Column("stored_bytes", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("id"),
        sa.UniqueConstraint("name"),
        sqlite_autoincrement=True,
    )
    op.bulk_insert(
        projects, [{"id": "proj_default", "name": "default", "created_at": int(time.time()), "paced_until": 0.0}]
    )
    op.create_table(
        "api_keys",
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("prefix", sa.String(length=32), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["project"], ["projects.id"]),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("id"),
        sa.UniqueConstraint("prefix"),
        sqlite_autoincrement=True,
    )

    op.create_table(
        "files",
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("blob", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("bytes >= 0", name="bytes"),
        sa.ForeignKeyConstraint(["project"], ["projects.id"]),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("files", schema=None) as batch_op:
        batch_op.create_index("ix_files_blob", ["blob"], unique=False)
        batch_op.create_index("ix_files_project", ["project", "row", "bytes"], unique=False)
        batch_op.create_index(
            "ix_files_expiry",
            ["expires_at"],
            unique=False,
            postgresql_where=sa.text("expires_at IS NOT NULL"),
            sqlite_where=sa.text("expires_at IS NOT NULL"),
        )

    op.create_table(
        "uploads",
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("filename", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("mime_type", sa.Text(), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("file_expires_after", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("file_id", sa.String(length=64), nullable=True),
        sa.Column("part_ids", sa.JSON(), nullable=False),
        sa.CheckConstraint("status IN ('pending','completed','cancelled','expired')", name="status"),
        sa.CheckConstraint("(status = 'completed') = (file_id IS NOT NULL)", name="only_completed_has_a_file"),
        sa.CheckConstraint("bytes >= 0", name="bytes"),
        sa.ForeignKeyConstraint(["project"], ["projects.id"]),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("uploads", schema=None) as batch_op:
        batch_op.create_index(
            "ix_uploads_ended",
            ["expires_at"],
            unique=False,
            postgresql_where=sa.text("status <> 'pending'"),
            sqlite_where=sa.text("status <> 'pending'"),
        )
        batch_op.create_index(
            "ix_uploads_pending",
            ["expires_at"],
            unique=False,
            postgresql_where=sa.text("status = 'pending'"),
            sqlite_where=sa.text("status = 'pending'"),
        )

    op.create_table(
        "upload_parts",
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("upload_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.CheckConstraint("bytes >= 0", name="bytes"),
        sa.CheckConstraint("(bytes IS NULL) = (sha256 IS NULL)", name="only_what_arrived_has_a_sum"),
        sa.ForeignKeyConstraint(["upload_id"], ["uploads.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("upload_parts", schema=None) as batch_op:
        batch_op.create_index("ix_upload_parts_upload", ["upload_id"], unique=False)

    op.create_table(
        "tombstones",
        sa.Column("scope", sa.String(length=64), nullable=False),
        sa.Column("object_id", sa.String(length=64), nullable=False),
        sa.Column("item", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("removed_at", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("scope", "object_id", "item"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("tombstones", schema=None) as batch_op:
        batch_op.create_index("ix_tombstones_removed", ["removed_at"], unique=False)

    op.create_table(
        "outages",
        sa.Column("dependency", sa.String(length=32), nullable=False),
        sa.Column("since", sa.Float(precision=53), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("next_try", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("dependency"),
        sqlite_with_rowid=False,
    )

    op.create_table(
        "loose_blobs",
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("blob", sa.String(length=64), nullable=False),
        sa.Column("since", sa.Float(precision=53), nullable=False),
        sa.Column("wanted", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("row"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("loose_blobs", schema=None) as batch_op:
        batch_op.create_index("ix_loose_blobs_blob", ["blob"], unique=False)
        batch_op.create_index("ix_loose_blobs_since", ["since"], unique=False)

    op.create_table(
        "point_jobs",
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("vector_store_id", sa.String(length=64), nullable=False),
        sa.Column("store_file", sa.BigInteger(), nullable=True),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.Float(precision=53), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.CheckConstraint("kind IN ('purge','attributes')", name="kind"),
        sa.CheckConstraint(
            "kind = 'purge' OR (store_file IS NOT NULL AND NOT final)",
            name="only_purges_are_repeated_or_of_a_store",
        ),
        sa.PrimaryKeyConstraint("row"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("point_jobs", schema=None) as batch_op:
        batch_op.create_index("ix_point_jobs_due", ["due_at"], unique=False)

    op.create_table(
        "collections",
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("dimensions", sa.BigInteger(), nullable=False),
        sa.Column("multivector", sa.Boolean(), nullable=False),
        sa.CheckConstraint("dimensions > 0", name="dimensions"),
        sa.PrimaryKeyConstraint("model"),
        sqlite_with_rowid=False,
    )

    op.create_table(
        "vector_stores",
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("other_model", sa.String(length=200), nullable=True),
        sa.Column("other_state", sa.String(length=16), nullable=True),
        sa.Column("kept_since", sa.Float(precision=53), nullable=True),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("metadata", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("last_active_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_after_days", sa.BigInteger(), nullable=True),
        sa.Column("expired_at", sa.BigInteger(), nullable=True),
        sa.Column("announced", sa.Boolean(), nullable=False),
        sa.Column("deleted_at", sa.Float(precision=53), nullable=True),
        sa.Column("in_progress", sa.BigInteger(), nullable=False),
        sa.Column("completed", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("cancelled", sa.BigInteger(), nullable=False),
        sa.Column("usage_bytes", sa.BigInteger(), nullable=False),
        sa.Column("chunks", sa.BigInteger(), nullable=False),
        sa.Column("terms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("in_progress >= 0 AND completed >= 0 AND failed >= 0 AND cancelled >= 0", name="counts"),
        sa.CheckConstraint("usage_bytes >= 0 AND chunks >= 0 AND terms >= 0", name="sums"),
        sa.CheckConstraint("other_state IN ('staging','mixed','kept','dropping')", name="other_state"),
        sa.CheckConstraint("(other_model IS NULL) = (other_state IS NULL)", name="only_another_model_has_a_state"),
        sa.CheckConstraint("other_model IS NULL OR other_model <> model", name="the_other_model_is_another"),
        sa.CheckConstraint("other_state <> 'kept' OR kept_since IS NOT NULL", name="what_is_kept_has_a_time"),
        sa.CheckConstraint("kept_since IS NULL OR other_model IS NOT NULL", name="only_another_model_is_kept"),
        sa.ForeignKeyConstraint(["project"], ["projects.id"]),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("vector_stores", schema=None) as batch_op:
        batch_op.create_index("ix_vector_stores_project", ["project", "row"], unique=False)
        batch_op.create_index(
            "ix_vector_stores_moving",
            ["row"],
            unique=False,
            postgresql_where=sa.text("other_model IS NOT NULL"),
            sqlite_where=sa.text("other_model IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_vector_stores_unannounced",
            ["row"],
            unique=False,
            postgresql_where=sa.text("expired_at IS NOT NULL AND NOT announced"),
            sqlite_where=sa.text("expired_at IS NOT NULL AND NOT announced"),
        )

    op.create_table(
        "reindex_schedules",
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("vector_store_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("cron", sa.String(length=100), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("only", sa.String(length=16), nullable=False),
        sa.Column("chunk_tokens", sa.BigInteger(), nullable=True),
        sa.Column("chunk_overlap", sa.BigInteger(), nullable=True),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("next_run_at", sa.BigInteger(), nullable=True),
        sa.Column("last_run_at", sa.BigInteger(), nullable=True),
        sa.Column("last_batch_id", sa.String(length=64), nullable=True),
        sa.CheckConstraint("\"only\" IN ('all','failed','stale')", name="only"),
        sa.CheckConstraint("paused = (next_run_at IS NULL)", name="only_paused_never_runs"),
        sa.ForeignKeyConstraint(["vector_store_id"], ["vector_stores.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("reindex_schedules", schema=None) as batch_op:
        batch_op.create_index(
            "ix_reindex_schedules_due",
            ["next_run_at"],
            unique=False,
            postgresql_where=sa.text("next_run_at IS NOT NULL"),
            sqlite_where=sa.text("next_run_at IS NOT NULL"),
        )
        batch_op.create_index("ix_reindex_schedules_store", ["vector_store_id", "row"], unique=False)

    op.create_table(
        "import_schedules",
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("vector_store_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("manifests", sa.JSON(), nullable=False),
        sa.Column("include", sa.JSON(), nullable=False),
        sa.Column("exclude", sa.JSON(), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("attributes_from_path", sa.JSON(), nullable=False),
        sa.Column("delete_missing", sa.Boolean(), nullable=False),
        sa.Column("retry_failed", sa.Boolean(), nullable=False),
        sa.Column("cron", sa.String(length=100), nullable=False),
        sa.Column("timezone", sa.String(length=64), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("next_run_at", sa.BigInteger(), nullable=True),
        sa.Column("wanted_at", sa.Float(precision=53), nullable=True),
        sa.Column("not_before", sa.Float(precision=53), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.Float(precision=53), nullable=True),
        sa.Column("lease_owner", sa.String(length=128), nullable=True),
        sa.Column("run_id", sa.String(length=64), nullable=True),
        sa.Column("began_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("announced", sa.Boolean(), nullable=False),
        sa.Column("result", sa.String(length=16), nullable=True),
        sa.Column("uploaded", sa.BigInteger(), nullable=False),
        sa.Column("removed", sa.BigInteger(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.CheckConstraint("paused = (next_run_at IS NULL)", name="only_paused_never_runs"),
        sa.CheckConstraint("(run_id IS NULL) = (began_at IS NULL)", name="a_run_has_begun"),
        sa.CheckConstraint("ended_at IS NULL OR run_id IS NOT NULL", name="only_a_run_ends"),
        sa.CheckConstraint("(ended_at IS NULL) = (result IS NULL)", name="what_ended_has_a_result"),
        sa.CheckConstraint("ended_at IS NOT NULL OR NOT announced", name="only_what_ended_is_announced"),
        sa.CheckConstraint("result IN ('completed','incomplete','failed')", name="result"),
        sa.CheckConstraint("(lease_owner IS NULL) = (lease_until IS NULL)", name="leased_by_somebody"),
        sa.CheckConstraint(
            "lease_until IS NULL OR (run_id IS NOT NULL AND ended_at IS NULL)", name="only_runs_are_leased"
        ),
        sa.CheckConstraint("0 <= attempts AND attempts <= fence", name="hands"),
        sa.CheckConstraint("uploaded >= 0 AND removed >= 0", name="counts"),
        sa.ForeignKeyConstraint(["vector_store_id"], ["vector_stores.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("import_schedules", schema=None) as batch_op:
        batch_op.create_index(
            "ix_import_schedules_due",
            ["next_run_at"],
            unique=False,
            postgresql_where=sa.text("next_run_at IS NOT NULL"),
            sqlite_where=sa.text("next_run_at IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_import_schedules_work",
            ["not_before"],
            unique=False,
            postgresql_where=sa.text("wanted_at IS NOT NULL OR (run_id IS NOT NULL AND ended_at IS NULL)"),
            sqlite_where=sa.text("wanted_at IS NOT NULL OR (run_id IS NOT NULL AND ended_at IS NULL)"),
        )
        batch_op.create_index("ix_import_schedules_store", ["vector_store_id", "row"], unique=False)
        batch_op.create_index(
            "ix_import_schedules_unannounced",
            ["row"],
            unique=False,
            postgresql_where=sa.text("ended_at IS NOT NULL AND NOT announced"),
            sqlite_where=sa.text("ended_at IS NOT NULL AND NOT announced"),
        )

    op.create_table(
        "imported_files",
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("schedule", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("file_id", sa.String(length=64), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("stamp", sa.Text(), nullable=False),
        sa.Column("going", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["file_id"], ["files.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["schedule"], ["import_schedules.row"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("file_id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("imported_files", schema=None) as batch_op:
        batch_op.create_index("ix_imported_files_schedule", ["schedule", "row"], unique=False)

    op.create_table(
        "file_batches",
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("vector_store_id", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_at", sa.Float(precision=53), nullable=True),
        sa.Column("expired", sa.Boolean(), nullable=False),
        sa.Column("swept", sa.Boolean(), nullable=False),
        sa.Column("reindex", sa.Boolean(), nullable=False),
        sa.Column("chunk_tokens", sa.BigInteger(), nullable=True),
        sa.Column("chunk_overlap", sa.BigInteger(), nullable=True),
        sa.Column("model", sa.String(length=200), nullable=True),
        sa.Column("announced", sa.Boolean(), nullable=False),
        sa.Column("dispatched_at", sa.Float(precision=53), nullable=False),
        sa.Column("in_progress", sa.BigInteger(), nullable=False),
        sa.Column("completed", sa.BigInteger(), nullable=False),
        sa.Column("failed", sa.BigInteger(), nullable=False),
        sa.Column("cancelled", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("cancelled_at IS NULL OR in_progress = 0", name="cancelled_is_final"),
        sa.CheckConstraint(
            "cancelled_at IS NOT NULL OR NOT (swept OR expired)",
            name="only_cancelled_is_swept_or_expired",
        ),
        sa.CheckConstraint("in_progress >= 0 AND completed >= 0 AND failed >= 0 AND cancelled >= 0", name="counts"),
        sa.ForeignKeyConstraint(["vector_store_id"], ["vector_stores.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("file_batches", schema=None) as batch_op:
        batch_op.create_index(
            "ix_file_batches_active",
            ["dispatched_at"],
            unique=False,
            postgresql_where=sa.text("in_progress > 0"),
            sqlite_where=sa.text("in_progress > 0"),
        )
        batch_op.create_index(
            "ix_file_batches_unannounced",
            ["row"],
            unique=False,
            postgresql_where=sa.text("in_progress = 0 AND NOT announced"),
            sqlite_where=sa.text("in_progress = 0 AND NOT announced"),
        )
        batch_op.create_index(
            "ix_file_batches_unswept",
            ["row"],
            unique=False,
            postgresql_where=sa.text("cancelled_at IS NOT NULL AND NOT swept"),
            sqlite_where=sa.text("cancelled_at IS NOT NULL AND NOT swept"),
        )
        batch_op.create_index(batch_op.f("ix_file_batches_vector_store_id"), ["vector_store_id"], unique=False)

    op.create_table(
        "batch_files",
        sa.Column("batch", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("store_file", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("error_code", sa.String(length=32), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.CheckConstraint("status IN ('in_progress','completed','failed','cancelled')", name="status"),
        sa.ForeignKeyConstraint(["batch"], ["file_batches.row"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("batch", "store_file"),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("batch_files", schema=None) as batch_op:
        batch_op.create_index(
            "ix_batch_files_open",
            ["store_file"],
            unique=False,
            postgresql_where=sa.text("status = 'in_progress'"),
            sqlite_where=sa.text("status = 'in_progress'"),
        )

    op.create_table(
        "store_files",
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("vector_store_id", sa.String(length=64), nullable=False),
        sa.Column("file_id", sa.String(length=64), nullable=False),
        sa.Column("batch", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("attributes", sa.JSON(), nullable=False),
        sa.Column("attributes_version", sa.BigInteger(), nullable=False),
        sa.Column("chunk_tokens", sa.BigInteger(), nullable=False),
        sa.Column("chunk_overlap", sa.BigInteger(), nullable=False),
        sa.Column("redo_tokens", sa.BigInteger(), nullable=True),
        sa.Column("redo_overlap", sa.BigInteger(), nullable=True),
        sa.Column("redo_model", sa.String(length=200), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("fence", sa.BigInteger(), nullable=False),
        sa.Column("generation", sa.BigInteger(), nullable=False),
        sa.Column("live_generation", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("kills", sa.BigInteger(), nullable=False),
        sa.Column("queued_at", sa.Float(precision=53), nullable=False),
        sa.Column("trace", sa.String(length=55), nullable=True),
        sa.Column("not_before", sa.Float(precision=53), nullable=False),
        sa.Column("published_at", sa.Float(precision=53), nullable=True),
        sa.Column("lease_until", sa.Float(precision=53), nullable=True),
        sa.Column("lease_owner", sa.String(length=128), nullable=True),
        sa.Column("made_for", sa.String(length=200), nullable=True),
        sa.Column("model", sa.String(length=200), nullable=True),
        sa.Column("made_with", sa.Text(), nullable=True),
        sa.Column("chunks", sa.BigInteger(), nullable=False),
        sa.Column("terms", sa.BigInteger(), nullable=False),
        sa.Column("usage_bytes", sa.BigInteger(), nullable=False),
        sa.Column("aside_generation", sa.BigInteger(), nullable=True),
        sa.Column("aside_model", sa.String(length=200), nullable=True),
        sa.Column("aside_tokens", sa.BigInteger(), nullable=True),
        sa.Column("aside_overlap", sa.BigInteger(), nullable=True),
        sa.Column("aside_made_with", sa.Text(), nullable=True),
        sa.Column("aside_chunks", sa.BigInteger(), nullable=True),
        sa.Column("aside_terms", sa.BigInteger(), nullable=True),
        sa.Column("aside_bytes", sa.BigInteger(), nullable=True),
        sa.Column("error_code", sa.String(length=32), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.CheckConstraint("(status = 'failed') = (error_code IS NOT NULL)", name="only_failed_has_an_error"),
        sa.CheckConstraint("(status = 'running') = (lease_until IS NOT NULL)", name="only_running_is_leased"),
        sa.CheckConstraint(
            "status <> 'completed' OR (live_generation IS NOT NULL AND live_generation <= generation)",
            name="completed_is_live",
        ),
        sa.CheckConstraint(
            "redo_tokens IS NULL OR (status IN ('queued','running') AND live_generation IS NOT NULL)",
            name="only_what_is_live_is_redone",
        ),
        sa.CheckConstraint("status IN ('queued','running','completed','failed','cancelled')", name="status"),
        sa.CheckConstraint("(lease_owner IS NULL) = (lease_until IS NULL)", name="leased_by_somebody"),
        sa.CheckConstraint("0 <= kills AND kills <= attempts AND attempts <= fence", name="hands"),
        sa.CheckConstraint(
            "generation >= 1 AND (live_generation IS NULL OR live_generation BETWEEN 1 AND generation)",
            name="generations",
        ),
        sa.CheckConstraint("chunks >= 0 AND terms >= 0 AND usage_bytes >= 0", name="sizes"),
        sa.CheckConstraint(
            "live_generation IS NOT NULL OR (chunks = 0 AND terms = 0 AND usage_bytes = 0)",
            name="only_what_is_live_has_sizes",
        ),
        sa.CheckConstraint(
            "live_generation IS NULL OR status NOT IN ('failed','cancelled')",
            name="what_ended_badly_is_not_live",
        ),
        sa.CheckConstraint("published_at IS NULL OR status = 'queued'", name="only_queued_is_published"),
        sa.CheckConstraint("redo_model IS NULL OR redo_tokens IS NOT NULL", name="only_what_is_redone_is_for_a_model"),
        sa.CheckConstraint("(model IS NULL) = (live_generation IS NULL)", name="what_is_live_has_a_model"),
        sa.CheckConstraint(
            "aside_generation IS NULL OR (live_generation IS NOT NULL AND aside_generation <> live_generation"
            " AND aside_generation BETWEEN 1 AND generation)",
            name="only_what_is_live_has_something_aside",
        ),
        sa.CheckConstraint(
            "(aside_generation IS NULL) = (aside_model IS NULL) AND (aside_generation IS NULL) = (aside_chunks IS NULL)"
            " AND (aside_generation IS NULL) = (aside_terms IS NULL)"
            " AND (aside_generation IS NULL) = (aside_bytes IS NULL)"
            " AND (aside_generation IS NULL) = (aside_tokens IS NULL)"
            " AND (aside_generation IS NULL) = (aside_overlap IS NULL)",
            name="aside_as_a_whole",
        ),
        sa.CheckConstraint("aside_model IS NULL OR aside_model <> model", name="aside_is_another_model"),
        sa.ForeignKeyConstraint(["batch"], ["file_batches.row"], ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["file_id"],
            ["files.id"],
        ),
        sa.ForeignKeyConstraint(["vector_store_id"], ["vector_stores.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("vector_store_id", "file_id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("store_files", schema=None) as batch_op:
        batch_op.create_index(
            "ix_store_files_asleep",
            ["not_before"],
            unique=False,
            postgresql_where=sa.text("status = 'queued' AND not_before > 0"),
            sqlite_where=sa.text("status = 'queued' AND not_before > 0"),
        )
        batch_op.create_index("ix_store_files_file", ["file_id"], unique=False)
        batch_op.create_index(
            "ix_store_files_leases",
            ["lease_until"],
            unique=False,
            postgresql_where=sa.text("status = 'running'"),
            sqlite_where=sa.text("status = 'running'"),
        )
        batch_op.create_index(
            "ix_store_files_model",
            ["vector_store_id", "model"],
            unique=False,
            postgresql_where=sa.text("model IS NOT NULL"),
            sqlite_where=sa.text("model IS NOT NULL"),
        )
        batch_op.create_index("ix_store_files_page", ["vector_store_id", "row"], unique=False)
        batch_op.create_index(
            "ix_store_files_published",
            ["published_at"],
            unique=False,
            postgresql_where=sa.text("status = 'queued' AND published_at IS NOT NULL"),
            sqlite_where=sa.text("status = 'queued' AND published_at IS NOT NULL"),
        )
        batch_op.create_index("ix_store_files_status", ["vector_store_id", "status", "row"], unique=False)
        batch_op.create_index("ix_store_files_batch", ["batch", "status"], unique=False)
        batch_op.create_index(
            "ix_store_files_waiting",
            ["batch", "published_at", "row"],
            unique=False,
            postgresql_where=sa.text("status = 'queued'"),
            sqlite_where=sa.text("status = 'queued'"),
        )

    op.create_table(
        "webhook_endpoints",
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("project", sa.String(length=64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("event_types", sa.JSON(), nullable=False),
        sa.Column("secret", sa.String(length=64), nullable=False),
        sa.Column("old_secret", sa.String(length=64), nullable=True),
        sa.Column("old_secret_until", sa.Float(precision=53), nullable=True),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.Column("delivered", sa.BigInteger(), nullable=False),
        sa.Column("given_up", sa.BigInteger(), nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("(old_secret IS NULL) = (old_secret_until IS NULL)", name="an_old_secret_has_an_end"),
        sa.ForeignKeyConstraint(["project"], ["projects.id"]),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("webhook_endpoints", schema=None) as batch_op:
        batch_op.create_index("ix_webhook_endpoints_project", ["project", "row"], unique=False)

    op.create_table(
        "webhook_deliveries",
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("endpoint", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event_id", sa.String(length=64), nullable=False),
        sa.Column("type", sa.String(length=64), nullable=False),
        sa.Column("object_id", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(precision=53), nullable=False),
        sa.Column("attempts", sa.BigInteger(), nullable=False),
        sa.Column("next_try", sa.Float(precision=53), nullable=False),
        sa.ForeignKeyConstraint(["endpoint"], ["webhook_endpoints.row"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("row"),
        sa.UniqueConstraint("endpoint", "type", "object_id"),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("webhook_deliveries", schema=None) as batch_op:
        batch_op.create_index("ix_webhook_deliveries_due", ["next_try"], unique=False)

    op.create_table(
        "verifications",
        sa.Column("row", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("cron", sa.Text(), nullable=False),
        sa.Column("next_at", sa.Float(precision=53), nullable=False),
        sa.Column("ended_at", sa.Float(precision=53), nullable=True),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("row"),
    )


def downgrade() -> None:
    op.drop_table("tombstones")
    op.drop_table("outages")
    op.drop_table("loose_blobs")
    for table in (
        "imported_files",
        "import_schedules",
        "verifications",
        "webhook_deliveries",
        "webhook_endpoints",
        "store_files",
        "batch_files",
        "file_batches",
        "vector_stores",
        "collections",
        "point_jobs",
        "upload_parts",
        "uploads",
        "files",
        "api_keys",
        "projects",
    ):
        op.drop_table(table)

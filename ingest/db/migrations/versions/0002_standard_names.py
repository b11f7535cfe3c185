"""Rename tables, columns and the kinds of stored findings to standard terms.

CHECKs, indexes and their names stay; both databases rewrite their text.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = {"loose_blobs": "unclaimed_blobs"}

COLUMNS = {
    "store_files": {
        "redo_tokens": "pending_chunk_tokens",
        "redo_overlap": "pending_chunk_overlap",
        "redo_model": "pending_model",
        "kills": "crashes",
        "trace": "traceparent",
        "lease_owner": "lease_holder",
        "made_for": "claimed_model",
        "made_with": "pipeline_version",
        "aside_generation": "standby_generation",
        "aside_model": "standby_model",
        "aside_tokens": "standby_chunk_tokens",
        "aside_overlap": "standby_chunk_overlap",
        "aside_made_with": "standby_pipeline_version",
        "aside_chunks": "standby_chunks",
        "aside_terms": "standby_terms",
        "aside_bytes": "standby_usage_bytes",
    },
    "vector_stores": {
        "other_model": "standby_model",
        "other_state": "standby_state",
        "kept_since": "standby_since",
    },
    "unclaimed_blobs": {"wanted": "is_reserved"},
    "imported_files": {"address": "source", "stamp": "fingerprint", "going": "is_removed"},
    "import_schedules": {"lease_owner": "lease_holder", "wanted_at": "due_since"},
    "point_jobs": {"first": "first_generation", "generation": "last_generation", "final": "is_final"},
}

FINDING_KINDS = {
    "store counters": "store_counters",
    "batch counters": "batch_counters",
    "broken row": "broken_row",
    "batch membership": "batch_membership",
    "points missing": "points_missing",
    "points left over": "points_orphaned",
    "blob missing": "blob_missing",
    "blob left over": "blob_orphaned",
    "text left over": "text_orphaned",
    "part missing": "part_missing",
    "part left over": "part_orphaned",
}


def upgrade() -> None:
    for old, new in TABLES.items():
        op.rename_table(old, new)
    for table, names in COLUMNS.items():
        for old, new in names.items():
            op.execute(f'ALTER TABLE {table} RENAME COLUMN "{old}" TO "{new}"')
    _rename_findings(FINDING_KINDS)


def downgrade() -> None:
    _rename_findings({new: old for old, new in FINDING_KINDS.items()})
    for table, names in COLUMNS.items():
        for old, new in names.items():
            op.execute(f'ALTER TABLE {table} RENAME COLUMN "{new}" TO "{old}"')
    for old, new in TABLES.items():
        op.rename_table(new, old)


def _rename_findings(kinds: dict[str, str]) -> None:
    """Rename the kinds that `/metrics` exports until the next verification; otherwise it would export zeros."""
    verifications = sa.table("verifications", sa.column("row", sa.BigInteger), sa.column("findings", sa.JSON))
    connection = op.get_bind()
    for row, findings in connection.execute(sa.select(verifications.c.row, verifications.c.findings)).all():
        renamed = {kinds.get(kind, kind): count for kind, count in findings.items()}
        connection.execute(sa.update(verifications).where(verifications.c.row == row).values(findings=renamed))

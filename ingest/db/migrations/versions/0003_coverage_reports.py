"""Add the coverage report of a file in a store, the lane it is processed in, and its progress in pages.

Constant defaults change no stored row on either database, so the time does not depend on the number of files. Only the
new indexes read them: one is empty at first, the other has the queued files.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("store_files", sa.Column("warnings", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("store_files", sa.Column("report", sa.JSON(), nullable=True))
    op.add_column("store_files", sa.Column("lane", sa.String(length=16), nullable=False, server_default="fast"))
    op.add_column("store_files", sa.Column("pages_done", sa.BigInteger(), nullable=True))
    op.add_column("store_files", sa.Column("pages_total", sa.BigInteger(), nullable=True))
    _create_waiting_index(["batch", "lane", "published_at", "row"])
    has_warnings = sa.text("warnings > 0")
    op.create_index(
        "ix_store_files_warnings",
        "store_files",
        ["vector_store_id", "row"],
        postgresql_where=has_warnings,
        sqlite_where=has_warnings,
    )


def downgrade() -> None:
    op.drop_index("ix_store_files_warnings", "store_files")
    _create_waiting_index(["batch", "published_at", "row"])
    for column in ("pages_total", "pages_done", "lane", "report", "warnings"):
        op.drop_column("store_files", column)


def _create_waiting_index(columns: list[str]) -> None:
    """Replace the feeder's index, which finds the waiting files of a batch."""
    is_queued = sa.text("status = 'queued'")
    op.drop_index("ix_store_files_waiting", "store_files")
    op.create_index(
        "ix_store_files_waiting", "store_files", columns, postgresql_where=is_queued, sqlite_where=is_queued
    )

"""Add the gates of re-indexes: golden queries that a new index must answer as well as the current one."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "reindex_gates",
        sa.Column("vector_store_id", sa.String(length=64), nullable=False),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("tolerance", sa.Float(precision=53), nullable=False),
        sa.Column("query_count", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("batch", sa.BigInteger(), nullable=True),
        sa.Column("epoch", sa.BigInteger(), nullable=True),
        sa.Column("recalls", sa.JSON(), nullable=False),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("evaluated_at", sa.Float(precision=53), nullable=True),
        sa.Column("announced", sa.Boolean(), nullable=False),
        sa.Column("queries", sa.JSON(), nullable=False),
        sa.CheckConstraint("state IN ('waiting','passed','failed','overridden')", name="state"),
        sa.CheckConstraint("tolerance >= 0", name="tolerance"),
        sa.ForeignKeyConstraint(["vector_store_id"], ["vector_stores.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("vector_store_id", "model"),
        sqlite_with_rowid=False,
    )
    is_unannounced = sa.text("NOT announced")
    op.create_index(
        "ix_reindex_gates_unannounced",
        "reindex_gates",
        ["vector_store_id"],
        postgresql_where=is_unannounced,
        sqlite_where=is_unannounced,
    )


def downgrade() -> None:
    op.drop_table("reindex_gates")

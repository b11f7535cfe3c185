"""Add checksums of the texts of points, and readings of the database's clock.

Files from before have no checksum, and the new columns change no stored row, so the time does not depend on their number.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_CHECKSUMS = ("text_checksum", "standby_text_checksum")


def upgrade() -> None:
    for column in _CHECKSUMS:
        op.add_column("store_files", sa.Column(column, sa.BigInteger(), nullable=True))
    op.create_table(
        "clock_readings",
        sa.Column("boot_id", sa.String(length=64), nullable=False),
        sa.Column("uptime", sa.Float(precision=53), nullable=False),
        sa.Column("read_at", sa.Float(precision=53), nullable=False),
        sa.Column("jumped_at", sa.Float(precision=53), nullable=True),
        sa.Column("jump_seconds", sa.Float(precision=53), nullable=True),
        sa.PrimaryKeyConstraint("boot_id"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("clock_readings")
    for column in _CHECKSUMS:
        op.drop_column("store_files", column)

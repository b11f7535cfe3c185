"""Add the heartbeats of workers, the reasons of outages and their embedding models, and the index of waiting slow files."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_OUTAGE_COLUMNS = ("dependency", "since", "failures", "next_try")


def upgrade() -> None:
    op.create_table(
        "workers",
        sa.Column("id", sa.String(length=160), nullable=False),
        sa.Column("node", sa.String(length=128), nullable=False),
        sa.Column("lanes", sa.String(length=64), nullable=False),
        sa.Column("processes", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.Float(precision=53), nullable=False),
        sa.Column("heartbeat_at", sa.Float(precision=53), nullable=False),
        sa.Column("alive_until", sa.Float(precision=53), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    outages = _read_outages()
    op.drop_table("outages")
    _create_outages(
        sa.Column("model", sa.String(length=200), nullable=False, server_default=""),
        sa.Column("reason", sa.Text(), nullable=False, server_default=""),
        key=("dependency", "model"),
    )
    _insert_outages(outages)
    is_slow = sa.text("status = 'queued' AND lane = 'slow'")
    op.create_index("ix_store_files_slow", "store_files", ["row"], postgresql_where=is_slow, sqlite_where=is_slow)


def downgrade() -> None:
    op.drop_index("ix_store_files_slow", "store_files")
    outages = {row["dependency"]: row for row in _read_outages()}
    op.drop_table("outages")
    _create_outages(key=("dependency",))
    _insert_outages(list(outages.values()))
    op.drop_table("workers")


def _create_outages(*added: "sa.Column[str]", key: tuple[str, ...]) -> None:
    """Create the table. SQLite cannot change a primary key, so the few rows move to a new table."""
    op.create_table(
        "outages",
        sa.Column("dependency", sa.String(length=32), nullable=False),
        sa.Column("since", sa.Float(precision=53), nullable=False),
        sa.Column("failures", sa.BigInteger(), nullable=False),
        sa.Column("next_try", sa.Float(precision=53), nullable=False),
        *added,
        sa.PrimaryKeyConstraint(*key),
        sqlite_with_rowid=False,
    )


def _read_outages() -> list[dict[str, object]]:
    rows = op.get_bind().execute(sa.text(f"SELECT {', '.join(_OUTAGE_COLUMNS)} FROM outages"))
    return [dict(row) for row in rows.mappings()]


def _insert_outages(rows: list[dict[str, object]]) -> None:
    values = ", ".join(f":{column}" for column in _OUTAGE_COLUMNS)
    for row in rows:
        op.get_bind().execute(sa.text(f"INSERT INTO outages ({', '.join(_OUTAGE_COLUMNS)}) VALUES ({values})"), row)

"""Let secrets of webhooks have any length, because encrypted ones are longer.

The service encrypts the secrets that are stored already (ingest/webhooks/secrets_at_rest.py): a migration has no key.
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_COLUMNS = {"secret": False, "old_secret": True}
"""Whether each column may be null."""


def upgrade() -> None:
    _set_type(sa.String(length=64), sa.Text())


def downgrade() -> None:
    _set_type(sa.Text(), sa.String(length=64))


def _set_type(before: "sa.String", after: "sa.String") -> None:
    if op.get_bind().dialect.name == "sqlite":
        _set_type_in_sqlite(before, after)
        return
    for column, nullable in _COLUMNS.items():
        op.alter_column("webhook_endpoints", column, type_=after, existing_type=before, existing_nullable=nullable)


def _set_type_in_sqlite(before: "sa.String", after: "sa.String") -> None:
    """Change the text of the schema: SQLite enforces no lengths, so no row changes.

    A new table in the place of the old one would delete the deliveries, which refer to their endpoints.
    """
    connection = op.get_bind()
    version = connection.execute(sa.text("PRAGMA schema_version")).scalar_one()
    connection.execute(sa.text("PRAGMA writable_schema = ON"))
    for column in _COLUMNS:
        statement = "UPDATE sqlite_master SET sql = replace(sql, :old, :new) WHERE name = 'webhook_endpoints'"
        connection.execute(sa.text(statement), {"old": f"\t{column} {before}", "new": f"\t{column} {after}"})
    connection.execute(sa.text(f"PRAGMA schema_version = {int(version) + 1}"))
    connection.execute(sa.text("PRAGMA writable_schema = OFF"))

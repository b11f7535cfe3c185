"""Add what search scores need: the cosine floor of a model, and the languages of a store.

Constant defaults change no stored row on either database, so the time does not depend on the number of stores.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("collections", sa.Column("cosine_floor", sa.Float(), nullable=True))
    op.add_column("vector_stores", sa.Column("languages", sa.BigInteger(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("vector_stores", "languages")
    op.drop_column("collections", "cosine_floor")

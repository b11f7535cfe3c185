"""Apply the migrations to the connection that ingest/db/migrate.py hands over. Alembic runs this file."""

from alembic import context

from ingest.db.models import Base

context.configure(
    connection=context.config.attributes["connection"], target_metadata=Base.metadata, render_as_batch=True
)
with context.begin_transaction():
    context.run_migrations()

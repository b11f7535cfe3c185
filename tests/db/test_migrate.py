"""The migrations make the tables that the models describe."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from ingest.db.migrate import migrate
from ingest.db.models import Base
from ingest.db.session import Database
from ingest.embedded.parts import free_port
from ingest.errors import DependencyDown, Refused


def test_the_migrated_tables_are_those_of_the_models(database: Database) -> None:
    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)

    assert differences == []


def test_migrating_again_changes_nothing(database: Database) -> None:
    migrate(database)
    migrate(database)


def test_a_database_of_a_newer_version_is_refused(database: Database) -> None:
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(Refused, match="another version"):
        migrate(database)


def test_a_database_that_does_not_answer_is_an_outage() -> None:
    database = Database(f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none")

    with pytest.raises(DependencyDown, match="database"):
        migrate(database)

"""Migrations: every revision upgrades data of the one before, the head matches the models, other schemas are refused."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, select, text
from structlog.testing import capture_logs

from ingest.config import Settings
from ingest.db import migrate as migrations
from ingest.db.checks import verifications
from ingest.db.migrate import check_schema, exit_unless_schema_fits, migrate, revisions, upgrade_to
from ingest.db.models import Base
from ingest.db.session import Database
from ingest.embedded.processes import free_port
from ingest.errors import DependencyDown, Refused
from ingest.verify.report import FINDING_KINDS
from tests.db import old_rows
from tests.db.conftest import SHORT_TIMEOUTS

FIRST_RELEASE = Path(migrations.__file__).parent / "migrations" / "versions" / "0001_initial.py"
FIRST_RELEASE_SHA256 = "ea86a84fe4934dbee32d404ccd964e2702db506ecaa8ef061ecf8d10b9dc4b3a"


def test_the_schema_of_the_first_release_is_frozen() -> None:
    assert hashlib.sha256(FIRST_RELEASE.read_bytes()).hexdigest() == FIRST_RELEASE_SHA256


# --- upgrades ---


@pytest.mark.parametrize(("older", "newer"), list(zip(revisions(), revisions()[1:], strict=False)))
def test_every_revision_upgrades_from_the_one_before_with_data_in_all_tables(
    empty_database: Database, older: str, newer: str
) -> None:
    with empty_database.engine.begin() as connection:
        upgrade_to(connection, older)
        connection.execute(text("DELETE FROM projects"))  # the default one
        for table, row in old_rows.ROWS[older].items():
            _insert(connection, table, row)
        assert set(old_rows.ROWS[older]) == set(inspect(connection).get_table_names()) - {"alembic_version"}
    with empty_database.engine.begin() as connection:
        upgrade_to(connection, newer)

    migrate(empty_database)

    expected = old_rows.at_head(older)
    assert set(expected) == set(Base.metadata.tables)
    assert _read_through_models(empty_database) == expected


@pytest.mark.parametrize("revision", revisions())
def test_row_numbers_are_not_used_again_after_an_upgrade(empty_database: Database, revision: str) -> None:
    with empty_database.engine.begin() as connection:
        upgrade_to(connection, revision)
        blobs = "loose_blobs" if revision == "0001" else "unclaimed_blobs"
        flag = "wanted" if revision == "0001" else "is_reserved"
        for _ in range(3):
            connection.execute(text(f"INSERT INTO {blobs} (blob, since, {flag}) VALUES ('b', 1.0, :no)"), {"no": False})
        connection.execute(text(f"DELETE FROM {blobs}"))

    migrate(empty_database)

    with empty_database.engine.begin() as connection:
        adding = "INSERT INTO unclaimed_blobs (blob, since, is_reserved) VALUES ('b', 1.0, :no) RETURNING row"
        assert connection.execute(text(adding), {"no": False}).scalar_one() == 4


def test_findings_of_the_last_verification_have_the_kinds_of_the_revision(empty_database: Database) -> None:
    first_release = {"store counters": 1, "points left over": 2, "text left over": 3, "stuck": 4}
    with empty_database.engine.begin() as connection:
        upgrade_to(connection, "0001")
        row = old_rows.ROWS["0001"]["verifications"] | {"findings": json.dumps(first_release)}
        _insert(connection, "verifications", row)

    migrate(empty_database)

    with empty_database.reading() as session:
        last = verifications.get_last(session)
    assert last is not None
    assert last.findings == {"store_counters": 1, "points_orphaned": 2, "text_orphaned": 3, "stuck": 4}
    assert set(last.findings) <= set(FINDING_KINDS)

    with empty_database.engine.begin() as connection:
        command.downgrade(migrations._config(connection), "0001")
        findings = connection.execute(text("SELECT findings FROM verifications")).scalar_one()
    assert (json.loads(findings) if isinstance(findings, str) else findings) == first_release


@pytest.mark.parametrize("revision", revisions())
def test_every_revision_can_be_undone(empty_database: Database, revision: str) -> None:
    with empty_database.engine.begin() as connection:
        upgrade_to(connection, revision)
        before = _schema(connection)
    migrate(empty_database)
    with empty_database.engine.begin() as connection:
        command.downgrade(migrations._config(connection), revision)

        assert _schema(connection) == before


def test_migrating_again_changes_nothing(database: Database) -> None:
    with database.engine.connect() as connection:
        before = _schema(connection)

    migrate(database)
    migrate(database)

    with database.engine.connect() as connection:
        assert _schema(connection) == before


# --- the head and the models ---


def test_the_migrated_tables_are_those_of_the_models(database: Database) -> None:
    with database.engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), Base.metadata)

    assert differences == []


def test_columns_constraints_and_indexes_are_those_that_the_models_create(empty_database: Database) -> None:
    migrate(empty_database)
    with empty_database.engine.begin() as connection:
        migrated = _schema(connection)
        Base.metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
        Base.metadata.create_all(connection)
        created = _schema(connection)

    del migrated["alembic_version"]
    assert migrated == created


# --- refusals ---


def test_a_revision_that_the_code_does_not_know_is_refused(database: Database) -> None:
    _set_revision(database, "9999")

    for attempt in (migrate, check_schema):
        with pytest.raises(
            Refused, match=r"schema revision 9999, .* Run the version of ingest that migrated"
        ) as refusal:
            attempt(database)
        assert "\n" not in str(refusal.value)


def test_an_older_revision_is_refused_unless_the_caller_migrates(empty_database: Database) -> None:
    with empty_database.engine.begin() as connection:
        upgrade_to(connection, "0001")

    with pytest.raises(Refused, match=rf"revision 0001, .* needs {revisions()[-1]}\. Run `ingest migrate` first"):
        check_schema(empty_database)
    check_schema(empty_database, allow_older=True)


def test_a_database_without_a_schema_is_refused_unless_the_caller_migrates(empty_database: Database) -> None:
    with pytest.raises(Refused, match=r"no schema, .* Run `ingest migrate` first"):
        check_schema(empty_database)
    check_schema(empty_database, allow_older=True)


def test_the_schema_of_the_head_is_accepted(database: Database) -> None:
    check_schema(database)


def test_the_check_does_not_wait_for_a_writer(database: Database) -> None:
    other = Database(database.engine.url.render_as_string(hide_password=False), timeouts=SHORT_TIMEOUTS)
    with database.transaction() as session:
        session.execute(text("DELETE FROM tombstones"))

        check_schema(other)
    other.dispose()


def test_a_development_database_from_before_the_first_release_is_refused(empty_database: Database) -> None:
    with empty_database.engine.begin() as connection:
        upgrade_to(connection, "0001")
        connection.execute(text("ALTER TABLE store_files DROP COLUMN trace"))
        connection.execute(text("DROP TABLE verifications"))

    with pytest.raises(
        Refused, match=r"0001 but lacks store_files\.trace, verifications\.cron, .* development"
    ) as refusal:
        migrate(empty_database)
    assert "\n" not in str(refusal.value)
    with empty_database.engine.connect() as connection:
        assert "redo_tokens" in {column["name"] for column in inspect(connection).get_columns("store_files")}


def test_a_database_that_does_not_answer_is_an_outage() -> None:
    database = Database(f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none")

    for attempt in (migrate, check_schema):
        with pytest.raises(DependencyDown, match="database"):
            attempt(database)


def test_a_process_continues_when_the_database_is_unreachable(settings: Settings) -> None:
    with capture_logs() as records:
        exit_unless_schema_fits(settings.model_copy(update={"data": settings.data / "no" / "such"}))

    assert [record["event"] for record in records] == ["schema_not_checked"]


ENTRY_POINTS = {
    "migrate": ["-c", "from ingest.cli import main; main()", "migrate"],
    "up": ["-c", "from ingest.cli import main; main()", "up"],
    "api": ["-m", "api.server", "--port", "1"],
    "worker": ["-m", "celery", "-A", "workers.app", "worker", "--pool", "solo"],
}


@pytest.mark.services
@pytest.mark.parametrize("entry_point", ENTRY_POINTS)
def test_every_entry_point_refuses_an_unknown_revision_with_one_line(tmp_path: Path, entry_point: str) -> None:
    database = Database(f"sqlite:///{tmp_path}/ingest.db")
    migrate(database)
    _set_revision(database, "9999")
    database.dispose()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("INGEST_")}

    ended = subprocess.run(
        [sys.executable, *ENTRY_POINTS[entry_point]],
        env={**environment, "INGEST_DATA": str(tmp_path), "INGEST_REDIS_URL": "redis://127.0.0.1:1/0"},
        capture_output=True,
        text=True,
        timeout=100,
    )

    lines = [line for line in ended.stderr.splitlines() if "9999" in line]
    assert (ended.returncode, len(lines)) == (2, 1), ended.stderr
    assert "Traceback" not in ended.stderr


def _set_revision(database: Database, revision: str) -> None:
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})


def _insert(connection: Connection, table: str, row: dict[str, Any]) -> None:
    names = ", ".join(f'"{name}"' for name in row)
    values = ", ".join(f":{name}" for name in row)
    connection.execute(text(f"INSERT INTO {table} ({names}) VALUES ({values})"), row)


def _read_through_models(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Return all rows by table and column, as objects of the models have them."""
    rows: dict[str, list[dict[str, Any]]] = {}
    with database.reading() as session:
        for mapper in Base.registry.mappers:
            objects = session.scalars(select(mapper.class_)).all()
            columns = {attribute.key: attribute.columns[0].name for attribute in mapper.column_attrs}
            rows[str(mapper.local_table)] = [
                {name: getattr(each, key) for key, name in columns.items()} for each in objects
            ]
    return rows


def _schema(connection: Connection) -> dict[str, Any]:
    """Return the schema of each table in an order and a spelling that do not depend on past migrations."""
    inspector = inspect(connection)
    return {table: _describe(connection, inspector, table) for table in sorted(inspector.get_table_names())}


def _describe(connection: Connection, inspector: Any, table: str) -> dict[str, Any]:
    where = f"{connection.dialect.name}_where"
    facts = {
        "columns": {
            column["name"]: (str(column["type"]), column["nullable"], bool(column.get("autoincrement")))
            for column in inspector.get_columns(table)
        },
        "checks": {check["name"]: _plain(check["sqltext"]) for check in inspector.get_check_constraints(table)},
        "indexes": {
            index["name"]: (
                index["column_names"],
                index["unique"],
                _plain(str(index["dialect_options"].get(where, ""))),
            )
            for index in inspector.get_indexes(table)
        },
        "unique": sorted(unique["column_names"] for unique in inspector.get_unique_constraints(table)),
        "key": inspector.get_pk_constraint(table)["constrained_columns"],
        "references": sorted(
            (key["constrained_columns"], key["referred_table"], key["referred_columns"], key["options"].get("ondelete"))
            for key in inspector.get_foreign_keys(table)
        ),
    }
    if connection.dialect.name == "sqlite":
        created = connection.execute(text("SELECT sql FROM sqlite_master WHERE name = :table"), {"table": table})
        statement = created.scalar_one()
        facts["options"] = [option for option in ("AUTOINCREMENT", "WITHOUT ROWID") if option in statement]
    return facts


def _plain(sql: str) -> str:
    return " ".join(sql.replace('"', "").split())

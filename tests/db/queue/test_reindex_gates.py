"""Rows of gates. What gates do is in tests/reindex/test_gate.py."""

from typing import Any

from ingest.caller import DEFAULT_PROJECT
from ingest.db.content import stores
from ingest.db.models import ReindexGate
from ingest.db.queue import model_migration, reindex_gates
from ingest.db.session import Database
from tests.db import rows
from tests.db.queue import steps

QUERIES = [{"query": "q", "expected": ["a.txt"]}]


def set_gate(database: Database, store_id: str, queries: list[dict[str, Any]] | None = QUERIES) -> ReindexGate | None:
    with database.transaction() as session:
        store = model_migration.lock_store(session, store_id)
        assert store is not None
        reindex_gates.replace(session, store, "m", queries, 0.5)
    with database.reading() as session:
        return reindex_gates.get(session, store_id, "m")


def test_a_gate_is_set_replaced_and_removed(database: Database) -> None:
    store = rows.create_store(database)

    first, second = set_gate(database, store), set_gate(database, store, QUERIES * 2)

    assert first is not None
    assert second is not None
    assert (first.version, first.state, first.tolerance, first.query_count) == (0, "waiting", 0.5, 1)
    assert (second.version, second.query_count, second.recalls) == (1, 2, [])
    with database.reading() as session:
        assert reindex_gates.read_queries(session, second) == QUERIES * 2
        assert reindex_gates.get(session, store, "another") is None
    assert set_gate(database, store, None) is None


def test_columns_of_another_version_are_not_changed(database: Database) -> None:
    store = rows.create_store(database)
    read = set_gate(database, store)
    assert read is not None
    with database.transaction() as session:
        reindex_gates.reset(session, read, "overridden")

    with database.transaction() as session:
        reindex_gates.update_columns(session, read, {"state": "failed"})

    with database.reading() as session:
        gate = reindex_gates.get(session, store, "m")
    assert gate is not None
    assert (gate.state, gate.version) == ("overridden", 1)


def test_a_verdict_is_to_be_announced(database: Database) -> None:
    store = rows.create_store(database)
    read = set_gate(database, store)
    assert read is not None

    with database.transaction() as session:
        about = {"batch": 3, "epoch": 1, "recalls": [[1.0, 0.0], None]}
        reindex_gates.record_verdict(session, read, about, "failed", {"current": 1.0}, "worse")

    with database.reading() as session:
        gate = reindex_gates.get(session, store, "m")
    assert gate is not None
    assert (gate.state, gate.reason, gate.result, gate.announced) == ("failed", "worse", {"current": 1.0}, False)
    assert (gate.batch, gate.epoch, gate.recalls) == (3, 1, [[1.0, 0.0], None])
    assert gate.evaluated_at is not None


def test_only_searchable_files_of_the_store_are_found_by_name_or_id(database: Database) -> None:
    store, other = rows.create_store(database), rows.create_store(database)
    _, [completed, failed] = steps.create_outcomes(database, store, "", "broken")
    _, [of_other] = steps.create_outcomes(database, other, "")

    with database.reading() as session:
        names = [completed, failed, of_other, "0.txt", "1.txt", "gone.pdf"]
        found = reindex_gates.find_files(session, store, names)

    assert found == {completed, "0.txt"}


def test_the_gate_of_a_deleted_store_goes_with_it(database: Database) -> None:
    store = rows.create_store(database)
    set_gate(database, store)

    with database.transaction() as session:
        stores.delete(session, DEFAULT_PROJECT, store)
        stores.remove_deleted(session, 10)

    with database.reading() as session:
        assert reindex_gates.get(session, store, "m") is None

"""The rows of a migration to another model, on both databases. Whole migrations are in tests/reindex/."""

from sqlalchemy import select

from ingest.config import LOCAL_MODEL
from ingest.db.models import FileBatch, StandbyState, VectorStore
from ingest.db.queue import model_migration
from ingest.db.session import Database
from tests.conftest import Clock
from tests.db import rows
from tests.db.queue import steps

TARGET = "target"


def set_models(
    database: Database,
    store_id: str,
    state: StandbyState | None,
    *,
    model: str | None = None,
    since: float | None = None,
) -> VectorStore:
    with database.transaction() as session:
        store = model_migration.lock_store(session, store_id)
        assert store is not None
        standby = None if state is None else (LOCAL_MODEL if model == TARGET else TARGET)
        model_migration.set_models(
            session, store, model=model, standby_model=standby, standby_state=state, standby_since=since
        )
    return store


def test_every_change_of_the_models_advances_the_epoch(database: Database) -> None:
    store_id = rows.create_store(database)

    staging = set_models(database, store_id, "staging")
    assert (staging.epoch, model_migration.target_model(staging)) == (1, TARGET)
    mixed = set_models(database, store_id, "mixed", model=TARGET)
    assert (mixed.epoch, model_migration.target_model(mixed)) == (2, TARGET)


def test_a_staged_store_is_searched_with_its_model_and_a_mixed_one_with_those_of_its_files(database: Database) -> None:
    store_id = rows.create_store(database)
    steps.create_outcomes(database, store_id, "")

    staging = set_models(database, store_id, "staging")
    with database.reading() as session:
        models = model_migration.search_models(session, staging)
    assert (models.models, models.is_mixed) == ((LOCAL_MODEL,), False)

    mixed = set_models(database, store_id, "mixed", model=TARGET)
    with database.reading() as session:
        models = model_migration.search_models(session, mixed)
    assert (models.models, models.is_mixed) == ((LOCAL_MODEL,), True)


def test_a_store_is_ready_when_no_live_file_needs_a_reindex(database: Database) -> None:
    store_id = rows.create_store(database)
    store = set_models(database, store_id, "staging")
    with database.reading() as session:
        assert model_migration.is_ready(session, store)

    steps.create_outcomes(database, store_id, "", "broken")

    with database.reading() as session:
        assert not model_migration.is_ready(session, store)
        progress = model_migration.measure_progress(session, store)
        assert [s.id for s in model_migration.migrating_stores(session, 0, 10)] == [store_id]
    assert (progress.files, progress.ready) == (1, 0)


def test_a_cancelled_migration_drops_its_points_or_keeps_the_former_model(database: Database) -> None:
    batch = FileBatch(id="vsfb_1", vector_store_id="", created_at=1, model=TARGET)
    for since, state in ((None, "dropping"), (1.0, "kept")):
        store_id = rows.create_store(database)
        set_models(database, store_id, "staging", since=since)
        batch.vector_store_id = store_id
        with database.transaction() as session:
            model_migration.cancel_migration(session, batch)
        with database.reading() as session:
            assert session.scalars(select(VectorStore.standby_state).where(VectorStore.id == store_id)).one() == state


def test_the_rollback_period_ends_after_its_days(database: Database, clock: Clock) -> None:
    store = set_models(database, rows.create_store(database), "kept", model=TARGET, since=clock())

    with database.reading() as session:
        assert not model_migration.is_rollback_period_over(session, store, 1)
    clock.advance(86_400)
    with database.reading() as session:
        assert model_migration.is_rollback_period_over(session, store, 1)

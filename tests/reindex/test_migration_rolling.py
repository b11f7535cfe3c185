"""Rolling migrations: each file cuts over when it is ready."""

from ingest.config import LOCAL_MODEL
from ingest.jobs import run
from ingest.jobs.maintenance import run_maintenance
from ingest.reindex import migration, rerun_batches
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs
from tests.reindex.scenes import (
    HERONS,
    OTHER_MODEL,
    assert_consistent,
    finish_all_work,
    migrate,
    model_state,
    search_texts,
)


def test_a_rolling_migration_cuts_over_file_by_file(services: FakeServices) -> None:
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)
    migrate(services, store, rolling=True)
    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "mixed")

    for ready, message in enumerate(list(services.queue.lanes["bulk"])):
        assert migration.get_migration_status(services, CALLER, store).ready_files == ready
        assert search_texts(services, store) == sorted(HERONS)
        run.run_job(services, message.row, lease_holder="test/1")
    assert search_texts(services, store) == sorted(HERONS)
    run_maintenance(services)

    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "kept")
    assert search_texts(services, store) == sorted(HERONS)
    assert_consistent(services)


def test_a_staged_migration_can_become_a_rolling_one(services: FakeServices) -> None:
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)
    migrate(services, store)
    run.run_job(services, services.queue.lanes["bulk"].pop(0).row, lease_holder="test/1")

    migrate(services, store, rolling=True)

    models = migration.get_migration_status(services, CALLER, store)
    assert (models.standby_state, models.ready_files, models.total_files) == ("mixed", 1, 3)
    assert search_texts(services, store) == sorted(HERONS)
    finish_all_work(services)
    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "kept")
    assert_consistent(services)


def test_a_rolling_migration_can_be_rolled_back(services: FakeServices) -> None:
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)
    migrate(services, store, rolling=True)
    run.run_job(services, services.queue.lanes["bulk"].pop(0).row, lease_holder="test/1")

    rerun_batches.roll_back(services, CALLER, store)

    assert search_texts(services, store) == sorted(HERONS)
    finish_all_work(services)
    assert model_state(services, store) == (LOCAL_MODEL, OTHER_MODEL, "kept")
    assert search_texts(services, store) == sorted(HERONS)
    assert_consistent(services)

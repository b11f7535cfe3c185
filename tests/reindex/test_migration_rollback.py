"""Rollbacks to the previous embedding model, and the period in which they are possible."""

import pytest

from ingest.config import LOCAL_MODEL
from ingest.db.queue.membership import Member
from ingest.errors import DependencyDown, InvalidRequest
from ingest.jobs.maintenance import run_maintenance
from ingest.reindex import migration, rerun_batches
from ingest.stores import batches as file_batches
from ingest.stores import members
from tests.conftest import Clock
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import run_published_jobs, upload_text
from tests.reindex.scenes import (
    DAY,
    HERONS,
    OTHER_MODEL,
    assert_consistent,
    finish_all_work,
    migrated_store,
    model_state,
    point_generations,
    search_texts,
)


def test_a_rollback_is_immediate_while_the_previous_points_are_kept(services: FakeServices) -> None:
    store, _ = migrated_store(services, *HERONS)
    embedded = services.embedder.embedded

    batch = rerun_batches.roll_back(services, CALLER, store)

    assert batch.in_progress == batch.completed == 0
    assert model_state(services, store) == (LOCAL_MODEL, OTHER_MODEL, "kept")
    assert services.embedder.embedded == embedded
    assert search_texts(services, store) == sorted(HERONS)
    assert_consistent(services)


def test_a_rollback_first_embeds_files_added_since_with_the_previous_model(services: FakeServices) -> None:
    store, _ = migrated_store(services, *HERONS)
    members.attach(
        services, CALLER, store, Member(upload_text(services, "A heron that was added later."), {}, 800, 400)
    )
    run_published_jobs(services)

    batch = rerun_batches.roll_back(services, CALLER, store)

    assert batch.in_progress == 1
    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "staging")
    assert len(search_texts(services, store)) == 4
    run_published_jobs(services)
    run_maintenance(services)
    assert model_state(services, store) == (LOCAL_MODEL, OTHER_MODEL, "kept")
    assert len(search_texts(services, store)) == 4
    assert_consistent(services)


def test_the_previous_points_are_deleted_when_the_rollback_period_is_over(services: FakeServices, clock: Clock) -> None:
    store, _ = migrated_store(services, *HERONS)
    until = migration.get_migration_status(services, CALLER, store).kept_until

    clock.advance(7 * DAY - 1)
    finish_all_work(services)
    assert len(point_generations(services, LOCAL_MODEL)) == 3
    clock.advance(1)
    assert until == clock()
    finish_all_work(services)

    assert model_state(services, store) == (OTHER_MODEL, None, None)
    assert point_generations(services, LOCAL_MODEL) == set()
    assert search_texts(services, store) == sorted(HERONS)
    with pytest.raises(InvalidRequest, match="nothing to go back to"):
        rerun_batches.roll_back(services, CALLER, store)
    assert_consistent(services)


def test_the_previous_points_can_be_purged_early(services: FakeServices) -> None:
    store, _ = migrated_store(services, *HERONS)

    assert migration.purge_previous_model(services, CALLER, store).standby_state == "dropping"
    finish_all_work(services)

    assert model_state(services, store) == (OTHER_MODEL, None, None)
    assert point_generations(services, LOCAL_MODEL) == set()
    assert_consistent(services)


def test_a_cancelled_rollback_keeps_the_previous_points(services: FakeServices) -> None:
    store, _ = migrated_store(services, *HERONS)
    members.attach(
        services, CALLER, store, Member(upload_text(services, "A heron that was added later."), {}, 800, 400)
    )
    run_published_jobs(services)
    batch = rerun_batches.roll_back(services, CALLER, store)

    file_batches.cancel(services, CALLER, store, batch.id)
    finish_all_work(services)

    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "kept")
    assert len(point_generations(services, LOCAL_MODEL)) == 3
    assert_consistent(services)


def test_a_rollback_interrupted_by_an_outage_is_finished_by_maintenance(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, _ = migrated_store(services, *HERONS)

    def busy(*_: object) -> None:
        raise DependencyDown("database", "lock timeout")

    with monkeypatch.context() as patched:
        patched.setattr(migration, "advance_migration", busy)
        rerun_batches.roll_back(services, CALLER, store)
    run_maintenance(services)

    assert model_state(services, store) == (LOCAL_MODEL, OTHER_MODEL, "kept")

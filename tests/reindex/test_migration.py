"""Migrations of stores to another embedding model: progress, cut-over, cancel."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.config import LOCAL_MODEL, Settings
from ingest.db.models import FileBatch
from ingest.db.queue.membership import Member
from ingest.db.session import Database
from ingest.errors import InvalidRequest, ModelMissing
from ingest.jobs import run
from ingest.jobs.maintenance import run_maintenance
from ingest.reindex import migration, rerun_batches
from ingest.reindex.reindexing import ModelTarget
from ingest.stores import batches as file_batches
from ingest.stores import members, vector_stores
from ingest.stores.vector_stores import ChunkSizes
from tests.db import rows
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs, upload_text
from tests.model_folders import write_tiny
from tests.reindex.scenes import (
    HERONS,
    OTHER_MODEL,
    THIRD_MODEL,
    assert_consistent,
    finish_all_work,
    migrate,
    migrated_store,
    model_state,
    point_generations,
    run_all_but_the_first,
    search_texts,
    with_models,
)


def test_a_model_in_a_folder_may_be_named_without_the_hash_of_its_files(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    models = [{"model_path": write_tiny(tmp_path / "tiny"), "dimensions": 16}]
    services = FakeServices(Settings(**{**settings.model_dump(), "embedding_models": models}), database)
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)

    migrate(services, store, "tiny")
    finish_all_work(services)

    model = services.settings.full_name("tiny")
    assert model.startswith("tiny@")
    assert model_state(services, store) == (model, LOCAL_MODEL, "kept")
    assert len(search_texts(services, store)) == 3


def test_a_store_cuts_over_as_a_whole_when_all_its_files_are_ready(services: FakeServices) -> None:
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)
    sizes = vector_stores.retrieve(services, CALLER, store).usage_bytes
    batch = migrate(services, store)
    results = [search_texts(services, store)]
    for message in services.queue.lanes["bulk"]:
        assert model_state(services, store) == (LOCAL_MODEL, OTHER_MODEL, "staging")
        run.run_job(services, message.row, lease_holder="test/1")
        results.append(search_texts(services, store))
    embedded = services.embedder.embedded

    run_maintenance(services)

    assert file_batches.retrieve(services, CALLER, store, batch.id).completed == 3
    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "kept")
    results.append(search_texts(services, store))
    assert results == [sorted(HERONS)] * 5
    assert services.embedder.embedded == embedded  # the query too was embedded by the other model
    assert len(point_generations(services, OTHER_MODEL)) == len(point_generations(services, LOCAL_MODEL)) == 3
    assert vector_stores.retrieve(services, CALLER, store).usage_bytes == sizes - 3 * 4 * (8 - 5)
    assert_consistent(services)


def test_files_added_during_a_migration_are_searchable_at_once_and_migrated_too(services: FakeServices) -> None:
    store, [first, *_] = attach_texts(services, *HERONS)
    run_published_jobs(services)
    migrate(services, store)
    members.attach(
        services, CALLER, store, Member(upload_text(services, "A heron that was added later."), {}, 800, 400)
    )
    members.attach(services, CALLER, store, Member(first, {"colour": "grey"}, 300, 0))

    run_published_jobs(services)

    assert len(search_texts(services, store)) == 4
    assert model_state(services, store)[2] == "staging"
    for _ in range(3):  # the added files first, then the cut-over
        run_maintenance(services)
        run_published_jobs(services)
        assert len(search_texts(services, store)) == 4
    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "kept")
    assert members.retrieve(services, CALLER, store, first).chunk_tokens == 300
    assert_consistent(services)


def test_a_failed_file_blocks_the_cut_over_until_its_retry_completes(services: FakeServices) -> None:
    services.parser.kind = "pdf"
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)
    batch = migrate(services, store)
    run_all_but_the_first(services)

    finish_all_work(services)

    assert file_batches.retrieve(services, CALLER, store, batch.id).failed == 1
    assert model_state(services, store) == (LOCAL_MODEL, OTHER_MODEL, "staging")
    assert search_texts(services, store) == sorted(HERONS)
    assert_consistent(services)
    retried = rerun_batches.retry(services, CALLER, store, ["failed"], batch_id=batch.id)
    assert retried.batch is not None
    assert retried.batch.in_progress == 1
    finish_all_work(services)
    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "kept")
    assert search_texts(services, store) == sorted(HERONS)
    assert_consistent(services)


def test_a_cancelled_migration_keeps_the_old_model_and_leaves_no_points(services: FakeServices) -> None:
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)
    batch = migrate(services, store)
    run.run_job(services, services.queue.lanes["bulk"].pop(0).row, lease_holder="test/1")

    file_batches.cancel(services, CALLER, store, batch.id)
    finish_all_work(services)

    assert model_state(services, store) == (LOCAL_MODEL, None, None)
    assert point_generations(services, OTHER_MODEL) == set()
    assert search_texts(services, store) == sorted(HERONS)
    assert_consistent(services)
    retried = rerun_batches.retry(services, CALLER, store, ["cancelled"], batch_id=batch.id)
    assert retried.batch is not None
    finish_all_work(services)
    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "kept")
    assert search_texts(services, store) == sorted(HERONS)
    assert_consistent(services)


def test_files_reindexed_during_a_migration_are_migrated_too(services: FakeServices) -> None:
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)
    migrate(services, store)
    run_published_jobs(services)
    rerun_batches.reindex(services, CALLER, store, "all", ChunkSizes(300, 0))

    finish_all_work(services)

    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "kept")
    files = members.list_page(services, CALLER, store, rows.WINDOW, status=None).items
    assert [file.chunk_tokens for file in files] == [300] * 3
    assert_consistent(services)


def test_a_migration_can_change_the_chunk_sizes(services: FakeServices) -> None:
    store, [first, *_] = attach_texts(services, *HERONS)
    run_published_jobs(services)
    rerun_batches.reindex(services, CALLER, store, "all", ChunkSizes(300, 0), ModelTarget(OTHER_MODEL))
    finish_all_work(services)
    assert members.retrieve(services, CALLER, store, first).chunk_tokens == 300

    rerun_batches.roll_back(services, CALLER, store)

    assert members.retrieve(services, CALLER, store, first).chunk_tokens == 800


def test_a_store_without_files_cuts_over_at_once(services: FakeServices) -> None:
    store, _ = attach_texts(services)

    migrate(services, store)

    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "kept")


def test_files_beyond_the_batch_limit_are_queued_as_further_batches(settings: Settings, database: Database) -> None:
    few = with_models(settings.model_copy(update={"max_batch_files": 2}), {OTHER_MODEL: 5})
    services = FakeServices(few, database)
    store, _ = attach_texts(services, *HERONS)
    run_published_jobs(services)

    assert migrate(services, store).in_progress == 2
    finish_all_work(services)

    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "kept")
    assert search_texts(services, store) == sorted(HERONS)


REFUSED: dict[str, Callable[[FakeServices, str], object]] = {
    "Unknown embedding model": lambda services, store: migrate(services, store, "nobody's"),
    "purge them first": lambda services, store: migrate(services, store, THIRD_MODEL),
    "does not go with": lambda services, store: rerun_batches.reindex(
        services, CALLER, store, "stale", None, ModelTarget(LOCAL_MODEL)
    ),
}


@pytest.mark.parametrize("message", REFUSED)
def test_a_refused_target_changes_nothing(services: FakeServices, message: str) -> None:
    store, _ = migrated_store(services, *HERONS)

    with pytest.raises(InvalidRequest, match=message):
        REFUSED[message](services, store)

    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "kept")
    assert_consistent(services)


def test_a_store_whose_model_is_not_configured_reports_it(settings: Settings, services: FakeServices) -> None:
    store, _ = migrated_store(services, *HERONS)
    without = FakeServices(settings, services.database)
    without.index = services.index
    added_file = upload_text(without, "A heron that was added later.")
    members.attach(without, CALLER, store, Member(added_file, {}, 800, 400))

    assert migration.find_unconfigured_models(without) == [OTHER_MODEL]
    with pytest.raises(ModelMissing, match="embedding model 'other', which is not configured"):
        search_texts(without, store)
    assert run_published_jobs(without)[:1] == ["deferred"]
    assert members.retrieve(without, CALLER, store, added_file).status == "in_progress"
    rerun_batches.roll_back(without, CALLER, store)  # from a model that is not configured


def test_the_chunk_sizes_of_a_reattached_file_survive_the_cut_over(services: FakeServices) -> None:
    store, files = attach_texts(services, *HERONS)
    run_published_jobs(services)
    migrate(services, store)
    run_published_jobs(services)
    members.attach(services, CALLER, store, Member(files[0], None, 400, 100))

    run_maintenance(services)
    finish_all_work(services)

    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "kept")
    file = members.retrieve(services, CALLER, store, files[0])
    assert (file.status, file.chunk_tokens, file.chunk_overlap) == ("completed", 400, 100)
    assert_consistent(services)


def store_with_failed_file(services: FakeServices) -> tuple[str, list[str], FileBatch]:
    """Return a store whose first file fails with the other model, its files, and the batch of the open migration."""
    store, files = attach_texts(services, *HERONS)
    run_published_jobs(services)
    batch = migrate(services, store)
    run_all_but_the_first(services)
    finish_all_work(services)
    assert model_state(services, store) == (LOCAL_MODEL, OTHER_MODEL, "staging")
    return store, files, batch


def test_a_file_that_completed_after_a_failure_is_migrated_again(services: FakeServices) -> None:
    store, files, batch = store_with_failed_file(services)
    rerun_batches.retry(services, CALLER, store, ["failed"], batch_id=batch.id)
    run_published_jobs(services)
    members.attach(services, CALLER, store, Member(files[0], None, 400, 100))

    run_published_jobs(services)
    finish_all_work(services)

    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "kept")
    assert_consistent(services)


def test_a_migration_blocked_by_a_failed_file_can_be_cancelled(services: FakeServices) -> None:
    store, _, batch = store_with_failed_file(services)

    file_batches.cancel(services, CALLER, store, batch.id)
    finish_all_work(services)

    assert model_state(services, store) == (LOCAL_MODEL, None, None)
    assert search_texts(services, store) == sorted(HERONS)
    assert point_generations(services, OTHER_MODEL) == set()
    assert_consistent(services)

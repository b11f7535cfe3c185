"""Points of both models during a migration."""

import pytest

from ingest.config import LOCAL_MODEL
from ingest.db.queue import cancellation
from ingest.errors import InvalidFile
from ingest.jobs import run
from ingest.jobs.point_jobs import purge_points
from ingest.reindex import migration, rerun_batches
from ingest.stores import batches as file_batches
from ingest.stores import members
from tests.db import rows
from tests.fakes import CALLER, FakeIndex, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs
from tests.reindex.scenes import (
    HERONS,
    OTHER_MODEL,
    assert_consistent,
    finish_all_work,
    migrate,
    migrated_store,
    model_state,
    point_generations,
    search_texts,
)


def test_new_standby_points_replace_older_standby_points(services: FakeServices) -> None:
    store, [_] = attach_texts(services, HERONS[0])
    run_published_jobs(services)
    first = migrate(services, store)
    services.parser.error = InvalidFile("It is broken.")
    run_published_jobs(services)
    services.parser.error = None
    migrate(services, store)
    finish_all_work(services)
    migration.purge_previous_model(services, CALLER, store)
    finish_all_work(services)
    migrate(services, store, LOCAL_MODEL)
    finish_all_work(services)
    assert model_state(services, store) == (LOCAL_MODEL, OTHER_MODEL, "kept")
    rerun_batches.reindex(services, CALLER, store, "all", None)
    services.parser.error = InvalidFile("It is broken.")
    run_published_jobs(services)
    services.parser.error = None
    [(row, standby)] = point_generations(services, OTHER_MODEL)
    [(_, live)] = point_generations(services, LOCAL_MODEL)
    assert standby < live

    rerun_batches.retry(services, CALLER, store, ["failed"], batch_id=first.id)
    run_published_jobs(services)
    purge_points(services)

    assert point_generations(services, LOCAL_MODEL) == {(row, live)}
    [(_, new_standby)] = point_generations(services, OTHER_MODEL)
    assert new_standby > live
    assert_consistent(services)


def test_a_file_deleted_during_a_migration_leaves_no_points_of_either_model(services: FakeServices) -> None:
    store, [first, *_] = attach_texts(services, *HERONS)
    run_published_jobs(services)
    migrate(services, store)
    run_published_jobs(services)
    row = rows.get_row(services.database, store, first).row

    members.delete(services, CALLER, store, first)
    finish_all_work(services)

    assert {row} & {
        number for model in (OTHER_MODEL, LOCAL_MODEL) for number, _ in point_generations(services, model)
    } == set()
    assert model_state(services, store) == (OTHER_MODEL, LOCAL_MODEL, "kept")
    assert len(search_texts(services, store)) == 2
    assert_consistent(services)


def test_changed_attributes_reach_the_points_of_both_models(services: FakeServices) -> None:
    store, [first, *_] = migrated_store(services, *HERONS)

    members.update_attributes(services, CALLER, store, first, {"colour": "grey"})

    row = rows.get_row(services.database, store, first).row
    for model in (OTHER_MODEL, LOCAL_MODEL):
        index = services.index_of(model)
        assert isinstance(index, FakeIndex)
        assert [owner.attributes for key, (owner, _) in index.points.items() if key[0] == row] == [{"colour": "grey"}]


@pytest.mark.parametrize("end", ["failed", "cancelled", "cancelled_and_started_again"])
def test_an_unsuccessful_reindex_keeps_the_standby_points(services: FakeServices, end: str) -> None:
    store, [file_id] = attach_texts(services, HERONS[0])
    run_published_jobs(services)
    migrate(services, store)
    run_published_jobs(services)
    batch = rerun_batches.reindex(services, CALLER, store, "all", None)
    [message] = services.queue.lanes["bulk"]
    if end == "failed":
        services.embedder.error = InvalidFile("It is broken.")
        # Without the points of generation 1 the re-index must embed the text, which fails.
        services.index.points = {key: point for key, point in services.index.points.items() if key[1] != 1}
        run.run_job(services, message.row, lease_holder="test/1")
    else:
        rows.claim(services.database, message.row)
        if end == "cancelled":
            file_batches.cancel(services, CALLER, store, batch.id)
        else:
            with services.database.transaction() as session:
                cancellation.cancel_batch(session, batch)
            rerun_batches.reindex(services, CALLER, store, "all", None)

    purge_points(services)

    assert point_generations(services, OTHER_MODEL) == {(message.row, 2)}
    row = rows.get_row(services.database, store, file_id)
    assert (row.live_generation, row.standby_generation) == (1, 2)

"""The exact check of suspect rows, and the repair of their points."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from ingest.db.queue import claims
from ingest.db.queue.membership import Member
from ingest.jobs.maintenance import run_maintenance
from ingest.reindex import rerun_batches
from ingest.stores import batches
from ingest.verify import verify
from tests.db import rows
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs, upload_text
from tests.verify.reports import (
    add_points_of_another_generation,
    add_points_of_surplus_chunks,
    add_points_of_unknown_rows,
    repair_results,
)


@pytest.mark.parametrize("lost", ["all", "one of three"])
def test_a_repair_queues_files_with_missing_points_again(services: FakeServices, lost: str) -> None:
    store, _ = attach_texts(services)
    texts = ["word " * 2_000, "heron", "stork"]
    batch = batches.create(
        services, CALLER, store, [Member(upload_text(services, text), {"a": "b"}, 800, 400) for text in texts]
    )
    run_published_jobs(services)
    assert len(services.index.points) > 3
    if lost == "all":
        services.index.points.clear()
    else:
        del services.index.points[min(services.index.points)]

    results = repair_results(services)

    assert results == [("points_missing", True)] * (3 if lost == "all" else 1)
    assert rows.read_counts(services.database, store) == (len(results), 3 - len(results), 0, 0)
    services.feeder.top_up()
    assert run_published_jobs(services) == ["completed"] * len(results)
    run_maintenance(services)
    assert verify(services).counts == {}
    assert rows.read_counts(services.database, batch.id) == (0, 3, 0, 0)
    assert rows.read_counts(services.database, store) == (0, 3, 0, 0)
    assert {owner.attributes["a"] for owner, _ in services.index.points.values()} == {"b"}


def test_a_repair_keeps_the_remaining_points_of_a_file_without_bytes(services: FakeServices) -> None:
    store, _ = attach_texts(services, "word " * 2_000)
    run_published_jobs(services)
    del services.index.points[min(services.index.points)]
    for name in list(services.blobs.list_keys("raw/")):
        services.blobs.delete(name)

    assert repair_results(services) == [("blob_missing", False), ("points_missing", False)]

    assert rows.read_counts(services.database, store) == (0, 1, 0, 0)
    assert services.index.points


@pytest.mark.parametrize(
    "damage", [add_points_of_unknown_rows, add_points_of_another_generation, add_points_of_surplus_chunks]
)
def test_a_repair_deletes_orphaned_points(services: FakeServices, damage: Callable[[FakeServices], None]) -> None:
    attach_texts(services, "one")
    run_published_jobs(services)
    before = dict(services.index.points)
    damage(services)

    assert repair_results(services) == [("points_orphaned", True)]

    run_maintenance(services)
    assert services.index.points == before
    assert verify(services).counts == {}


def reindex_during_the_deletion_of_orphaned_points(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch, during_deletion: Callable[[int], object]
) -> None:
    """Complete a file and add a point of a generation that was never started, as after a restore of only the database.

    While that point is deleted, the file is queued for this generation and `during_deletion` runs with its row.
    """
    store, _ = attach_texts(services, "one")
    run_published_jobs(services)
    [((row, generation, number), (owner, point))] = services.index.points.items()
    services.index.points[row, generation + 1, number] = (replace(owner, generation=generation + 1), point)
    delete_chunks_from = services.index.delete_chunks_from

    def reindex_and_delete(row: int, generation: int, count: int) -> None:
        monkeypatch.setattr(services.index, "delete_chunks_from", delete_chunks_from)
        rerun_batches.reindex(services, CALLER, store, "all", None)
        during_deletion(row)
        delete_chunks_from(row, generation, count)

    monkeypatch.setattr(services.index, "delete_chunks_from", reindex_and_delete)


def test_a_file_that_completes_the_generation_during_the_deletion_of_its_points_is_queued_again(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    reindex_during_the_deletion_of_orphaned_points(services, monkeypatch, lambda _: run_published_jobs(services))

    assert [finding.kind for finding in verify(services, repair=True).findings] == [
        "points_orphaned",
        "points_missing",
    ]

    run_maintenance(services)
    run_published_jobs(services)
    assert len(services.index.points) == 1
    assert verify(services).findings == []


def test_a_file_that_is_reindexed_during_the_deletion_of_its_points_must_be_verified_again(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def claim(row: int) -> None:
        with services.database.transaction() as session:
            claims.claim(session, row, lease_holder="test/1", lease_seconds=30)

    reindex_during_the_deletion_of_orphaned_points(services, monkeypatch, claim)

    [finding] = verify(services, repair=True).findings
    assert "verify again" in (finding.repair or "")

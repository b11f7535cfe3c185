"""What a re-index does again, and what it takes over from before; over fakes, on both databases."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import update

from ingest.db.models import StoreFile
from ingest.db.queue.requeue import Only
from ingest.jobs.maintenance import work_on_points
from ingest.reindex import batches as rerun_batches
from ingest.steps.index import Hit, PointOwner, Point
from ingest.stores import batches, members, search
from ingest.stores.vector_stores import ChunkSizes
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeIndex, FakeServices
from tests.jobs.test_run import run_all, store_with

LONG = " ".join(f"word{n}" for n in range(2_000))


def reindexed(services: FakeServices, store: str, only: Only = "all", chunking: ChunkSizes | None = None) -> int:
    """How many files were, each to its end."""
    batch = rerun_batches.reindex(services, CALLER, store, only, chunking)
    run_all(services)
    ended = batches.retrieve(services, CALLER, store, batch.id)
    assert ended.in_progress == ended.failed == ended.cancelled == 0
    return ended.completed


def test_with_the_same_chunks_nothing_is_embedded(services: FakeServices) -> None:
    store, [file_id] = store_with(services, LONG)
    run_all(services)
    row = rows.row(services.database, store, file_id).row
    before = {number: point for (_, _, number), (_, point) in services.index.points.items()}
    embedded = services.embedder.embedded

    assert reindexed(services, store) == 1
    work_on_points(services)

    assert services.embedder.embedded == embedded
    assert services.index.points.keys() == {(row, 2, number) for number in before}
    for (_, _, number), (_, point) in services.index.points.items():
        assert point.text == before[number].text
        np.testing.assert_array_equal(point.dense, before[number].dense)


def test_only_chunks_that_are_not_there_are_embedded(services: FakeServices) -> None:
    store, [file_id] = store_with(services, LONG)
    run_all(services)
    row = rows.row(services.database, store, file_id).row
    del services.index.points[row, 1, 2]
    embedded = services.embedder.embedded

    assert reindexed(services, store) == 1

    assert services.embedder.embedded == embedded + 1
    chunks = rows.row(services.database, store, file_id).chunks
    assert services.index.count(row, 2) == chunks > 2


def test_another_chunking_embeds_anew_and_replaces_all(services: FakeServices) -> None:
    store, [file_id] = store_with(services, LONG)
    run_all(services)
    row = rows.row(services.database, store, file_id)
    embedded = services.embedder.embedded

    assert reindexed(services, store, chunking=ChunkSizes(300, 0)) == 1
    work_on_points(services)

    now = rows.row(services.database, store, file_id)
    assert (now.chunk_tokens, now.chunk_overlap) == (300, 0)
    assert services.embedder.embedded == embedded + now.chunks
    assert now.chunks != row.chunks
    assert services.index.points.keys() == {(now.row, 2, number) for number in range(now.chunks)}


def test_text_that_was_parsed_is_not_parsed_again(services: FakeServices) -> None:
    services.parser.kind = "pdf"
    store, _ = store_with(services, LONG)
    run_all(services)

    assert reindexed(services, store, chunking=ChunkSizes(300, 0)) == 1

    assert services.parser.parsed == 1


def test_only_what_is_stale_is_indexed_anew(services: FakeServices) -> None:
    store, [old, _] = store_with(services, "one", "two")
    run_all(services)
    assert reindexed(services, store, "stale") == 0
    with services.database.transaction() as session:
        session.execute(update(StoreFile).where(StoreFile.file_id == old).values(made_with="another parser"))

    assert reindexed(services, store, "stale") == 1
    assert reindexed(services, store, "stale") == 0
    assert reindexed(services, store, "stale", ChunkSizes(300, 0)) == 2
    assert reindexed(services, store, "stale", ChunkSizes(300, 0)) == 0


def test_every_text_is_found_once_at_each_step_of_a_reindex(services: FakeServices, clock: Clock) -> None:
    store, _ = store_with(services, "A heron in the water.", "A heron on the roof.")
    run_all(services)

    def found() -> list[str]:
        return sorted(passage.text for passage in search.search(services, CALLER, store, ["heron"], limit=10))

    expected = found()
    seen = []

    class Watched(FakeIndex):
        def upsert(self, owner: PointOwner, points: Sequence[Point]) -> None:
            super().upsert(owner, points)
            seen.append(found())

    services.index = Watched(services.index.points)
    rerun_batches.reindex(services, CALLER, store, "all", ChunkSizes(300, 0))
    for step in (lambda: run_all(services), lambda: work_on_points(services), lambda: clock.advance(90)):
        step()
        seen.append(found())

    assert len(expected) == 2
    assert seen == [expected] * 5


def test_attributes_that_change_meanwhile_are_those_of_the_new_points(services: FakeServices) -> None:
    store, [file_id] = store_with(services, "one")
    run_all(services)
    rerun_batches.reindex(services, CALLER, store, "all", None)
    members.update_attributes(services, CALLER, store, file_id, {"colour": "red"})

    run_all(services)
    work_on_points(services)

    [(owner, _)] = services.index.points.values()
    assert (owner.generation, owner.attributes) == (2, {"colour": "red"})


def test_a_file_that_is_replaced_during_a_search_is_found(services: FakeServices) -> None:
    store, [file_id] = store_with(services, "A heron in the water.")
    run_all(services)

    class Overtaken(FakeIndex):
        def search(self, *args: Any, **named: Any) -> tuple[list[Hit], list[Hit]]:
            hits = super().search(*args, **named)
            run_all(services)
            return hits

    rerun_batches.reindex(services, CALLER, store, "all", None)
    services.index = Overtaken(services.index.points)

    found = search.search(services, CALLER, store, ["heron"], limit=10)

    assert rows.row(services.database, store, file_id).live_generation == 2
    assert [passage.text for passage in found] == ["A heron in the water."]

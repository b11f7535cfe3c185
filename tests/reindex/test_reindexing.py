"""Re-indexes: what is embedded again and what is reused, over fakes, on both databases."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import update

from ingest.db.models import ReindexScope, StoreFile
from ingest.jobs.point_jobs import purge_points
from ingest.reindex import rerun_batches
from ingest.search import search
from ingest.steps.index import Hit, Point, PointOwner
from ingest.stores import batches, members
from ingest.stores.vector_stores import ChunkSizes
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeIndex, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs

LONG = " ".join(f"word{n}" for n in range(2_000))


def reindex_all_files(
    services: FakeServices, store: str, only: ReindexScope = "all", chunking: ChunkSizes | None = None
) -> int:
    """Re-index files to completion and return their number."""
    batch = rerun_batches.reindex(services, CALLER, store, only, chunking)
    run_published_jobs(services)
    batch_after = batches.retrieve(services, CALLER, store, batch.id)
    assert batch_after.in_progress == batch_after.failed == batch_after.cancelled == 0
    return batch_after.completed


def test_a_reindex_with_the_same_chunks_embeds_nothing(services: FakeServices) -> None:
    store, [file_id] = attach_texts(services, LONG)
    run_published_jobs(services)
    row = rows.get_row(services.database, store, file_id).row
    before = {number: point for (_, _, number), (_, point) in services.index.points.items()}
    embedded = services.embedder.embedded

    assert reindex_all_files(services, store) == 1
    purge_points(services)

    assert services.embedder.embedded == embedded
    assert services.index.points.keys() == {(row, 2, number) for number in before}
    for (_, _, number), (_, point) in services.index.points.items():
        assert point.text == before[number].text
        np.testing.assert_array_equal(point.dense, before[number].dense)


def test_a_reindex_embeds_only_missing_chunks(services: FakeServices) -> None:
    store, [file_id] = attach_texts(services, LONG)
    run_published_jobs(services)
    row = rows.get_row(services.database, store, file_id).row
    del services.index.points[row, 1, 2]
    embedded = services.embedder.embedded

    assert reindex_all_files(services, store) == 1

    assert services.embedder.embedded == embedded + 1
    chunks = rows.get_row(services.database, store, file_id).chunks
    assert services.index.count_points(row, 2) == chunks > 2


def test_other_chunk_sizes_embed_and_replace_all_chunks(services: FakeServices) -> None:
    store, [file_id] = attach_texts(services, LONG)
    run_published_jobs(services)
    row = rows.get_row(services.database, store, file_id)
    embedded = services.embedder.embedded

    assert reindex_all_files(services, store, chunking=ChunkSizes(300, 0)) == 1
    purge_points(services)

    row_after = rows.get_row(services.database, store, file_id)
    assert (row_after.chunk_tokens, row_after.chunk_overlap) == (300, 0)
    assert services.embedder.embedded == embedded + row_after.chunks
    assert row_after.chunks != row.chunks
    assert services.index.points.keys() == {(row_after.row, 2, number) for number in range(row_after.chunks)}


def test_a_reindex_reuses_the_parsed_text(services: FakeServices) -> None:
    services.parser.kind = "pdf"
    store, _ = attach_texts(services, LONG)
    run_published_jobs(services)

    assert reindex_all_files(services, store, chunking=ChunkSizes(300, 0)) == 1

    assert services.parser.parsed == 1


def test_a_stale_reindex_processes_only_outdated_files(services: FakeServices) -> None:
    store, [old, _] = attach_texts(services, "one", "two")
    run_published_jobs(services)
    assert reindex_all_files(services, store, "stale") == 0
    with services.database.transaction() as session:
        session.execute(update(StoreFile).where(StoreFile.file_id == old).values(pipeline_version="another parser"))

    assert reindex_all_files(services, store, "stale") == 1
    assert reindex_all_files(services, store, "stale") == 0
    assert reindex_all_files(services, store, "stale", ChunkSizes(300, 0)) == 2
    assert reindex_all_files(services, store, "stale", ChunkSizes(300, 0)) == 0


def test_every_text_is_found_once_at_each_step_of_a_reindex(services: FakeServices, clock: Clock) -> None:
    store, _ = attach_texts(services, "A heron in the water.", "A heron on the roof.")
    run_published_jobs(services)

    def search_texts() -> list[str]:
        return sorted(result.text for result in search.search(services, CALLER, store, ["heron"], limit=10))

    expected = search_texts()
    results = []

    class SearchingIndex(FakeIndex):
        def upsert(self, owner: PointOwner, points: Sequence[Point]) -> None:
            super().upsert(owner, points)
            results.append(search_texts())

    services.index = SearchingIndex(services.index.points)
    rerun_batches.reindex(services, CALLER, store, "all", ChunkSizes(300, 0))
    for step in (lambda: run_published_jobs(services), lambda: purge_points(services), lambda: clock.advance(90)):
        step()
        results.append(search_texts())

    assert len(expected) == 2
    assert results == [expected] * 5


def test_attributes_changed_during_a_reindex_are_those_of_the_new_points(services: FakeServices) -> None:
    store, [file_id] = attach_texts(services, "one")
    run_published_jobs(services)
    rerun_batches.reindex(services, CALLER, store, "all", None)
    members.update_attributes(services, CALLER, store, file_id, {"colour": "red"})

    run_published_jobs(services)
    purge_points(services)

    [(owner, _)] = services.index.points.values()
    assert (owner.generation, owner.attributes) == (2, {"colour": "red"})


def test_a_file_that_is_replaced_during_a_search_is_found(services: FakeServices) -> None:
    store, [file_id] = attach_texts(services, "A heron in the water.")
    run_published_jobs(services)

    class ReplacingIndex(FakeIndex):
        def search(self, *args: Any, **kwargs: Any) -> tuple[list[Hit], list[Hit]]:
            hits = super().search(*args, **kwargs)
            run_published_jobs(services)
            return hits

    rerun_batches.reindex(services, CALLER, store, "all", None)
    services.index = ReplacingIndex(services.index.points)

    found = search.search(services, CALLER, store, ["heron"], limit=10)

    assert rows.get_row(services.database, store, file_id).live_generation == 2
    assert [result.text for result in found] == ["A heron in the water."]

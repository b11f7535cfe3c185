"""What a re-index does again, and what it takes over from before; over fakes, on both databases."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import update

from ingest import file_batches, search, store_files
from ingest.db.models import StoreFile
from ingest.db.restarts import Only
from ingest.steps.index import Hit, Owner, Point
from ingest.sweep import work_on_points
from ingest.vector_stores import Chunking
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeIndex, FakeTools
from tests.test_jobs import run_all, store_with

LONG = " ".join(f"word{n}" for n in range(2_000))


def reindexed(tools: FakeTools, store: str, only: Only = "all", chunking: Chunking | None = None) -> int:
    """How many files were, each to its end."""
    batch = file_batches.reindex(tools, CALLER, store, only, chunking)
    run_all(tools)
    ended = file_batches.retrieve(tools, CALLER, store, batch.id)
    assert ended.in_progress == ended.failed == ended.cancelled == 0
    return ended.completed


def test_with_the_same_chunks_nothing_is_embedded(tools: FakeTools) -> None:
    store, [file_id] = store_with(tools, LONG)
    run_all(tools)
    row = rows.row(tools.database, store, file_id).row
    before = {number: point for (_, _, number), (_, point) in tools.index.points.items()}
    embedded = tools.embedder.embedded

    assert reindexed(tools, store) == 1
    work_on_points(tools)

    assert tools.embedder.embedded == embedded
    assert tools.index.points.keys() == {(row, 2, number) for number in before}
    for (_, _, number), (_, point) in tools.index.points.items():
        assert point.text == before[number].text
        np.testing.assert_array_equal(point.windows, before[number].windows)


def test_only_chunks_that_are_not_there_are_embedded(tools: FakeTools) -> None:
    store, [file_id] = store_with(tools, LONG)
    run_all(tools)
    row = rows.row(tools.database, store, file_id).row
    del tools.index.points[row, 1, 2]
    embedded = tools.embedder.embedded

    assert reindexed(tools, store) == 1

    assert tools.embedder.embedded == embedded + 1
    chunks = rows.row(tools.database, store, file_id).chunks
    assert tools.index.count(row, 2) == chunks > 2


def test_another_chunking_embeds_anew_and_replaces_all(tools: FakeTools) -> None:
    store, [file_id] = store_with(tools, LONG)
    run_all(tools)
    row = rows.row(tools.database, store, file_id)
    embedded = tools.embedder.embedded

    assert reindexed(tools, store, chunking=Chunking(300, 0)) == 1
    work_on_points(tools)

    now = rows.row(tools.database, store, file_id)
    assert (now.chunk_tokens, now.chunk_overlap) == (300, 0)
    assert tools.embedder.embedded == embedded + now.chunks
    assert now.chunks != row.chunks
    assert tools.index.points.keys() == {(now.row, 2, number) for number in range(now.chunks)}


def test_text_that_was_parsed_is_not_parsed_again(tools: FakeTools) -> None:
    tools.parser.kind = "pdf"
    store, _ = store_with(tools, LONG)
    run_all(tools)

    assert reindexed(tools, store, chunking=Chunking(300, 0)) == 1

    assert tools.parser.parsed == 1


def test_only_what_is_stale_is_indexed_anew(tools: FakeTools) -> None:
    store, [old, _] = store_with(tools, "one", "two")
    run_all(tools)
    assert reindexed(tools, store, "stale") == 0
    with tools.database.transaction() as session:
        session.execute(update(StoreFile).where(StoreFile.file_id == old).values(made_with="another parser"))

    assert reindexed(tools, store, "stale") == 1
    assert reindexed(tools, store, "stale") == 0
    assert reindexed(tools, store, "stale", Chunking(300, 0)) == 2
    assert reindexed(tools, store, "stale", Chunking(300, 0)) == 0


def test_every_text_is_found_once_at_each_step_of_a_reindex(tools: FakeTools, clock: Clock) -> None:
    store, _ = store_with(tools, "A heron in the water.", "A heron on the roof.")
    run_all(tools)

    def found() -> list[str]:
        return sorted(passage.text for passage in search.search(tools, CALLER, store, ["heron"], limit=10))

    expected = found()
    seen = []

    class Watched(FakeIndex):
        def upsert(self, owner: Owner, points: Sequence[Point]) -> None:
            super().upsert(owner, points)
            seen.append(found())

    tools.index = Watched(tools.index.points)
    file_batches.reindex(tools, CALLER, store, "all", Chunking(300, 0))
    for step in (lambda: run_all(tools), lambda: work_on_points(tools), lambda: clock.advance(90)):
        step()
        seen.append(found())

    assert len(expected) == 2
    assert seen == [expected] * 5


def test_attributes_that_change_meanwhile_are_those_of_the_new_points(tools: FakeTools) -> None:
    store, [file_id] = store_with(tools, "one")
    run_all(tools)
    file_batches.reindex(tools, CALLER, store, "all", None)
    store_files.update_attributes(tools, CALLER, store, file_id, {"colour": "red"})

    run_all(tools)
    work_on_points(tools)

    [(owner, _)] = tools.index.points.values()
    assert (owner.generation, owner.attributes) == (2, {"colour": "red"})


def test_a_file_that_is_replaced_during_a_search_is_found(tools: FakeTools) -> None:
    store, [file_id] = store_with(tools, "A heron in the water.")
    run_all(tools)

    class Overtaken(FakeIndex):
        def search(self, *args: Any, **named: Any) -> tuple[list[Hit], list[Hit]]:
            hits = super().search(*args, **named)
            run_all(tools)
            return hits

    file_batches.reindex(tools, CALLER, store, "all", None)
    tools.index = Overtaken(tools.index.points)

    found = search.search(tools, CALLER, store, ["heron"], limit=10)

    assert rows.row(tools.database, store, file_id).live_generation == 2
    assert [passage.text for passage in found] == ["A heron in the water."]

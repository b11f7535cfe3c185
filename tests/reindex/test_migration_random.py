"""Random sequences of operations on a store that migrates back and forth."""

import random
from collections.abc import Callable
from contextlib import suppress

import pytest

from ingest.config import LOCAL_MODEL
from ingest.db.models import FileBatch, StoreFile
from ingest.db.queue.membership import Member
from ingest.errors import InvalidFile, RequestError
from ingest.jobs import run
from ingest.jobs.maintenance import run_maintenance
from ingest.reindex import migration, rerun_batches
from ingest.stores import batches as file_batches
from ingest.stores import members
from ingest.stores.vector_stores import ChunkSizes
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs, upload_text
from tests.reindex.scenes import (
    DAY,
    HERONS,
    OTHER_MODEL,
    THIRD_MODEL,
    assert_consistent,
    finish_all_work,
    migrate,
    search_texts,
)


class RandomOperations:
    """A store, the texts of its files, and operations on it that a seeded generator chooses."""

    def __init__(self, services: FakeServices, clock: Clock, seed: int) -> None:
        self.services = services
        self.clock = clock
        self.random = random.Random(seed)
        self.store, files = attach_texts(services, *HERONS)
        self.texts = dict(zip(files, HERONS, strict=True))
        self.attached = len(files)
        self.steps: list[Callable[[], object]] = [
            *(self.attach, self.attach_again, self.delete, self.lose_a_worker, self.cancel),
            *(self.fail_a_job, self.retry_a_batch),
            *[self.run_a_job] * 6,
            *[lambda: run_maintenance(services)] * 3,
            lambda: clock.advance(2 * DAY),
            self.reindex,
            lambda: rerun_batches.retry(services, CALLER, self.store, ["failed", "cancelled"]),
            *[self.migrate] * 2,
            lambda: rerun_batches.roll_back(services, CALLER, self.store, rolling=self.random.random() < 0.5),
            lambda: migration.purge_previous_model(services, CALLER, self.store),
        ]

    def run_one(self) -> None:
        """Run an operation. The service may refuse it."""
        with suppress(RequestError):
            self.random.choice(self.steps)()

    def live_texts(self) -> set[str]:
        """Return the texts of the files with a live generation."""
        with self.services.database.reading() as session:
            live = {row.file_id for row in session.query(StoreFile) if row.live_generation is not None}
        return {self.texts[file_id] for file_id in live & self.texts.keys()}

    def attach(self) -> None:
        text = f"A heron, number {self.attached}."
        file_id = upload_text(self.services, text)
        self.attached += 1
        self.texts[file_id] = text
        members.attach(self.services, CALLER, self.store, Member(file_id, {}, 800, 400))

    def attach_again(self) -> None:
        if self.texts:
            member = Member(self.random.choice(sorted(self.texts)), {}, self.random.choice([800, 300]), 0)
            members.attach(self.services, CALLER, self.store, member)

    def delete(self) -> None:
        if self.texts:
            file_id = self.random.choice(sorted(self.texts))
            del self.texts[file_id]
            members.delete(self.services, CALLER, self.store, file_id)

    def run_a_job(self) -> None:
        for lane in self.services.queue.lanes.values():
            if lane:
                row = lane.pop(self.random.randrange(len(lane))).row
                run.run_job(self.services, row, lease_holder="test/1")

    def fail_a_job(self) -> None:
        self.services.parser.error = InvalidFile("It is broken.")
        self.run_a_job()
        self.services.parser.error = None

    def lose_a_worker(self) -> None:
        for lane in self.services.queue.lanes.values():
            if lane:
                rows.try_claim(self.services.database, lane.pop().row)
                self.clock.advance(40)

    def cancel(self) -> None:
        with self.services.database.reading() as session:
            batches = [batch.id for batch in session.query(FileBatch) if batch.in_progress]
        if batches:
            file_batches.cancel(self.services, CALLER, self.store, self.random.choice(batches))

    def retry_a_batch(self) -> None:
        with self.services.database.reading() as session:
            batches = [batch.id for batch in session.query(FileBatch).order_by(FileBatch.row)]
        batch_id = self.random.choice(batches or [""])
        rerun_batches.retry(self.services, CALLER, self.store, ["failed", "cancelled"], batch_id=batch_id)

    def reindex(self) -> None:
        chunk_sizes = ChunkSizes(self.random.choice([800, 300]), 0)
        rerun_batches.reindex(self.services, CALLER, self.store, "all", chunk_sizes)

    def migrate(self) -> None:
        model = self.random.choice([LOCAL_MODEL, OTHER_MODEL, THIRD_MODEL])
        migrate(self.services, self.store, model, rolling=self.random.random() < 0.3)


@pytest.mark.parametrize("seed", range(8))
def test_random_operations_keep_every_file_searchable_exactly_once(
    services: FakeServices, clock: Clock, seed: int
) -> None:
    operations = RandomOperations(services, clock, seed)
    run_published_jobs(services)
    previous: set[str] = set(HERONS)
    for _ in range(120):
        operations.run_one()
        texts = search_texts(services, operations.store)
        assert len(texts) == len(set(texts)), "a file was found twice"
        if operations.random.random() < 0.1:
            assert_consistent(services)
        assert previous & operations.live_texts() <= set(texts), "a file was not found any more"
        previous = set(texts)
    finish_all_work(services)
    clock.advance(120)
    finish_all_work(services)
    assert_consistent(services)
    with services.database.reading() as session:
        live = {row.file_id for row in session.query(StoreFile) if row.live_generation is not None}
    assert {operations.texts[file_id] for file_id in live} == set(search_texts(services, operations.store))

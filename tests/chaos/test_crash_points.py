"""Kill a process with SIGKILL at every point of every action: every invariant is restored, and clients may retry."""

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from ingest.db.models import FileBatch, VectorStore
from ingest.db.pages import Window
from ingest.db.queue import cancellation
from ingest.embedded.processes import vectors_process
from ingest.errors import NotFound
from ingest.jobs import run
from ingest.jobs.maintenance import run_maintenance
from ingest.search import search
from ingest.steps.filters import Comparison
from ingest.stores import batches, files, members, uploads, vector_stores
from ingest.verify import verify
from tests import servers
from tests.chaos.crashing import CrashPoint, ForkServer, member
from tests.chaos.world import World, WorldServices, services
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER
from tests.jobs.scenes import run_published_jobs

pytestmark = [pytest.mark.services]

LONG = " ".join(f"word{n} heron" for n in range(6_000))
"""More chunks than one upsert writes."""

SHORT = "A heron stands in the shallow water."
FILES = 5
FIRST_PAGE = Window(limit=100, order="asc")


@dataclass(frozen=True)
class Scenario:
    """Shared state, the services of the surviving process, and the clock of all processes."""

    world: World
    services: WorldServices
    clock: Clock
    fork_server: ForkServer

    def crash(self, point: CrashPoint, **given: Any) -> None:
        self.fork_server.crash_at(self.world, point, self.clock, **given)

    def upload(self, text: str) -> str:
        created = files.create(
            self.services, CALLER, filename="a.txt", purpose="assistants", blocks=[text.encode()], expires_after=None
        )
        return created.id

    def create_store(self) -> str:
        return vector_stores.create(
            self.services, CALLER, name="s", description=None, metadata={}, expires_after_days=None
        ).id

    def create_store_with(self, *texts: str) -> tuple[str, list[str]]:
        store, ids = self.create_store(), [self.upload(text) for text in texts]
        for file_id in ids:
            members.attach(self.services, CALLER, store, member(file_id))
        return store, ids

    def row(self, store: str, file_id: str) -> int:
        return rows.get_row(self.services.database, store, file_id).row

    def counts(self, object_id: str) -> tuple[int, int, int, int]:
        return rows.read_counts(self.services.database, object_id)

    def run_background_work(self) -> None:
        """Run maintenance twice, after every lease has expired, and the published jobs."""
        for _ in range(2):
            self.clock.advance(2 * self.services.settings.lease_seconds)
            run_maintenance(self.services)
            run_published_jobs(self.services)

    def finish_and_verify(self) -> None:
        """Run background work, wait until no crashed worker can write, and check that rows, points and blobs agree."""
        self.run_background_work()
        self.clock.advance(7_200)
        for name in (*self.services.blobs.list_keys("raw/"), *self.services.blobs.list_keys("part/")):
            os.utime(Path(self.world.data, "blobs", name.replace("/", f"/{name.split('/')[1][:2]}/")), (0, 0))
        for _ in range(2):
            run_maintenance(self.services)
        report = verify(self.services)
        assert report.findings == []
        with self.services.database.reading() as session:
            live = sum(
                store.chunks for store in session.scalars(select(VectorStore).where(VectorStore.deleted_at.is_(None)))
            )
        assert report.points == live


@pytest.fixture(scope="module")
def vectors_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Yield the URL and the API key of a vectors process."""
    folder = tmp_path_factory.mktemp("vectors")
    part, url, key = vectors_process(folder, os.environ)
    with servers.process(part.command, folder / "vectors.log", environment=part.environment):
        servers.wait_until(part.is_ready, what="the start of the vectors process")
        yield url, key


@pytest.fixture(scope="module")
def fork_server() -> Iterator[ForkServer]:
    created = ForkServer()
    yield created
    created.close()


@pytest.fixture
def scenario(
    database_url: str, vectors_server: tuple[str, str], tmp_path: Path, clock: Clock, fork_server: ForkServer
) -> Iterator[Scenario]:
    world = World(database_url, str(tmp_path / "data"), *vectors_server, collection=f"chaos-{secrets.token_hex(8)}")
    created = services(world, clock)
    yield Scenario(world, created, clock, fork_server)
    created.close()


def before(action: str, method: str, nth: int = 1) -> CrashPoint:
    return CrashPoint(action, method, nth)


def after(action: str, method: str, nth: int = 1) -> CrashPoint:
    return CrashPoint(action, method, nth, after=True)


def at_points(*points: CrashPoint) -> pytest.MarkDecorator:
    """Run every point on SQLite, and the first of each kind on Postgres too."""
    cases = [(point, "sqlite") for point in points] + [(point, "postgres") for point in points[:1]]
    ids = [f"{point} ({database})" for point, database in cases]
    return pytest.mark.parametrize(("point", "database_url"), cases, indirect=["database_url"], ids=ids)


@at_points(
    before("create a file", "commit", 2),
    after("create a file", "commit", 2),
    after("create a file", "commit"),
    after("create a file", "blobs.store"),
)
def test_storing_a_file_is_atomic(scenario: Scenario, point: CrashPoint) -> None:
    scenario.crash(point, text=SHORT)

    stored = len(files.list_page(scenario.services, CALLER, FIRST_PAGE, purpose=None).items)
    assert stored == (1 if point == after("create a file", "commit", 2) else 0)
    again = scenario.upload(SHORT)
    assert b"".join(files.read_content(scenario.services, CALLER, again)[1]) == SHORT.encode()
    scenario.finish_and_verify()


@at_points(before("create a file", "commit", 2), after("create a file", "blobs.store"))
def test_blobs_of_an_abandoned_upload_are_deleted(scenario: Scenario, point: CrashPoint) -> None:
    scenario.crash(point, text=SHORT)
    assert len(list(scenario.services.blobs.list_keys("raw/"))) == 1

    scenario.finish_and_verify()

    assert list(scenario.services.blobs.list_keys("raw/")) == []


@at_points(before("add a part", "blobs.store"), before("add a part", "commit", 2), after("add a part", "commit", 2))
def test_a_part_sent_twice_replaces_the_first_copy(scenario: Scenario, point: CrashPoint) -> None:
    upload = pending_upload(scenario)
    scenario.crash(point, upload=upload, text=SHORT)

    part = uploads.add_part(scenario.services, CALLER, upload, [SHORT.encode()])

    done = uploads.complete(scenario.services, CALLER, upload, [part.id], None)
    assert done.file is not None
    assert b"".join(files.read_content(scenario.services, CALLER, done.file.id)[1]) == SHORT.encode()
    scenario.finish_and_verify()
    assert list(scenario.services.blobs.list_keys("part/")) == []


@at_points(
    before("complete an upload", "commit", 2),
    after("complete an upload", "commit", 2),
    after("complete an upload", "commit", 1),
    after("complete an upload", "blobs.store"),
)
def test_completing_an_upload_is_idempotent_under_concurrency(scenario: Scenario, point: CrashPoint) -> None:
    upload = pending_upload(scenario)
    part = uploads.add_part(scenario.services, CALLER, upload, [SHORT.encode()]).id
    scenario.crash(point, upload=upload, parts=[part])

    done = uploads.complete(scenario.services, CALLER, upload, [part], None)

    assert done.file is not None
    assert [file.id for file in files.list_page(scenario.services, CALLER, FIRST_PAGE, purpose=None).items] == [
        done.file.id
    ]
    scenario.finish_and_verify()
    assert list(scenario.services.blobs.list_keys("part/")) == []


def pending_upload(scenario: Scenario) -> str:
    return uploads.create(
        scenario.services, CALLER, filename="a.txt", size=len(SHORT), mime_type="text/plain", purpose="assistants",
        file_expires_after=None,
    ).upload.id  # fmt: skip


@at_points(
    after("create a batch", "commit"),
    before("create a batch", "commit"),
    before("create a batch", "queue.send"),
    after("create a batch", "queue.send"),
)
def test_creating_a_batch_is_atomic_and_survives_a_crash_of_the_api(scenario: Scenario, point: CrashPoint) -> None:
    store = scenario.create_store()
    ids = [scenario.upload(f"{SHORT} {n}") for n in range(FILES)]
    scenario.crash(point, store=store, files=ids)

    created = point != before("create a batch", "commit")
    scenario.run_background_work()
    assert scenario.counts(store) == ((0, FILES, 0, 0) if created else (0, 0, 0, 0))
    again = batches.create(scenario.services, CALLER, store, [*map(member, ids)])
    scenario.finish_and_verify()
    assert scenario.counts(again.id) == scenario.counts(store) == (0, FILES, 0, 0)


@at_points(after("attach a file", "commit"), before("attach a file", "commit"), after("attach a file", "queue.send"))
def test_an_attached_file_is_ingested_although_publishing_failed(scenario: Scenario, point: CrashPoint) -> None:
    store, file_id = scenario.create_store(), scenario.upload(SHORT)
    scenario.crash(point, store=store, files=[file_id])

    members.attach(scenario.services, CALLER, store, member(file_id))

    scenario.finish_and_verify()
    assert scenario.counts(store) == (0, 1, 0, 0)
    assert len(search.search(scenario.services, CALLER, store, ["heron"], limit=10)) == 1


@at_points(after("cancel a batch", "commit"), before("cancel a batch", "commit"), before("cancel a batch", "commit", 2))
def test_a_committed_cancel_survives_a_crash_of_the_api(scenario: Scenario, point: CrashPoint) -> None:
    store = scenario.create_store()
    batch = batches.create(
        scenario.services, CALLER, store, [member(scenario.upload(f"{SHORT} {n}")) for n in range(FILES)]
    ).id
    for message in scenario.services.queue.lanes["bulk"][:2]:
        run.run_job(scenario.services, message.row, lease_holder="test/1")
    scenario.services.queue.lanes["bulk"].clear()
    scenario.crash(point, store=store, batch=batch)

    cancelled = point != before("cancel a batch", "commit")
    expected = (0, 2, 0, FILES - 2) if cancelled else (FILES - 2, 2, 0, 0)
    assert scenario.counts(batch) == scenario.counts(store) == expected
    batches.cancel(scenario.services, CALLER, store, batch)
    scenario.finish_and_verify()
    assert scenario.counts(batch) == scenario.counts(store) == (0, 2, 0, FILES - 2)
    assert len(search.search(scenario.services, CALLER, store, ["heron"], limit=10)) == 2


@at_points(
    after("detach a file", "commit"),
    after("delete a file", "commit", 1),
    before("delete a file", "commit", 2),
    after("delete a file", "commit", 2),
    before("delete a file", "blobs.delete"),
    after("delete a store", "commit"),
)
def test_deleted_files_are_never_returned_and_leave_no_points(scenario: Scenario, point: CrashPoint) -> None:
    store, [first, second] = scenario.create_store_with(SHORT, f"{SHORT} Another.")
    run_published_jobs(scenario.services)
    scenario.crash(point, store=store, files=[first])

    try:
        found = [passage.file_id for passage in search.search(scenario.services, CALLER, store, ["heron"], limit=10)]
        assert found == [second]
    except NotFound:
        assert point.action == "delete a store"
    if point.action == "delete a file":
        try:
            files.delete(scenario.services, CALLER, first)
        except NotFound:
            assert point == after("delete a file", "commit", 2) or point.method == "blobs.delete"
    scenario.finish_and_verify()


@at_points(after("change attributes", "commit"), before("change attributes", "index.set_attributes"))
def test_accepted_attributes_reach_the_points(scenario: Scenario, point: CrashPoint) -> None:
    store, [file_id] = scenario.create_store_with(SHORT)
    run_published_jobs(scenario.services)
    scenario.crash(point, store=store, files=[file_id])

    scenario.finish_and_verify()

    red = Comparison("eq", "colour", "red")
    assert len(search.search(scenario.services, CALLER, store, ["heron"], limit=10, filters=red)) == 1


JOB = "run a job"


@at_points(
    before(JOB, "commit", 2),
    after(JOB, "commit", 1),
    before(JOB, "parser.parse"),
    after(JOB, "parser.parse"),
    after(JOB, "embedder.embed"),
    after(JOB, "index.upsert", 1),
    after(JOB, "embedder.embed", 2),
    before("run a job without an embedder", "commit", 2),
    before("run a job and be stopped", "commit", 2),
)
def test_a_repeated_job_is_counted_once(scenario: Scenario, point: CrashPoint) -> None:
    store, [file_id, other] = scenario.create_store_with(LONG, SHORT)
    scenario.crash(point, row=scenario.row(store, file_id))

    assert scenario.counts(store) == (2, 0, 0, 0)
    scenario.finish_and_verify()
    assert scenario.counts(store) == (0, 2, 0, 0)
    row = rows.get_row(scenario.services.database, store, file_id)
    assert (row.crashes, row.attempts) == (1, 2)
    assert rows.get_row(scenario.services.database, store, other).crashes == 0


@at_points(
    after(JOB, "commit", 2),
    after("run a job without an embedder", "commit", 2),
    after("run a job and be stopped", "commit", 2),
)
def test_a_job_that_committed_its_outcome_is_not_repeated_and_counts_no_crash(
    scenario: Scenario, point: CrashPoint
) -> None:
    store, [file_id] = scenario.create_store_with(LONG)
    scenario.crash(point, row=scenario.row(store, file_id))

    row = rows.get_row(scenario.services.database, store, file_id)
    assert row.status == ("completed" if point.action == JOB else "queued")
    scenario.finish_and_verify()
    assert scenario.counts(store) == (0, 1, 0, 0)
    assert rows.get_row(scenario.services.database, store, file_id).crashes == 0


@at_points(before(JOB, "index.delete_chunks_from"), after(JOB, "index.delete_chunks_from"))
def test_a_second_attempt_that_crashes_before_it_deletes_old_points_is_repeated(
    scenario: Scenario, point: CrashPoint
) -> None:
    store, [file_id] = scenario.create_store_with(LONG)
    row = scenario.row(store, file_id)
    scenario.crash(after(JOB, "index.upsert", 1), row=row)
    scenario.clock.advance(2 * scenario.services.settings.lease_seconds)
    run_maintenance(scenario.services)
    scenario.crash(point, row=row)

    scenario.finish_and_verify()

    assert scenario.counts(store) == (0, 1, 0, 0)
    assert rows.get_row(scenario.services.database, store, file_id).crashes == 2


@at_points(after("run maintenance", "index.delete_generations"), before("run maintenance", "index.delete_generations"))
def test_maintenance_that_crashes_before_it_records_a_purge_purges_again(scenario: Scenario, point: CrashPoint) -> None:
    store, [first, second] = scenario.create_store_with(LONG, SHORT)
    run_published_jobs(scenario.services)
    members.delete(scenario.services, CALLER, store, first)
    scenario.crash(point)

    scenario.finish_and_verify()

    assert [passage.file_id for passage in search.search(scenario.services, CALLER, store, ["heron"], limit=10)] == [
        second
    ]


@at_points(
    before("run maintenance", "queue.send"),
    *(after("run maintenance", "commit", nth) for nth in (1, 2, 3, 4, 5, 6, 7, 8)),
)
def test_maintenance_that_crashes_at_any_commit_is_completed_by_the_next_run(
    scenario: Scenario, point: CrashPoint
) -> None:
    store, [first, second] = scenario.create_store_with(LONG, SHORT)
    batch = batches.create(
        scenario.services, CALLER, store, [member(scenario.upload(f"{SHORT} {n}")) for n in range(FILES)]
    ).id
    scenario.crash(after(JOB, "index.upsert", 1), row=scenario.row(store, first))
    members.delete(scenario.services, CALLER, store, second)
    with scenario.services.database.transaction() as session:
        cancellation.cancel_batch(session, session.scalars(select(FileBatch).where(FileBatch.id == batch)).one())
    scenario.clock.advance(2 * scenario.services.settings.lease_seconds)
    scenario.services.queue.lanes["interactive"].clear()
    scenario.crash(point)

    scenario.finish_and_verify()

    assert scenario.counts(store) == (0, 1, 0, FILES)
    assert scenario.counts(batch) == (0, 0, 0, FILES)


@at_points(before(JOB, "parser.parse"))
def test_a_file_that_crashes_three_workers_fails_with_the_reason_and_another_completes(
    scenario: Scenario, point: CrashPoint
) -> None:
    store, [poison, neighbour] = scenario.create_store_with(LONG, SHORT)
    for _ in range(scenario.services.settings.max_crashes):
        scenario.crash(point, row=scenario.row(store, poison))
        scenario.clock.advance(2 * scenario.services.settings.lease_seconds)
        run_maintenance(scenario.services)

    scenario.finish_and_verify()

    failed = members.retrieve(scenario.services, CALLER, store, poison)
    assert (failed.status, failed.error_code) == ("failed", "server_error")
    assert "took down its worker 3 times" in (failed.error_message or "")
    assert members.retrieve(scenario.services, CALLER, store, neighbour).status == "completed"

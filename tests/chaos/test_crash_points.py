"""Whatever a process was doing when it was killed with -9: what follows puts everything right, and a client may retry."""

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
from ingest.db.queue import membership
from ingest.embedded.parts import vectors
from ingest.errors import NotFound
from ingest.jobs import run
from ingest.jobs.maintenance import sweep
from ingest.steps.filters import Comparison
from ingest.stores import batches, files, members, search, uploads, vector_stores
from ingest.verify import verify
from tests import servers
from tests.chaos.dying import Point, Stuntman, member
from tests.chaos.world import World, WorldTools, services
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER
from tests.jobs.test_run import run_all

pytestmark = [pytest.mark.services]

LONG = " ".join(f"word{n} heron" for n in range(6_000))
"""More chunks than are written at once."""

SHORT = "A heron stands in the shallow water."
FILES = 5
ANY = Window(limit=100, order="asc")


@dataclass(frozen=True)
class Stage:
    """A world, the tools of the process that survives, and the clock of both."""

    world: World
    services: WorldTools
    clock: Clock
    stuntman: Stuntman

    def die(self, point: Point, **given: Any) -> None:
        self.stuntman.die(self.world, point, self.clock, **given)

    def upload(self, text: str) -> str:
        made = files.create(
            self.services, CALLER, filename="a.txt", purpose="assistants", blocks=[text.encode()], expires_after=None
        )
        return made.id

    def store(self) -> str:
        return vector_stores.create(
            self.services, CALLER, name="s", description=None, metadata={}, expires_after_days=None
        ).id

    def store_with(self, *texts: str) -> tuple[str, list[str]]:
        store, ids = self.store(), [self.upload(text) for text in texts]
        for file_id in ids:
            members.attach(self.services, CALLER, store, member(file_id))
        return store, ids

    def row(self, store: str, file_id: str) -> int:
        return rows.row(self.services.database, store, file_id).row

    def counts(self, object_id: str) -> tuple[int, int, int, int]:
        return rows.counts(self.services.database, object_id)

    def recover(self) -> None:
        """What a service that goes on does by itself: sweeps, and the jobs that they tell of."""
        for _ in range(2):
            self.clock.advance(2 * self.services.settings.lease_seconds)
            sweep(self.services)
            run_all(self.services)

    def settle(self) -> None:
        """Recover; then, when no lost worker can write any more, everything must agree to the last point and blob."""
        self.recover()
        self.clock.advance(7_200)
        for name in (*self.services.blobs.names("raw/"), *self.services.blobs.names("part/")):
            os.utime(Path(self.world.data, "blobs", name.replace("/", f"/{name.split('/')[1][:2]}/")), (0, 0))
        for _ in range(2):
            sweep(self.services)
        report = verify(self.services)
        assert report.findings == []
        with self.services.database.reading() as session:
            live = sum(
                store.chunks for store in session.scalars(select(VectorStore).where(VectorStore.deleted_at.is_(None)))
            )
        assert report.points == live


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """URL and key of a vectors process."""
    folder = tmp_path_factory.mktemp("engine")
    part, url, key = vectors(folder, os.environ)
    with servers.process(part.command, folder / "vectors.log", environment=part.environment):
        servers.wait_until(part.is_ready, what="the start of the vectors process")
        yield url, key


@pytest.fixture(scope="module")
def stuntman() -> Iterator[Stuntman]:
    made = Stuntman()
    yield made
    made.close()


@pytest.fixture
def stage(
    database_url: str, engine: tuple[str, str], tmp_path: Path, clock: Clock, stuntman: Stuntman
) -> Iterator[Stage]:
    world = World(database_url, str(tmp_path / "data"), *engine, collection=f"chaos-{secrets.token_hex(8)}")
    made = services(world, clock)
    yield Stage(world, made, clock, stuntman)
    made.close()


def before(action: str, method: str, nth: int = 1) -> Point:
    return Point(action, method, nth)


def after(action: str, method: str, nth: int = 1) -> Point:
    return Point(action, method, nth, after=True)


def on_both(*points: Point) -> pytest.MarkDecorator:
    """Every point on SQLite, where most is different on disk; the first of each kind on Postgres too."""
    cases = [(point, "sqlite") for point in points] + [(point, "postgres") for point in points[:1]]
    ids = [f"{point} ({database})" for point, database in cases]
    return pytest.mark.parametrize(("point", "database_url"), cases, indirect=["database_url"], ids=ids)


@on_both(
    before("create a file", "commit", 2),
    after("create a file", "commit", 2),
    after("create a file", "commit"),
    after("create a file", "blobs.keep"),
)
def test_a_file_is_stored_as_a_whole_or_not_at_all(stage: Stage, point: Point) -> None:
    stage.die(point, text=SHORT)

    stored = len(files.list_page(stage.services, CALLER, ANY, purpose=None).items)
    assert stored == (1 if point == after("create a file", "commit", 2) else 0)
    again = stage.upload(SHORT)
    assert b"".join(files.read_content(stage.services, CALLER, again)[1]) == SHORT.encode()
    stage.settle()


@on_both(before("create a file", "commit", 2), after("create a file", "blobs.keep"))
def test_bytes_of_a_file_that_nobody_sends_again_do_not_stay(stage: Stage, point: Point) -> None:
    stage.die(point, text=SHORT)
    assert len(list(stage.services.blobs.names("raw/"))) == 1

    stage.settle()

    assert list(stage.services.blobs.names("raw/")) == []


@on_both(before("add a part", "blobs.keep"), before("add a part", "commit", 2), after("add a part", "commit", 2))
def test_a_part_is_sent_again_and_nothing_of_the_first_is_left(stage: Stage, point: Point) -> None:
    upload = announced(stage)
    stage.die(point, upload=upload, text=SHORT)

    part = uploads.add_part(stage.services, CALLER, upload, [SHORT.encode()])

    done = uploads.complete(stage.services, CALLER, upload, [part.id], None)
    assert done.file is not None
    assert b"".join(files.read_content(stage.services, CALLER, done.file.id)[1]) == SHORT.encode()
    stage.settle()
    assert list(stage.services.blobs.names("part/")) == []


@on_both(
    before("complete an upload", "commit", 2),
    after("complete an upload", "commit", 2),
    after("complete an upload", "commit", 1),
    after("complete an upload", "blobs.keep"),
)
def test_an_upload_is_completed_once_however_often_it_is_tried(stage: Stage, point: Point) -> None:
    upload = announced(stage)
    part = uploads.add_part(stage.services, CALLER, upload, [SHORT.encode()]).id
    stage.die(point, upload=upload, parts=[part])

    done = uploads.complete(stage.services, CALLER, upload, [part], None)

    assert done.file is not None
    assert [file.id for file in files.list_page(stage.services, CALLER, ANY, purpose=None).items] == [done.file.id]
    stage.settle()
    assert list(stage.services.blobs.names("part/")) == []


def announced(stage: Stage) -> str:
    return uploads.create(
        stage.services, CALLER, filename="a.txt", size=len(SHORT), mime_type="text/plain", purpose="assistants",
        file_expires_after=None,
    ).upload.id  # fmt: skip


@on_both(
    after("create a batch", "commit"),
    before("create a batch", "commit"),
    before("create a batch", "queue.send"),
    after("create a batch", "queue.send"),
)
def test_a_batch_is_created_as_a_whole_or_not_at_all_and_then_needs_nobody(stage: Stage, point: Point) -> None:
    store = stage.store()
    ids = [stage.upload(f"{SHORT} {n}") for n in range(FILES)]
    stage.die(point, store=store, files=ids)

    created = point != before("create a batch", "commit")
    stage.recover()
    assert stage.counts(store) == ((0, FILES, 0, 0) if created else (0, 0, 0, 0))
    again = batches.create(stage.services, CALLER, store, [*map(member, ids)])
    stage.settle()
    assert stage.counts(again.id) == stage.counts(store) == (0, FILES, 0, 0)


@on_both(after("attach a file", "commit"), before("attach a file", "commit"), after("attach a file", "queue.send"))
def test_an_attached_file_is_ingested_also_when_nobody_could_be_told(stage: Stage, point: Point) -> None:
    store, file_id = stage.store(), stage.upload(SHORT)
    stage.die(point, store=store, files=[file_id])

    members.attach(stage.services, CALLER, store, member(file_id))

    stage.settle()
    assert stage.counts(store) == (0, 1, 0, 0)
    assert len(search.search(stage.services, CALLER, store, ["heron"], limit=10)) == 1


@on_both(after("cancel a batch", "commit"), before("cancel a batch", "commit"), before("cancel a batch", "commit", 2))
def test_a_cancel_that_was_committed_is_a_cancel(stage: Stage, point: Point) -> None:
    store = stage.store()
    batch = batches.create(
        stage.services, CALLER, store, [member(stage.upload(f"{SHORT} {n}")) for n in range(FILES)]
    ).id
    for message in stage.services.queue.lanes["bulk"][:2]:
        run.run(stage.services, message.row, owner="test/1")
    stage.services.queue.lanes["bulk"].clear()
    stage.die(point, store=store, batch=batch)

    cancelled = point != before("cancel a batch", "commit")
    expected = (0, 2, 0, FILES - 2) if cancelled else (FILES - 2, 2, 0, 0)
    assert stage.counts(batch) == stage.counts(store) == expected
    batches.cancel(stage.services, CALLER, store, batch)
    stage.settle()
    assert stage.counts(batch) == stage.counts(store) == (0, 2, 0, FILES - 2)
    assert len(search.search(stage.services, CALLER, store, ["heron"], limit=10)) == 2


@on_both(
    after("detach a file", "commit"),
    after("delete a file", "commit", 1),
    before("delete a file", "commit", 2),
    after("delete a file", "commit", 2),
    before("delete a file", "blobs.delete"),
    after("delete a store", "commit"),
)
def test_what_was_deleted_is_never_found_again_and_leaves_nothing(stage: Stage, point: Point) -> None:
    store, [first, second] = stage.store_with(SHORT, f"{SHORT} Another.")
    run_all(stage.services)
    stage.die(point, store=store, files=[first])

    try:
        found = [passage.file_id for passage in search.search(stage.services, CALLER, store, ["heron"], limit=10)]
        assert found == [second]
    except NotFound:
        assert point.action == "delete a store"
    if point.action == "delete a file":
        try:
            files.delete(stage.services, CALLER, first)
        except NotFound:
            assert point == after("delete a file", "commit", 2) or point.method == "blobs.delete"
    stage.settle()


@on_both(after("change attributes", "commit"), before("change attributes", "index.set_attributes"))
def test_attributes_that_were_accepted_reach_the_points(stage: Stage, point: Point) -> None:
    store, [file_id] = stage.store_with(SHORT)
    run_all(stage.services)
    stage.die(point, store=store, files=[file_id])

    stage.settle()

    red = Comparison("eq", "colour", "red")
    assert len(search.search(stage.services, CALLER, store, ["heron"], limit=10, filters=red)) == 1


JOB = "run a job"


@on_both(
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
def test_a_job_is_done_again_and_counted_once(stage: Stage, point: Point) -> None:
    store, [file_id, other] = stage.store_with(LONG, SHORT)
    stage.die(point, row=stage.row(store, file_id))

    assert stage.counts(store) == (2, 0, 0, 0)
    stage.settle()
    assert stage.counts(store) == (0, 2, 0, 0)
    row = rows.row(stage.services.database, store, file_id)
    assert (row.crashes, row.attempts) == (1, 2)
    assert rows.row(stage.services.database, store, other).crashes == 0


@on_both(
    after(JOB, "commit", 2),
    after("run a job without an embedder", "commit", 2),
    after("run a job and be stopped", "commit", 2),
)
def test_a_job_whose_end_is_written_down_needs_nobody_and_no_kill_is_counted(stage: Stage, point: Point) -> None:
    store, [file_id] = stage.store_with(LONG)
    stage.die(point, row=stage.row(store, file_id))

    row = rows.row(stage.services.database, store, file_id)
    assert row.status == ("completed" if point.action == JOB else "queued")
    stage.settle()
    assert stage.counts(store) == (0, 1, 0, 0)
    assert rows.row(stage.services.database, store, file_id).crashes == 0


@on_both(before(JOB, "index.trim"), after(JOB, "index.trim"))
def test_a_second_attempt_may_die_before_it_has_tidied_up(stage: Stage, point: Point) -> None:
    store, [file_id] = stage.store_with(LONG)
    row = stage.row(store, file_id)
    stage.die(after(JOB, "index.upsert", 1), row=row)
    stage.clock.advance(2 * stage.services.settings.lease_seconds)
    sweep(stage.services)
    stage.die(point, row=row)

    stage.settle()

    assert stage.counts(store) == (0, 1, 0, 0)
    assert rows.row(stage.services.database, store, file_id).crashes == 2


@on_both(after("sweep", "index.delete_rows"), before("sweep", "index.delete_rows"))
def test_a_sweep_that_dies_between_a_purge_and_its_note_purges_again(stage: Stage, point: Point) -> None:
    store, [first, second] = stage.store_with(LONG, SHORT)
    run_all(stage.services)
    members.delete(stage.services, CALLER, store, first)
    stage.die(point)

    stage.settle()

    assert [passage.file_id for passage in search.search(stage.services, CALLER, store, ["heron"], limit=10)] == [
        second
    ]


@on_both(
    before("sweep", "queue.send"),
    *(after("sweep", "commit", nth) for nth in (1, 2, 3, 4, 5, 6, 7, 8)),
)
def test_a_sweep_that_dies_at_any_of_its_commits_is_done_by_the_next(stage: Stage, point: Point) -> None:
    store, [first, second] = stage.store_with(LONG, SHORT)
    batch = batches.create(
        stage.services, CALLER, store, [member(stage.upload(f"{SHORT} {n}")) for n in range(FILES)]
    ).id
    stage.die(after(JOB, "index.upsert", 1), row=stage.row(store, first))
    members.delete(stage.services, CALLER, store, second)
    with stage.services.database.transaction() as session:
        membership.cancel(session, session.scalars(select(FileBatch).where(FileBatch.id == batch)).one())
    stage.clock.advance(2 * stage.services.settings.lease_seconds)
    stage.services.queue.lanes["interactive"].clear()
    stage.die(point)

    stage.settle()

    assert stage.counts(store) == (0, 1, 0, FILES)
    assert stage.counts(batch) == (0, 0, 0, FILES)


@on_both(before(JOB, "parser.parse"))
def test_a_file_that_kills_three_workers_fails_with_the_reason_and_its_neighbour_completes(
    stage: Stage, point: Point
) -> None:
    store, [poison, neighbour] = stage.store_with(LONG, SHORT)
    for _ in range(stage.services.settings.max_kills):
        stage.die(point, row=stage.row(store, poison))
        stage.clock.advance(2 * stage.services.settings.lease_seconds)
        sweep(stage.services)

    stage.settle()

    failed = members.retrieve(stage.services, CALLER, store, poison)
    assert (failed.status, failed.error_code) == ("failed", "server_error")
    assert "took down its worker 3 times" in (failed.error_message or "")
    assert members.retrieve(stage.services, CALLER, store, neighbour).status == "completed"

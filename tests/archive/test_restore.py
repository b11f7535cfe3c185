"""A store goes through an archive into another service, as a whole or not at all, whatever the archive is."""

import io
import json
import shutil
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ingest.archive import restore, writer
from ingest.archive.restore import LEASE_SECONDS, Brought
from ingest.config import Settings
from ingest.db.pages import Window
from ingest.db.queue.membership import Member
from ingest.db.session import Database
from ingest.embedded.parts import free_port
from ingest.errors import DependencyDown, IngestError, InvalidFile, Refused
from ingest.jobs import run
from ingest.jobs.maintenance import sweep
from ingest.steps.index import PointOwner, Point
from ingest.stores import batches, files, search, vector_stores
from ingest.verify import verify
from tests.conftest import Clock
from tests.fakes import CALLER, FakeIndex, FakeServices, lose_answer
from tests.jobs.test_run import run_all, upload

WINDOW = Window(limit=100, order="asc")
TEXTS = ["A heron stands in the water.", "An otter swims at night. " * 120, "Foxes sleep by day."]
DAY = 86_400.0


@pytest.fixture
def elsewhere(tmp_path: Path, sqlite_template: Path, clock: Clock) -> Iterator[FakeServices]:
    """Another service."""
    shutil.copy(sqlite_template, tmp_path / "other.db")
    database = Database(f"sqlite:///{tmp_path / 'other.db'}", clock=clock)
    yield FakeServices(Settings(data=tmp_path / "other", redis_url="", qdrant_url="", database_url=""), database)
    database.dispose()


@pytest.fixture
def store(services: FakeServices) -> str:
    """A store with three files that completed and one that failed; its first file's row is not the first there is."""
    other = vector_stores.create(services, CALLER, name="other", description=None, metadata={}, expires_after_days=None)
    batches.create(services, CALLER, other.id, [Member(upload(services, "a mole"), {}, 800, 400)])
    run_all(services)
    made = vector_stores.create(
        services, CALLER, name="zoo", description="all of it", metadata={"a": "b"}, expires_after_days=9
    ).id
    members = [Member(upload(services, text), {"n": n, "odd": n % 2 == 1}, 200, 50) for n, text in enumerate(TEXTS)]
    batches.create(services, CALLER, made, members)
    run_all(services)
    services.parser.error = InvalidFile("It is broken.")
    batches.create(services, CALLER, made, [Member(upload(services, "broken"), {}, 800, 400)])
    run_all(services)
    services.parser.error = None
    return made


@pytest.fixture
def archive(services: FakeServices, store: str, tmp_path: Path) -> Path:
    path = tmp_path / "zoo.tar"
    writer.write(services, store, path)
    return path


def bring(services: FakeServices, path: Path, *, name: str | None = None, re_embed: bool = False) -> Brought:
    return restore.bring(services, path, project=CALLER.project, name=name, mapping=None, re_embed=re_embed)


def found(services: FakeServices, store: str) -> list[list[tuple[str, float, object]]]:
    """What some searches say, without ids."""
    return [
        [(hit.text, hit.score, hit.attributes) for hit in search.search(services, CALLER, store, [query], limit=20)]
        for query in ("heron", "an otter at night", "sleep")
    ]


def nothing_is_left(services: FakeServices) -> None:
    sweep(services)
    sweep(services)
    assert vector_stores.list_page(services, CALLER, WINDOW).items == []
    assert files.list_page(services, CALLER, WINDOW, purpose=None).items == []
    assert services.index.points == {}
    assert list(services.blobs.names("raw/")) == []
    assert verify(services).findings == []


def test_searches_say_the_same_elsewhere_and_nothing_was_parsed_or_embedded(
    services: FakeServices, elsewhere: FakeServices, store: str, archive: Path
) -> None:
    before = found(services, store)
    elsewhere.embedder.error = AssertionError("nothing is to be embedded")

    brought = bring(elsewhere, archive)

    elsewhere.embedder.error = None
    assert before[0]
    assert found(elsewhere, brought.store_id) == before
    assert elsewhere.parser.parsed == 0
    assert brought.files == {"completed": 3, "failed": 1}
    assert brought.store_id != store
    assert verify(elsewhere).findings == []
    old, new = (vector_stores.retrieve(t, CALLER, s) for t, s in ((services, store), (elsewhere, brought.store_id)))
    for name in ("name", "description", "meta", "expires_after_days", "completed", "failed", "usage_bytes", "chunks"):
        assert getattr(new, name) == getattr(old, name), name


def test_it_comes_back_into_the_same_service_beside_the_old_one(
    services: FakeServices, store: str, archive: Path
) -> None:
    mapping = io.StringIO()
    brought = restore.bring(
        services, archive, project=CALLER.project, name="zoo again", mapping=mapping, re_embed=False
    )

    pairs = [line.split("\t") for line in mapping.getvalue().splitlines()]
    assert len(pairs) == 4
    for old, new in pairs:
        assert b"".join(files.read_content(services, CALLER, new)[1]) == b"".join(files.read_content(services, CALLER, old)[1])
    assert found(services, brought.store_id) == found(services, store)
    assert vector_stores.retrieve(services, CALLER, brought.store_id).name == "zoo again"
    assert verify(services).findings == []
    vector_stores.delete(services, CALLER, store)
    sweep(services)
    assert found(services, brought.store_id)[0]


def test_files_that_are_attached_later_get_rows_of_their_own(elsewhere: FakeServices, archive: Path) -> None:
    brought = bring(elsewhere, archive)

    batches.create(elsewhere, CALLER, brought.store_id, [Member(upload(elsewhere, "a newt"), {}, 800, 400)])
    run_all(elsewhere)

    assert vector_stores.retrieve(elsewhere, CALLER, brought.store_id).completed == 4
    assert verify(elsewhere).findings == []


def test_another_model_is_refused_unless_the_files_are_embedded_anew(
    services: FakeServices, elsewhere: FakeServices, store: str, archive: Path
) -> None:
    elsewhere.embedder.dimensions = 9

    with pytest.raises(Refused, match=r"vectors are of all-MiniLM-L6-v2 \(8\).*all-MiniLM-L6-v2 \(9\).*--re-embed"):
        bring(elsewhere, archive)
    nothing_is_left(elsewhere)

    brought = bring(elsewhere, archive, re_embed=True)
    elsewhere.publish_waiting()
    run_all(elsewhere)

    assert found(elsewhere, brought.store_id)[0]
    assert vector_stores.retrieve(elsewhere, CALLER, brought.store_id).completed == 4  # the broken one is read here
    assert verify(elsewhere).findings == []


def test_a_store_that_is_at_work_and_an_unknown_one_are_not_exported(
    services: FakeServices, store: str, tmp_path: Path
) -> None:
    batches.create(services, CALLER, store, [Member(upload(services, "a newt"), {}, 800, 400)])

    with pytest.raises(Refused, match="in progress"):
        writer.write(services, store, tmp_path / "a.tar")
    with pytest.raises(Refused, match="no store"):
        writer.write(services, "nowhere", tmp_path / "a.tar")
    assert not list(tmp_path.glob("*a.tar*"))


def test_points_that_are_lost_are_not_passed_over(services: FakeServices, store: str, tmp_path: Path) -> None:
    services.index.points.popitem()  # one of the last file's

    with pytest.raises(Refused, match="points"):
        writer.write(services, "zoo", tmp_path / "zoo.tar")
    assert not list(tmp_path.glob("*zoo*"))


# --- archives that are not what was written ---

Parts = list[tuple[tarfile.TarInfo, bytes]]


def rewritten(path: Path, change: Callable[[Parts], Parts]) -> Path:
    with tarfile.open(path) as tar:
        parts = [(each, (tar.extractfile(each) or io.BytesIO()).read()) for each in tar]
    target = path.with_name("changed.tar")
    with tarfile.open(target, "w") as tar:
        for about, data in change(parts):
            about.size = len(data)
            tar.addfile(about, io.BytesIO(data))
    return target


def named(parts: Parts, end: str, change: Callable[[tarfile.TarInfo, bytes], tuple[tarfile.TarInfo, bytes]]) -> Parts:
    """Change the first part whose name ends so."""
    at = next(n for n, (about, _) in enumerate(parts) if about.name.endswith(end))
    return [*parts[:at], change(*parts[at]), *parts[at + 1 :]]


def renamed(name: str) -> Callable[[tarfile.TarInfo, bytes], tuple[tarfile.TarInfo, bytes]]:
    return lambda about, data: (about.replace(name=name), data)


def linked(about: tarfile.TarInfo, data: bytes) -> tuple[tarfile.TarInfo, bytes]:
    link = tarfile.TarInfo(about.name)
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return link, b""


def told(**changes: object) -> Callable[[tarfile.TarInfo, bytes], tuple[tarfile.TarInfo, bytes]]:
    return lambda about, data: (about, json.dumps({**json.loads(data), **changes}).encode())


HOSTILE: dict[str, Callable[[Parts], Parts]] = {
    "a path that leads out": lambda parts: named(parts, "content", renamed("../../../../tmp/evil")),
    "an absolute path": lambda parts: named(parts, "content", renamed("/etc/cron.d/evil")),
    "a link": lambda parts: named(parts, "content", linked),
    "other bytes": lambda parts: named(parts, "content", lambda about, data: (about, b"X" + data[1:])),
    "more bytes": lambda parts: named(parts, "content", lambda about, data: (about, data + b"X")),
    "other points": lambda parts: named(parts, "points.jsonl", lambda a, d: (a, d.replace(b"heron", b"eagle"))),
    "fewer points": lambda parts: named(parts, "points.jsonl", lambda about, data: (about, b"")),
    "no end": lambda parts: parts[:-1],
    "a file less": lambda parts: [*parts[:-4], parts[-1]],
    "files in another order": lambda parts: [parts[0], *parts[4:7], *parts[1:4], *parts[7:]],
    "an outcome that was not": lambda parts: named(parts, "about.json", told(status="cancelled")),
    "another purpose": lambda parts: named(parts, "about.json", told(purpose="batch")),
    "something unknown": lambda parts: named(parts, "about.json", told(surprise=1)),
    "a newer version": lambda parts: named(parts, "manifest.json", told(version=2)),
    "another format": lambda parts: named(parts, "manifest.json", told(format="zip")),
    "nothing": lambda parts: [],
}


@pytest.mark.parametrize("what", HOSTILE)
def test_an_archive_that_is_not_what_was_written_leaves_nothing(
    what: str, elsewhere: FakeServices, archive: Path
) -> None:
    with pytest.raises(Refused):
        bring(elsewhere, rewritten(archive, HOSTILE[what]))

    nothing_is_left(elsewhere)


@pytest.mark.parametrize("share", [0.0, 0.02, 0.3, 0.6, 0.8])
def test_an_archive_that_is_cut_off_leaves_nothing(share: float, elsewhere: FakeServices, archive: Path) -> None:
    data = archive.read_bytes()
    archive.write_bytes(data[: int(share * len(data.rstrip(b"\x00")))])

    with pytest.raises(Refused):
        bring(elsewhere, archive)

    nothing_is_left(elsewhere)


def test_an_import_that_is_killed_is_never_seen_and_is_cleaned_up_by_the_sweep(
    elsewhere: FakeServices, archive: Path, clock: Clock
) -> None:
    alive = elsewhere.database
    gone = Database(f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none")

    class Dies(FakeIndex):
        """Takes the first file, and is then cut off together with the database."""

        def upsert(self, owner: PointOwner, points: Sequence[Point]) -> None:
            if self.points:
                elsewhere.database = gone
                raise IngestError("killed")
            super().upsert(owner, points)

    elsewhere.index = Dies()
    with pytest.raises(IngestError, match="killed"):
        bring(elsewhere, archive)
    elsewhere.database = alive

    assert elsewhere.index.points
    assert vector_stores.list_page(elsewhere, CALLER, WINDOW).items == []
    assert files.list_page(elsewhere, CALLER, WINDOW, purpose=None).items == []
    assert verify(elsewhere).findings == []
    clock.advance(DAY)
    nothing_is_left(elsewhere)


def test_an_import_that_stood_still_for_too_long_is_refused(
    elsewhere: FakeServices, archive: Path, clock: Clock
) -> None:
    class Slow(FakeIndex):
        def upsert(self, owner: PointOwner, points: Sequence[Point]) -> None:
            super().upsert(owner, points)
            clock.advance(DAY)

    elsewhere.index = Slow()
    with pytest.raises(Refused, match="stood still"):
        bring(elsewhere, archive)

    elsewhere.index.points.clear()  # what it wrote after the purge was due
    nothing_is_left(elsewhere)


def test_an_import_does_not_take_what_a_sweep_is_deleting(elsewhere: FakeServices, archive: Path, clock: Clock) -> None:
    class Interrupted(FakeIndex):
        """Its last points are written long after the sweep should have deleted them, which nobody hears of."""

        def upsert(self, owner: PointOwner, points: Sequence[Point]) -> None:
            super().upsert(owner, points)
            if len({owner.row for owner, _ in self.points.values()}) == len(TEXTS):
                clock.advance(LEASE_SECONDS)
                sweep(elsewhere)

        def delete_store(self, store_id: str) -> None:
            super().delete_store(store_id)
            raise DependencyDown("qdrant", "no answer")

    elsewhere.index = Interrupted()
    with pytest.raises(Refused, match="stood still"):
        bring(elsewhere, archive)

    elsewhere.index = FakeIndex()
    clock.advance(DAY)
    nothing_is_left(elsewhere)


def test_what_an_import_writes_after_the_last_purge_is_purged_too(
    elsewhere: FakeServices, archive: Path, clock: Clock
) -> None:
    class Frozen(FakeIndex):
        def upsert(self, owner: PointOwner, points: Sequence[Point]) -> None:
            for _ in range(2):
                clock.advance(DAY)
                sweep(elsewhere)
            super().upsert(owner, points)

    elsewhere.index = Frozen()
    with pytest.raises(Refused, match="stood still"):
        bring(elsewhere, archive)

    nothing_is_left(elsewhere)


def lose_the_last_answer(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the store made, and nobody hear of it."""
    make = restore._make

    def made(*arguments: Any) -> str | None:
        lose_answer(services, monkeypatch)
        return make(*arguments)

    monkeypatch.setattr(restore, "_make", made)


@pytest.mark.parametrize("re_embed", [False, True])
def test_an_import_whose_last_answer_is_lost_has_succeeded(
    elsewhere: FakeServices, archive: Path, monkeypatch: pytest.MonkeyPatch, re_embed: bool
) -> None:
    monkeypatch.setattr(restore, "LOOK_SECONDS", 0.01)
    lose_the_last_answer(elsewhere, monkeypatch)

    brought = bring(elsewhere, archive, re_embed=re_embed)

    sweep(elsewhere)
    run_all(elsewhere)
    assert (brought.batch is not None) == re_embed
    assert vector_stores.retrieve(elsewhere, CALLER, brought.store_id).completed == len(TEXTS) + re_embed
    assert verify(elsewhere).findings == []


def test_a_store_that_was_made_stays_when_the_database_is_away_for_too_long_to_say_so(
    elsewhere: FakeServices, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore, "LOOKS", 0)
    lose_the_last_answer(elsewhere, monkeypatch)
    with pytest.raises(DependencyDown):
        bring(elsewhere, archive)

    sweep(elsewhere)
    [store] = vector_stores.list_page(elsewhere, CALLER, WINDOW).items
    assert store.completed == len(TEXTS)
    assert verify(elsewhere).findings == []


def test_an_import_that_the_database_did_not_make_is_not_there(
    elsewhere: FakeServices, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(restore, "LOOK_SECONDS", 0.01)

    def lost(*_: object) -> None:
        raise DependencyDown("database", "it is away")

    monkeypatch.setattr(restore, "_make", lost)

    with pytest.raises(DependencyDown):
        bring(elsewhere, archive)
    nothing_is_left(elsewhere)


def test_what_the_workers_do_is_not_needed(elsewhere: FakeServices, archive: Path) -> None:
    brought = bring(elsewhere, archive)

    assert elsewhere.queue.lanes == {"interactive": [], "bulk": []}
    assert run.run(elsewhere, 1, owner="test/1").result != "completed"
    assert brought.batch is None

"""Backups of different ages are restored: SQL, points and blobs in every mixture.

There are three ages. `old` is a backup; `new` is the same service later; `other` is what became of the service after the
old SQL was restored beside the new points, so that its row numbers came again for other files. In no mixture does a search
show the text of one file under the name of another. `verify` names what is wrong, and a repair mends all but lost bytes.
"""

import itertools
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr
from qdrant_client import models

from ingest.archive import writer
from ingest.config import Settings
from ingest.db import row_numbers
from ingest.db.models import StoreFile
from ingest.db.queue.membership import Member
from ingest.db.session import Database
from ingest.errors import Refused
from ingest.jobs.maintenance import run_maintenance
from ingest.reindex import rerun_batches
from ingest.search.options import SearchOptions
from ingest.search.search import search_store
from ingest.steps.index import QdrantIndex, collection_name
from ingest.stores import files, members, vector_stores
from ingest.verify import verify
from tests.conftest import Clock, TemporaryDatabase, with_driver
from tests.contracts.qdrant_server import Server, qdrant
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import run_published_jobs

__all__ = ["qdrant"]

AGES = ("old", "new", "other")
MIXTURES = list(itertools.product(AGES, AGES, AGES))
TELLING_MIXTURES = [("old", "new", "new"), ("new", "old", "old"), ("new", "other", "new"), ("other", "new", "other")]
CONSISTENT = {("old", "old"), ("new", "new"), ("new", "other")}
"""SQL and points of these ages agree. The other points are the new ones and more, which the new SQL is about to purge."""

DIMENSIONS = 8
WORDS_PER_FILE = {"wren": 300, "robin": 40, "heron": 250, "stork": 700, "raven": 40, "finch": 150, "snipe": 300}
"""Each file has one word, many times."""

Files = list[tuple[str, str]]
"""Ids and words of files."""


@dataclass
class Service:
    """A service whose SQL, points and blobs can be copied and restored, each by itself."""

    services: FakeServices
    folder: Path
    clock: Clock
    stack: ExitStack
    server: str | None
    """The Postgres server; None for SQLite."""
    store: str = ""
    database_name: str = ""

    def copy_sql(self) -> Any:
        """Return a copy of the database, from which `restore_sql` makes another one."""
        self.services.database.dispose()
        if self.server is not None:
            return self.stack.enter_context(TemporaryDatabase(self.server, self.database_name))[0]
        target = self.folder / f"{uuid4().hex}.db"
        with closing(sqlite3.connect(self.database_name)) as source, closing(sqlite3.connect(target)) as copy:
            source.backup(copy)
        return target

    def restore_sql(self, copy: Any) -> None:
        self.services.database.dispose()
        if self.server is not None:
            self.database_name, url = self.stack.enter_context(TemporaryDatabase(self.server, copy))
            url = with_driver(url)
        else:
            self.database_name = str(shutil.copy(copy, self.folder / f"{uuid4().hex}.db"))
            url = f"sqlite:///{self.database_name}"
        self.services.database = Database(url, clock=self.clock)
        self.stack.callback(self.services.database.dispose)
        self.services.row_numbers_are_advanced = False
        vars(self.services).pop("feeder", None)  # it has the former database

    def copy_points(self) -> Any:
        index: Any = self.services.index
        if not isinstance(index, QdrantIndex):
            return dict(index.points)
        records, _ = index._client.scroll(index._collection, limit=10_000, with_payload=True, with_vectors=True)
        return [models.PointStruct(id=each.id, payload=each.payload, vector=each.vector) for each in records]

    def restore_points(self, copy: Any) -> None:
        index: Any = self.services.index
        if not isinstance(index, QdrantIndex):
            index.points = dict(copy)
            return
        index._client.delete(index._collection, models.Filter(must=[]), wait=True)
        index._client.upsert(index._collection, copy, wait=True)

    @property
    def blobs_folder(self) -> Path:
        return self.services.settings.data / "blobs"

    def copy_blobs(self) -> Path:
        return Path(shutil.copytree(self.blobs_folder, self.folder / uuid4().hex))

    def restore_blobs(self, copy: Path) -> None:
        shutil.rmtree(self.blobs_folder)
        shutil.copytree(copy, self.blobs_folder)

    def add(self, word: str) -> str:
        text = f"{word} " * WORDS_PER_FILE[word]
        file_id = files.create(
            self.services, CALLER, filename=f"{word}.txt", purpose="assistants", blocks=[text.encode()], expires_after=None
        ).id  # fmt: skip
        members.attach(self.services, CALLER, self.store, Member(file_id, {}, 100, 0))
        run_published_jobs(self.services)
        return file_id

    def work(self) -> None:
        """Do all that is queued, and all that is due within a few minutes."""
        for _ in range(3):
            run_maintenance(self.services)
            self.services.feeder.top_up()
            run_published_jobs(self.services)
            self.clock.advance(200)

    def assert_shows_no_text_under_another_name(self) -> None:
        for word in WORDS_PER_FILE:
            options = SearchOptions(limit=50, expand=2)
            for result in search_store(self.services, CALLER, self.store, [word], options).results:
                own = result.filename.removesuffix(".txt")
                assert set(result.text.split()) == {own}, f"{result.filename} shows {result.text[:80]}"

    def found_files(self) -> set[str]:
        found = set()
        for word in WORDS_PER_FILE:
            results = search_store(self.services, CALLER, self.store, [word], SearchOptions(limit=50)).results
            found |= {result.filename for result in results}
        return found


@dataclass(frozen=True)
class Backup:
    """A copy of all three parts, and the words of the files."""

    sql: Any
    points: Any
    blobs: Path
    words: frozenset[str]


@pytest.fixture
def service(
    request: pytest.FixtureRequest, settings: Settings, tmp_path: Path, clock: Clock, sqlite_template: Path
) -> Iterator[Service]:
    engine, index = request.param
    with ExitStack() as stack:
        server, name = None, str(tmp_path / "first.db")
        if engine == "postgres":
            server = request.getfixturevalue("postgres_server")
            template = request.getfixturevalue("postgres_template")
            name, url = stack.enter_context(TemporaryDatabase(server, template))
            url = with_driver(url)
        else:
            shutil.copy(sqlite_template, name)
            url = f"sqlite:///{name}"
        database = Database(url, clock=clock)
        stack.callback(database.dispose)
        services = FakeServices(settings, database)
        if index == "qdrant":
            services.index = stack.enter_context(own_index(request.getfixturevalue("qdrant")))
        service = Service(services, tmp_path, clock, stack, server, database_name=name)
        store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=None)
        service.store = store.id
        yield service


class own_index:  # noqa: N801 - used as a function
    """A collection of the vectors process for one test."""

    def __init__(self, server: Server) -> None:
        settings = Settings(qdrant_url=server.url, qdrant_api_key=SecretStr(server.api_key))
        self._model = f"test {uuid4().hex}"
        self._index = QdrantIndex.connect(settings, model=self._model, dimensions=DIMENSIONS, multivector=False)

    def __enter__(self) -> Any:
        self._index.ensure_collection()
        return self._index

    def __exit__(self, *_: object) -> None:
        self._index._client.delete_collection(collection_name(self._model, DIMENSIONS))
        self._index.close()


def make_backups(service: Service) -> dict[str, Backup]:
    def back_up(*words: str) -> Backup:
        return Backup(service.copy_sql(), service.copy_points(), service.copy_blobs(), frozenset(words))

    [_, robin, _] = [service.add(word) for word in ("wren", "robin", "heron")]
    backups = {"old": back_up("wren", "robin", "heron")}
    service.restore_sql(backups["old"].sql)
    service.add("stork")
    service.add("raven")
    members.delete(service.services, CALLER, service.store, robin)
    files.delete(service.services, CALLER, robin)
    rerun_batches.reindex(service.services, CALLER, service.store, "all", None)
    run_published_jobs(service.services)
    backups["new"] = back_up("wren", "heron", "stork", "raven")
    service.restore_sql(backups["old"].sql)
    service.restore_blobs(backups["old"].blobs)
    service.services.row_numbers_are_advanced = True  # a service that does not look at the points
    service.add("finch")
    service.add("snipe")
    backups["other"] = back_up("wren", "robin", "heron", "finch", "snipe")
    return backups


def restore(service: Service, backups: dict[str, Backup], sql: str, points: str, blobs: str) -> None:
    service.restore_sql(backups[sql].sql)
    service.restore_points(backups[points].points)
    service.restore_blobs(backups[blobs].blobs)


def check_mixture(service: Service, backups: dict[str, Backup], mixture: tuple[str, str, str]) -> None:
    sql, points, blobs = mixture
    restore(service, backups, *mixture)
    lost = backups[sql].words - backups[blobs].words

    service.assert_shows_no_text_under_another_name()
    report = verify(service.services, is_running=False)  # work of the backup may be overdue
    is_consistent = (sql, points) in CONSISTENT
    assert bool(report.counts) == (not is_consistent or bool(lost)), f"{mixture}: {report.counts}"
    assert report.counts.get("blob_missing", 0) == len(lost)

    verify(service.services, repair=True)
    service.assert_shows_no_text_under_another_name()
    service.work()

    service.assert_shows_no_text_under_another_name()
    left = verify(service.services, deep=True)
    assert set(left.counts) <= ({"blob_missing", "points_missing"} if lost else set()), f"{mixture}: {left.findings}"
    assert service.found_files() >= {f"{word}.txt" for word in backups[sql].words - lost}


SQLITE = pytest.param(("sqlite", "fake"), id="sqlite")
OTHERS = [
    pytest.param(("postgres", "fake"), id="postgres", marks=pytest.mark.services),
    pytest.param(("sqlite", "qdrant"), id="sqlite-vectors", marks=pytest.mark.services),
    pytest.param(("postgres", "qdrant"), id="postgres-vectors", marks=pytest.mark.services),
]


@pytest.mark.parametrize(
    ("service", "mixtures"),
    [
        pytest.param(("sqlite", "fake"), TELLING_MIXTURES, id="sqlite"),
        pytest.param(("postgres", "qdrant"), TELLING_MIXTURES[-1:], id="postgres-vectors", marks=pytest.mark.services),
    ],
    indirect=["service"],
)
def test_telling_mixtures_of_ages_are_mended(service: Service, mixtures: list[tuple[str, str, str]]) -> None:
    backups = make_backups(service)

    for mixture in mixtures:
        check_mixture(service, backups, mixture)


@pytest.mark.long
@pytest.mark.parametrize("service", [SQLITE, *OTHERS], indirect=True)
def test_every_mixture_of_ages_is_mended(service: Service) -> None:
    backups = make_backups(service)

    for mixture in MIXTURES:
        check_mixture(service, backups, mixture)


@pytest.mark.parametrize("service", [SQLITE], indirect=True)
def test_row_numbers_of_newer_points_are_not_given_out_after_a_restore(service: Service) -> None:
    backups = make_backups(service)
    restore(service, backups, "old", "new", "new")
    run_maintenance(service.services)

    service.add("finch")

    with service.services.database.reading() as session:
        assert row_numbers.last_row_number(session) == 6


@pytest.mark.parametrize("service", [SQLITE], indirect=True)
def test_an_export_has_no_points_of_another_file(service: Service, tmp_path: Path) -> None:
    service.add("robin")
    with service.services.database.reading() as session:
        [row] = session.query(StoreFile.row).all()
    (owner, point) = next(iter(service.services.index.points.values()))
    service.services.index.points[row[0], 1, 1] = (replace(owner, file_id="file-other"), replace(point, number=1))

    assert writer.export_store(service.services, service.store, tmp_path / "store.tar").points == 1

    service.services.index.points[row[0], 1, 0] = (replace(owner, file_id="file-other"), point)
    with pytest.raises(Refused, match="has 0 of its 1 points"):
        writer.export_store(service.services, service.store, tmp_path / "other.tar")

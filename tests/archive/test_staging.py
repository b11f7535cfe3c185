"""Restores that are killed or lose their lease leave nothing behind."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from ingest.archive.staging import LEASE_SECONDS
from ingest.db.session import Database
from ingest.embedded.processes import free_port
from ingest.errors import DependencyDown, IngestError, Refused
from ingest.jobs.maintenance import run_maintenance
from ingest.steps.index import Point, PointOwner
from ingest.stores import files, vector_stores
from ingest.verify import verify
from tests.archive.archives import WINDOW, assert_nothing_is_left, restore_archive
from tests.archive.conftest import TEXTS
from tests.conftest import Clock
from tests.fakes import CALLER, FakeIndex, FakeServices

DAY = 86_400.0


def test_maintenance_deletes_the_staged_parts_of_a_killed_restore(
    other_service: FakeServices, archive: Path, clock: Clock
) -> None:
    alive = other_service.database
    unreachable = Database(f"postgresql+psycopg://nobody@127.0.0.1:{free_port()}/none")

    class Dies(FakeIndex):
        """Accepts the first file; then the process and its database connection fail."""

        def upsert(self, owner: PointOwner, points: Sequence[Point]) -> None:
            if self.points:
                other_service.database = unreachable
                raise IngestError("killed")
            super().upsert(owner, points)

    other_service.index = Dies()
    with pytest.raises(IngestError, match="killed"):
        restore_archive(other_service, archive)
    other_service.database = alive

    assert other_service.index.points
    assert vector_stores.list_page(other_service, CALLER, WINDOW).items == []
    assert files.list_page(other_service, CALLER, WINDOW, purpose=None).items == []
    assert verify(other_service).findings == []
    clock.advance(DAY)
    assert_nothing_is_left(other_service)


def test_a_restore_that_outlives_its_lease_is_refused(other_service: FakeServices, archive: Path, clock: Clock) -> None:
    class Slow(FakeIndex):
        def upsert(self, owner: PointOwner, points: Sequence[Point]) -> None:
            super().upsert(owner, points)
            clock.advance(DAY)

    other_service.index = Slow()
    with pytest.raises(Refused, match="paused for longer"):
        restore_archive(other_service, archive)

    other_service.index.points.clear()  # written after the purge was due
    assert_nothing_is_left(other_service)


def test_a_restore_does_not_use_parts_that_maintenance_is_deleting(
    other_service: FakeServices, archive: Path, clock: Clock
) -> None:
    class Interrupted(FakeIndex):
        """Writes the last points long after maintenance should have deleted them, and loses the answer of the deletion."""

        def upsert(self, owner: PointOwner, points: Sequence[Point]) -> None:
            super().upsert(owner, points)
            if len({owner.row for owner, _ in self.points.values()}) == len(TEXTS):
                clock.advance(LEASE_SECONDS)
                run_maintenance(other_service)

        def delete_store(self, store_id: str) -> None:
            super().delete_store(store_id)
            raise DependencyDown("qdrant", "no answer")

    other_service.index = Interrupted()
    with pytest.raises(Refused, match="paused for longer"):
        restore_archive(other_service, archive)

    other_service.index = FakeIndex()
    clock.advance(DAY)
    assert_nothing_is_left(other_service)


def test_points_that_a_restore_writes_after_the_purge_are_purged_too(
    other_service: FakeServices, archive: Path, clock: Clock
) -> None:
    class Frozen(FakeIndex):
        def upsert(self, owner: PointOwner, points: Sequence[Point]) -> None:
            for _ in range(2):
                clock.advance(DAY)
                run_maintenance(other_service)
            super().upsert(owner, points)

    other_service.index = Frozen()
    with pytest.raises(Refused, match="paused for longer"):
        restore_archive(other_service, archive)

    assert_nothing_is_left(other_service)

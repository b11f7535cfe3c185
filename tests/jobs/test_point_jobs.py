"""Purges and attribute updates from the point outbox, on both databases."""

from contextlib import suppress

import pytest

from ingest.errors import DependencyDown, IngestError
from ingest.jobs.maintenance import run_maintenance
from ingest.jobs.point_jobs import purge_points, write_changed_attributes
from ingest.steps.index import PointOwner
from ingest.stores import members
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs


def test_the_last_of_two_concurrent_attribute_updates_wins(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, [file_id] = attach_texts(services, "styled")
    run_published_jobs(services)
    write = services.index.set_attributes
    slow = [True]

    def set_attributes(owner: PointOwner) -> None:
        if slow.pop() if slow else False:  # the first is on its way while the second is done as a whole
            members.update_attributes(services, CALLER, store, file_id, {"v": 2.0})
        write(owner)

    monkeypatch.setattr(services.index, "set_attributes", set_attributes)
    members.update_attributes(services, CALLER, store, file_id, {"v": 1.0})

    assert {owner.attributes["v"] for owner, _ in services.index.points.values()} == {2.0}


def test_refused_attributes_do_not_delay_purges(
    services: FakeServices, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.jobs.point_jobs.JOBS_PER_SLICE", 2)
    store, ids = attach_texts(services, "one", "two", "three")
    run_published_jobs(services)

    def refuse(owner: PointOwner) -> None:
        raise IngestError("qdrant: answered 400")

    monkeypatch.setattr(services.index, "set_attributes", refuse)
    for file_id in ids:
        with pytest.raises(IngestError):
            members.update_attributes(services, CALLER, store, file_id, {"v": 1.0})
    clock.advance(60)
    members.delete(services, CALLER, store, ids[0])

    run_maintenance(services)

    assert {row for row, _, _ in services.index.points} == {
        rows.get_row(services.database, store, i).row for i in ids[1:]
    }


def test_the_points_of_a_removed_file_are_purged_twice(services: FakeServices, clock: Clock) -> None:
    """A worker that lost its lease may write between the two purges."""
    store, [file_id] = attach_texts(services, "gone")
    run_published_jobs(services)
    [(key, point)] = services.index.points.items()
    members.delete(services, CALLER, store, file_id)

    purge_points(services)
    assert services.index.points == {}
    services.index.points[key] = point

    purge_points(services)
    assert list(services.index.points) == [key], "the second purge is not due yet"
    clock.advance(2 * (services.settings.lease_seconds + services.settings.qdrant_timeout_seconds))
    purge_points(services)
    assert services.index.points == {}


def test_attributes_that_could_not_be_written_are_written_later(services: FakeServices, clock: Clock) -> None:
    store, [file_id] = attach_texts(services, "styled")
    run_published_jobs(services)
    services.index.is_down = True
    with suppress(DependencyDown):
        members.update_attributes(services, CALLER, store, file_id, {"v": 1.0})
    services.index.is_down = False
    clock.advance(3_600)

    write_changed_attributes(services)

    assert [owner.attributes for owner, _ in services.index.points.values()] == [{"v": 1.0}]

"""The feeder: short queues, fair shares, no lost files, on both databases."""

import time

import pytest

from ingest.db.models import Project
from ingest.db.queue import claims
from ingest.db.session import Database
from ingest.dispatch.feeder import IDLE_POLL_SECONDS, LOST_AFTER_SECONDS, SLOW_WINDOW, STALE_AFTER_SECONDS
from ingest.status import Lane
from ingest.stores import batches
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeServices


def published(services: FakeServices, lane: Lane = "bulk") -> list[int]:
    """Return the rows of the messages in a lane."""
    return [message.row for message in services.queue.lanes[lane]]


def row_numbers(database: Database, store: str, ids: list[str]) -> list[int]:
    return [rows.get_row(database, store, file_id).row for file_id in ids]


def claim(services: FakeServices, count: int) -> None:
    """Take the oldest messages and claim their files, as workers do."""
    taken, services.queue.lanes["bulk"] = services.queue.lanes["bulk"][:count], services.queue.lanes["bulk"][count:]
    for message in taken:
        rows.claim(services.database, message.row)


def test_a_large_batch_costs_the_broker_no_more_than_its_window(services: FakeServices) -> None:
    store = rows.create_store(services.database)
    rows.attach_batch(services.database, store, rows.create_files(services.database, 500))

    services.feeder.top_up()
    services.feeder.top_up()

    assert len(published(services)) == services.settings.dispatch_window


def test_the_queue_is_topped_up_when_half_of_it_is_taken(services: FakeServices) -> None:
    store = rows.create_store(services.database)
    rows.attach_batch(services.database, store, rows.create_files(services.database, 500))
    services.feeder.top_up()

    claim(services, 40)
    services.feeder.top_up()

    assert len(published(services)) == services.settings.dispatch_window
    assert len(set(published(services))) == len(published(services))


def test_a_worker_that_finds_the_queue_full_polls_again_before_it_can_be_empty(services: FakeServices) -> None:
    store = rows.create_store(services.database)
    rows.attach_batch(services.database, store, rows.create_files(services.database, 500))
    services.feeder.top_up()
    services.feeder.top_up_after_file()

    claim(services, 40)
    full_at = time.monotonic()
    while len(published(services)) < services.settings.dispatch_window and time.monotonic() < full_at + 5:
        services.feeder.top_up_after_file()

    assert time.monotonic() - full_at < IDLE_POLL_SECONDS


def test_a_worker_that_finds_the_queue_just_half_full_polls_again_before_it_can_be_empty(
    services: FakeServices,
) -> None:
    store = rows.create_store(services.database)
    rows.attach_batch(services.database, store, rows.create_files(services.database, 500))
    services.feeder.top_up()
    claim(services, services.settings.dispatch_window // 2)
    services.feeder.top_up_after_file()
    assert len(published(services)) == services.settings.dispatch_window // 2

    claim(services, 1)
    services.feeder.top_up_after_file()

    assert len(published(services)) == services.settings.dispatch_window


def test_batches_share_the_queue(services: FakeServices) -> None:
    store = rows.create_store(services.database)
    large, small = rows.create_files(services.database, 500), rows.create_files(services.database, 10)
    rows.attach_batch(services.database, store, large)
    rows.attach_batch(services.database, store, small)

    services.feeder.top_up()

    assert set(row_numbers(services.database, store, small)) <= set(published(services))


def test_a_project_with_many_batches_gets_no_more_than_one_with_a_single_batch(services: FakeServices) -> None:
    with services.database.transaction() as session:
        session.add(Project(id="proj_other", name="other", created_at=1))
    many, single = rows.create_store(services.database), rows.create_store(services.database, "proj_other")
    for _ in range(4):
        rows.attach_batch(services.database, many, rows.create_files(services.database, 100))
    ids = rows.create_files(services.database, 100)
    rows.attach_batch(services.database, single, ids)
    rows_of_single = row_numbers(services.database, single, ids)

    services.feeder.top_up()

    window = services.settings.dispatch_window
    assert len(published(services)) == window
    assert len({*published(services)} & {*rows_of_single}) == window // 2


def test_queue_slots_that_one_project_does_not_need_go_to_another(services: FakeServices) -> None:
    with services.database.transaction() as session:
        session.add(Project(id="proj_other", name="other", created_at=1))
    large, small = rows.create_store(services.database), rows.create_store(services.database, "proj_other")
    rows.attach_batch(services.database, small, rows.create_files(services.database, 3))
    rows.attach_batch(services.database, large, rows.create_files(services.database, 100))

    services.feeder.top_up()

    assert len(published(services)) == services.settings.dispatch_window


def test_the_batch_that_waited_longest_is_next(services: FakeServices, clock: Clock) -> None:
    store = rows.create_store(services.database)
    first, second = (rows.create_files(services.database, 100) for _ in range(2))
    rows.attach_batch(services.database, store, first)
    services.feeder.top_up()
    clock.advance(1)
    rows.attach_batch(services.database, store, second)
    claim(services, services.settings.dispatch_window)

    services.feeder.top_up()

    of_second = set(row_numbers(services.database, store, second))
    assert sum(row in of_second for row in published(services)) >= services.settings.dispatch_window // 2


def test_single_files_do_not_wait_behind_a_batch(services: FakeServices) -> None:
    store = rows.create_store(services.database)
    rows.attach_batch(services.database, store, rows.create_files(services.database, 200))
    services.feeder.top_up()

    [row] = rows.attach(services.database, store, rows.create_files(services.database, 1))
    services.feeder.top_up()

    assert published(services, "interactive") == [row]


def test_messages_that_the_broker_lost_are_published_again(services: FakeServices, clock: Clock) -> None:
    store = rows.create_store(services.database)
    rows.attach_batch(services.database, store, rows.create_files(services.database, 3))
    services.feeder.top_up()
    before = published(services)

    services.queue.lanes["bulk"].clear()
    clock.advance(LOST_AFTER_SECONDS + 1)
    assert services.feeder.republish_lost() == 3
    services.feeder.top_up()

    assert published(services) == before


def test_one_message_lost_from_a_busy_queue_is_eventually_published_again(services: FakeServices, clock: Clock) -> None:
    store = rows.create_store(services.database)
    rows.attach_batch(services.database, store, rows.create_files(services.database, 3))
    services.feeder.top_up()
    lost = services.queue.lanes["bulk"].pop(0).row

    clock.advance(STALE_AFTER_SECONDS + 1)
    services.feeder.republish_lost()
    services.feeder.top_up()

    assert lost in published(services)


def test_a_broker_that_is_down_fails_no_request_and_loses_nothing(services: FakeServices) -> None:
    store = rows.create_store(services.database)
    rows.attach_batch(services.database, store, rows.create_files(services.database, 3))
    services.queue.is_down = True
    assert services.feeder.top_up() == 0

    services.queue.is_down = False

    assert services.feeder.top_up() == 3


def test_files_of_a_cancelled_batch_are_not_published(services: FakeServices) -> None:
    store = rows.create_store(services.database)
    batch = rows.attach_batch(services.database, store, rows.create_files(services.database, 3))

    batches.cancel(services, CALLER, store, batch)

    assert services.feeder.top_up() == 0


def test_processes_that_top_up_at_once_keep_to_the_window(services: FakeServices) -> None:
    store = rows.create_store(services.database)
    rows.attach_batch(services.database, store, rows.create_files(services.database, 500))
    depth = services.queue.depth

    def top_up_after_reading_the_depth(lane: Lane) -> int:
        depth_before = depth(lane)
        services.queue.depth = depth  # type: ignore[method-assign] # undoes the replacement
        services.feeder.top_up()
        return depth_before

    services.queue.depth = top_up_after_reading_the_depth  # type: ignore[method-assign] # replaced for one call
    services.feeder.top_up()

    assert len(published(services)) == services.settings.dispatch_window


def attach_scans(services: FakeServices, count: int) -> list[int]:
    """Attach files one by one that workers find to need OCR, and return their rows."""
    store = rows.create_store(services.database)
    attached = list(rows.attach(services.database, store, rows.create_files(services.database, count)))
    for row in attached:
        held = rows.claim(services.database, row)
        with services.database.transaction() as session:
            claims.defer_to_slow_lane(session, held)
    return attached


def test_few_slow_files_are_published_at_a_time(services: FakeServices) -> None:
    scans = attach_scans(services, 10)

    services.feeder.top_up()
    assert published(services, "slow") == scans[:SLOW_WINDOW]
    services.queue.lanes["slow"].clear()
    for row in scans[:SLOW_WINDOW]:
        rows.claim(services.database, row)
    services.feeder.top_up_after_file()

    assert published(services, "slow") == scans[SLOW_WINDOW : 2 * SLOW_WINDOW]
    assert published(services, "interactive") == published(services, "bulk") == []


def test_files_of_other_lanes_do_not_make_workers_poll_the_slow_lane(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    polls: list[Lane] = []

    def count_poll(lane: Lane) -> int:
        polls.append(lane)
        return 0

    monkeypatch.setattr(services.queue, "depth", count_poll)
    started_at = time.monotonic()

    for _ in range(20):
        services.feeder.top_up_after_file()

    assert polls.count("slow") <= 1 + (time.monotonic() - started_at) / IDLE_POLL_SECONDS


def test_without_workers_for_them_slow_files_are_published_to_the_others(services: FakeServices) -> None:
    scans = attach_scans(services, 10)
    services.has_slow_lane = False

    services.feeder.top_up()

    assert published(services, "interactive") == scans
    assert published(services, "slow") == []


def test_slow_messages_that_the_broker_lost_are_published_again(services: FakeServices, clock: Clock) -> None:
    scans = attach_scans(services, 1)
    services.feeder.top_up()
    services.queue.lanes["slow"].clear()
    clock.advance(LOST_AFTER_SECONDS + 1)

    assert services.feeder.republish_lost() == 1
    services.feeder.top_up()

    assert published(services, "slow") == scans

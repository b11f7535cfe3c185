"""The feeder: short queues, fair shares, nothing lost, on both databases."""

import os
import time

from ingest.db.models import Project
from ingest.db.session import Database
from ingest.dispatch.feeder import IDLE_PAUSE_SECONDS, LOST_AFTER_SECONDS, STALE_AFTER_SECONDS, PollThrottle
from ingest.status import Lane
from ingest.stores import batches
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeServices


def told(services: FakeServices, lane: str = "bulk") -> list[int]:
    return [message.row for message in services.queue.lanes[lane]]  # type: ignore[index]


def row_numbers(database: Database, store: str, ids: list[str]) -> list[int]:
    return [rows.row(database, store, file_id).row for file_id in ids]


def claim(services: FakeServices, count: int) -> None:
    """Workers take messages, and their files."""
    taken, services.queue.lanes["bulk"] = services.queue.lanes["bulk"][:count], services.queue.lanes["bulk"][count:]
    for message in taken:
        rows.claimed(services.database, message.row)


def test_a_large_batch_costs_the_broker_no_more_than_its_window(services: FakeServices) -> None:
    store = rows.a_store(services.database)
    rows.batch(services.database, store, rows.files(services.database, 500))

    services.feeder.top_up()
    services.feeder.top_up()

    assert len(told(services)) == services.settings.dispatch_window


def test_the_queue_is_filled_again_when_half_of_it_is_taken(services: FakeServices) -> None:
    store = rows.a_store(services.database)
    rows.batch(services.database, store, rows.files(services.database, 500))
    services.feeder.top_up()

    claim(services, 40)
    services.feeder.top_up()

    assert len(told(services)) == services.settings.dispatch_window
    assert len(set(told(services))) == len(told(services))


def test_a_worker_that_finds_the_queue_full_looks_again_before_it_can_be_empty(services: FakeServices) -> None:
    store = rows.a_store(services.database)
    rows.batch(services.database, store, rows.files(services.database, 500))
    services.feeder.top_up()
    services.feeder.top_up_after_file()

    claim(services, 40)
    found_full = time.monotonic()
    while len(told(services)) < services.settings.dispatch_window and time.monotonic() < found_full + 5:
        services.feeder.top_up_after_file()

    assert time.monotonic() - found_full < IDLE_PAUSE_SECONDS


def test_a_worker_that_finds_the_queue_just_half_full_looks_again_before_it_can_be_empty(
    services: FakeServices,
) -> None:
    store = rows.a_store(services.database)
    rows.batch(services.database, store, rows.files(services.database, 500))
    services.feeder.top_up()
    claim(services, services.settings.dispatch_window // 2)
    services.feeder.top_up_after_file()
    assert len(told(services)) == services.settings.dispatch_window // 2

    claim(services, 1)
    services.feeder.top_up_after_file()

    assert len(told(services)) == services.settings.dispatch_window


def test_batches_share_the_queue(services: FakeServices) -> None:
    store = rows.a_store(services.database)
    large, small = rows.files(services.database, 500), rows.files(services.database, 10)
    rows.batch(services.database, store, large)
    rows.batch(services.database, store, small)

    services.feeder.top_up()

    assert set(row_numbers(services.database, store, small)) <= set(told(services))


def test_a_project_with_many_batches_gets_no_more_than_one_with_a_single_batch(services: FakeServices) -> None:
    with services.database.transaction() as session:
        session.add(Project(id="proj_other", name="other", created_at=1))
    many, single = rows.a_store(services.database), rows.a_store(services.database, "proj_other")
    for _ in range(4):
        rows.batch(services.database, many, rows.files(services.database, 100))
    ids = rows.files(services.database, 100)
    rows.batch(services.database, single, ids)
    theirs = row_numbers(services.database, single, ids)

    services.feeder.top_up()

    window = services.settings.dispatch_window
    assert len(told(services)) == window
    assert len({*told(services)} & {*theirs}) == window // 2


def test_what_one_project_leaves_another_gets(services: FakeServices) -> None:
    with services.database.transaction() as session:
        session.add(Project(id="proj_other", name="other", created_at=1))
    large, small = rows.a_store(services.database), rows.a_store(services.database, "proj_other")
    rows.batch(services.database, small, rows.files(services.database, 3))
    rows.batch(services.database, large, rows.files(services.database, 100))

    services.feeder.top_up()

    assert len(told(services)) == services.settings.dispatch_window


def test_batches_that_waited_longest_are_next(services: FakeServices, clock: Clock) -> None:
    store = rows.a_store(services.database)
    first, second = (rows.files(services.database, 100) for _ in range(2))
    rows.batch(services.database, store, first)
    services.feeder.top_up()
    clock.advance(1)
    rows.batch(services.database, store, second)
    claim(services, services.settings.dispatch_window)

    services.feeder.top_up()

    of_second = set(row_numbers(services.database, store, second))
    assert sum(row in of_second for row in told(services)) >= services.settings.dispatch_window // 2


def test_single_files_do_not_wait_behind_a_batch(services: FakeServices) -> None:
    store = rows.a_store(services.database)
    rows.batch(services.database, store, rows.files(services.database, 200))
    services.feeder.top_up()

    [row] = rows.attach(services.database, store, rows.files(services.database, 1))
    services.feeder.top_up()

    assert told(services, "interactive") == [row]


def test_what_the_broker_lost_is_told_again(services: FakeServices, clock: Clock) -> None:
    store = rows.a_store(services.database)
    rows.batch(services.database, store, rows.files(services.database, 3))
    services.feeder.top_up()
    before = told(services)

    services.queue.lanes["bulk"].clear()
    clock.advance(LOST_AFTER_SECONDS + 1)
    assert services.feeder.republish_lost() == 3
    services.feeder.top_up()

    assert told(services) == before


def test_one_message_lost_from_a_busy_queue_is_told_again_in_the_end(services: FakeServices, clock: Clock) -> None:
    store = rows.a_store(services.database)
    rows.batch(services.database, store, rows.files(services.database, 3))
    services.feeder.top_up()
    lost = services.queue.lanes["bulk"].pop(0).row

    clock.advance(STALE_AFTER_SECONDS + 1)
    services.feeder.republish_lost()
    services.feeder.top_up()

    assert lost in told(services)


def test_a_broker_that_is_down_fails_no_request_and_loses_nothing(services: FakeServices) -> None:
    store = rows.a_store(services.database)
    rows.batch(services.database, store, rows.files(services.database, 3))
    services.queue.down = True
    assert services.feeder.top_up() == 0

    services.queue.down = False

    assert services.feeder.top_up() == 3


def test_files_of_a_cancelled_batch_are_not_told(services: FakeServices) -> None:
    store = rows.a_store(services.database)
    batch = rows.batch(services.database, store, rows.files(services.database, 3))

    batches.cancel(services, CALLER, store, batch)

    assert services.feeder.top_up() == 0


def test_processes_that_fill_the_queue_at_once_keep_to_its_window(services: FakeServices) -> None:
    store = rows.a_store(services.database)
    rows.batch(services.database, store, rows.files(services.database, 500))
    depth = services.queue.depth

    def before_the_other_one_sends(lane: Lane) -> int:
        found = depth(lane)
        services.queue.depth = depth  # type: ignore[method-assign]
        services.feeder.top_up()
        return found

    services.queue.depth = before_the_other_one_sends  # type: ignore[method-assign]
    services.feeder.top_up()

    assert len(told(services)) == services.settings.dispatch_window


def test_processes_of_one_machine_look_at_a_lane_for_each_other() -> None:
    pauses = PollThrottle()
    assert pauses.is_due_after_file("bulk")
    pauses.pause("bulk", 60, files=2)
    if (child := os.fork()) == 0:
        os._exit(pauses.is_due_after_file("bulk"))  # a file of the child's ends; it does not look

    assert os.waitpid(child, 0)[1] == 0
    assert not pauses.is_due_after_file("bulk")
    assert pauses.is_due_after_file("bulk"), "two files have ended since, and this is the third"
    assert pauses.is_due_after_file("interactive"), "each lane has its own"


def test_a_lane_is_looked_at_again_after_a_while_however_few_files_end() -> None:
    pauses = PollThrottle()
    pauses.pause("bulk", 0.05, files=1_000)

    assert not pauses.is_due_after_file("bulk")
    time.sleep(0.06)
    assert pauses.is_due_after_file("bulk")

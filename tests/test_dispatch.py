"""The feeder: short queues, fair shares, nothing lost, on both databases."""

import os
import time

from ingest import file_batches
from ingest.db.models import Project
from ingest.db.session import Database
from ingest.dispatch import IDLE_PAUSE_SECONDS, LOST_AFTER_SECONDS, STALE_AFTER_SECONDS, Pauses
from ingest.status import Lane
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeTools


def told(tools: FakeTools, lane: str = "bulk") -> list[int]:
    return [message.row for message in tools.queue.lanes[lane]]  # type: ignore[index]


def row_numbers(database: Database, store: str, ids: list[str]) -> list[int]:
    return [rows.row(database, store, file_id).row for file_id in ids]


def claim(tools: FakeTools, count: int) -> None:
    """Workers take messages, and their files."""
    taken, tools.queue.lanes["bulk"] = tools.queue.lanes["bulk"][:count], tools.queue.lanes["bulk"][count:]
    for message in taken:
        rows.claimed(tools.database, message.row)


def test_a_large_batch_costs_the_broker_no_more_than_its_window(tools: FakeTools) -> None:
    store = rows.a_store(tools.database)
    rows.batch(tools.database, store, rows.files(tools.database, 500))

    tools.feeder.top_up()
    tools.feeder.top_up()

    assert len(told(tools)) == tools.settings.dispatch_window


def test_the_queue_is_filled_again_when_half_of_it_is_taken(tools: FakeTools) -> None:
    store = rows.a_store(tools.database)
    rows.batch(tools.database, store, rows.files(tools.database, 500))
    tools.feeder.top_up()

    claim(tools, 40)
    tools.feeder.top_up()

    assert len(told(tools)) == tools.settings.dispatch_window
    assert len(set(told(tools))) == len(told(tools))


def test_a_worker_that_finds_the_queue_full_looks_again_before_it_can_be_empty(tools: FakeTools) -> None:
    store = rows.a_store(tools.database)
    rows.batch(tools.database, store, rows.files(tools.database, 500))
    tools.feeder.top_up()
    tools.feeder.after_file()

    claim(tools, 40)
    found_full = time.monotonic()
    while len(told(tools)) < tools.settings.dispatch_window and time.monotonic() < found_full + 5:
        tools.feeder.after_file()

    assert time.monotonic() - found_full < IDLE_PAUSE_SECONDS


def test_a_worker_that_finds_the_queue_just_half_full_looks_again_before_it_can_be_empty(tools: FakeTools) -> None:
    store = rows.a_store(tools.database)
    rows.batch(tools.database, store, rows.files(tools.database, 500))
    tools.feeder.top_up()
    claim(tools, tools.settings.dispatch_window // 2)
    tools.feeder.after_file()
    assert len(told(tools)) == tools.settings.dispatch_window // 2

    claim(tools, 1)
    tools.feeder.after_file()

    assert len(told(tools)) == tools.settings.dispatch_window


def test_batches_share_the_queue(tools: FakeTools) -> None:
    store = rows.a_store(tools.database)
    large, small = rows.files(tools.database, 500), rows.files(tools.database, 10)
    rows.batch(tools.database, store, large)
    rows.batch(tools.database, store, small)

    tools.feeder.top_up()

    assert set(row_numbers(tools.database, store, small)) <= set(told(tools))


def test_a_project_with_many_batches_gets_no_more_than_one_with_a_single_batch(tools: FakeTools) -> None:
    with tools.database.transaction() as session:
        session.add(Project(id="proj_other", name="other", created_at=1))
    many, single = rows.a_store(tools.database), rows.a_store(tools.database, "proj_other")
    for _ in range(4):
        rows.batch(tools.database, many, rows.files(tools.database, 100))
    ids = rows.files(tools.database, 100)
    rows.batch(tools.database, single, ids)
    theirs = row_numbers(tools.database, single, ids)

    tools.feeder.top_up()

    window = tools.settings.dispatch_window
    assert len(told(tools)) == window
    assert len({*told(tools)} & {*theirs}) == window // 2


def test_what_one_project_leaves_another_gets(tools: FakeTools) -> None:
    with tools.database.transaction() as session:
        session.add(Project(id="proj_other", name="other", created_at=1))
    large, small = rows.a_store(tools.database), rows.a_store(tools.database, "proj_other")
    rows.batch(tools.database, small, rows.files(tools.database, 3))
    rows.batch(tools.database, large, rows.files(tools.database, 100))

    tools.feeder.top_up()

    assert len(told(tools)) == tools.settings.dispatch_window


def test_batches_that_waited_longest_are_next(tools: FakeTools, clock: Clock) -> None:
    store = rows.a_store(tools.database)
    first, second = (rows.files(tools.database, 100) for _ in range(2))
    rows.batch(tools.database, store, first)
    tools.feeder.top_up()
    clock.advance(1)
    rows.batch(tools.database, store, second)
    claim(tools, tools.settings.dispatch_window)

    tools.feeder.top_up()

    of_second = set(row_numbers(tools.database, store, second))
    assert sum(row in of_second for row in told(tools)) >= tools.settings.dispatch_window // 2


def test_single_files_do_not_wait_behind_a_batch(tools: FakeTools) -> None:
    store = rows.a_store(tools.database)
    rows.batch(tools.database, store, rows.files(tools.database, 200))
    tools.feeder.top_up()

    [row] = rows.attach(tools.database, store, rows.files(tools.database, 1))
    tools.feeder.top_up()

    assert told(tools, "interactive") == [row]


def test_what_the_broker_lost_is_told_again(tools: FakeTools, clock: Clock) -> None:
    store = rows.a_store(tools.database)
    rows.batch(tools.database, store, rows.files(tools.database, 3))
    tools.feeder.top_up()
    before = told(tools)

    tools.queue.lanes["bulk"].clear()
    clock.advance(LOST_AFTER_SECONDS + 1)
    assert tools.feeder.resend_lost() == 3
    tools.feeder.top_up()

    assert told(tools) == before


def test_one_message_lost_from_a_busy_queue_is_told_again_in_the_end(tools: FakeTools, clock: Clock) -> None:
    store = rows.a_store(tools.database)
    rows.batch(tools.database, store, rows.files(tools.database, 3))
    tools.feeder.top_up()
    lost = tools.queue.lanes["bulk"].pop(0).row

    clock.advance(STALE_AFTER_SECONDS + 1)
    tools.feeder.resend_lost()
    tools.feeder.top_up()

    assert lost in told(tools)


def test_a_broker_that_is_down_fails_no_request_and_loses_nothing(tools: FakeTools) -> None:
    store = rows.a_store(tools.database)
    rows.batch(tools.database, store, rows.files(tools.database, 3))
    tools.queue.down = True
    assert tools.feeder.top_up() == 0

    tools.queue.down = False

    assert tools.feeder.top_up() == 3


def test_files_of_a_cancelled_batch_are_not_told(tools: FakeTools) -> None:
    store = rows.a_store(tools.database)
    batch = rows.batch(tools.database, store, rows.files(tools.database, 3))

    file_batches.cancel(tools, CALLER, store, batch)

    assert tools.feeder.top_up() == 0


def test_processes_that_fill_the_queue_at_once_keep_to_its_window(tools: FakeTools) -> None:
    store = rows.a_store(tools.database)
    rows.batch(tools.database, store, rows.files(tools.database, 500))
    depth = tools.queue.depth

    def before_the_other_one_sends(lane: Lane) -> int:
        found = depth(lane)
        tools.queue.depth = depth  # type: ignore[method-assign]
        tools.feeder.top_up()
        return found

    tools.queue.depth = before_the_other_one_sends  # type: ignore[method-assign]
    tools.feeder.top_up()

    assert len(told(tools)) == tools.settings.dispatch_window


def test_processes_of_one_machine_look_at_a_lane_for_each_other() -> None:
    pauses = Pauses()
    assert pauses.is_over("bulk")
    pauses.begin("bulk", 60, files=2)
    if (child := os.fork()) == 0:
        os._exit(pauses.is_over("bulk"))  # a file of the child's ends; it does not look

    assert os.waitpid(child, 0)[1] == 0
    assert not pauses.is_over("bulk")
    assert pauses.is_over("bulk"), "two files have ended since, and this is the third"
    assert pauses.is_over("interactive"), "each lane has its own"


def test_a_lane_is_looked_at_again_after_a_while_however_few_files_end() -> None:
    pauses = Pauses()
    pauses.begin("bulk", 0.05, files=1_000)

    assert not pauses.is_over("bulk")
    time.sleep(0.06)
    assert pauses.is_over("bulk")

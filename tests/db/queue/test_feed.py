"""The outbox of the feeder, on both databases."""

from ingest.db.models import Project
from ingest.db.queue import claims, feed
from ingest.db.session import Database
from tests.conftest import Clock
from tests.db import rows


def take_bulk(database: Database, limit: int) -> list[feed.QueuedFile]:
    with database.transaction() as session:
        return feed.take_bulk(session, limit)


def test_a_single_file_is_published_once(database: Database) -> None:
    store = rows.create_store(database)
    attached = rows.attach(database, store, rows.create_files(database, 2))

    with database.transaction() as session:
        published = feed.take_interactive(session, 10)
        assert feed.take_interactive(session, 10) == []
        assert feed.count_published(session, "interactive") == 2
        assert feed.count_published(session, "bulk") == 0

    assert [(file.row, file.batch_id, file.attempt) for file in published] == [(row, None, 1) for row in attached]


def test_two_batches_get_equal_shares_and_take_turns(database: Database) -> None:
    store = rows.create_store(database)
    batches = [rows.attach_batch(database, store, rows.create_files(database, 3)) for _ in range(2)]

    published = take_bulk(database, 4)

    assert [file.batch_id for file in published] == [batches[0], batches[0], batches[1], batches[1]]
    assert [file.batch_id for file in take_bulk(database, 1)] == [batches[0]]
    assert [file.batch_id for file in take_bulk(database, 1)] == [batches[1]]


def test_a_file_is_published_after_its_back_off(database: Database, clock: Clock) -> None:
    store = rows.create_store(database)
    [row] = rows.attach(database, store, rows.create_files(database, 1))
    claim = rows.claim(database, row)
    with database.transaction() as session:
        claims.release(session, claim, delay_seconds=5)

    with database.transaction() as session:
        assert feed.take_interactive(session, 10) == []
    clock.advance(5)
    with database.transaction() as session:
        assert [file.row for file in feed.take_interactive(session, 10)] == [row]


def test_a_lost_message_is_published_again(database: Database, clock: Clock) -> None:
    store = rows.create_store(database)
    [row] = rows.attach(database, store, rows.create_files(database, 1))
    with database.transaction() as session:
        feed.take_interactive(session, 10)
    clock.advance(60)

    with database.transaction() as session:
        assert feed.unpublish_older(session, "interactive", older_than_seconds=61) == 0
        assert feed.unpublish_older(session, "bulk", older_than_seconds=59) == 0
        assert feed.unpublish_older(session, "interactive", older_than_seconds=59) == 1

    with database.transaction() as session:
        assert [file.row for file in feed.take_interactive(session, 10)] == [row]


def test_a_file_that_could_not_be_published_is_taken_again(database: Database) -> None:
    store = rows.create_store(database)
    rows.attach_batch(database, store, rows.create_files(database, 1))
    [file] = take_bulk(database, 10)

    with database.transaction() as session:
        feed.unpublish(session, [file.row])

    assert take_bulk(database, 10) == [file]


def make_slow(database: Database, numbers: list[int]) -> None:
    """Let workers find that files need OCR."""
    for row in numbers:
        claim = rows.claim(database, row)
        with database.transaction() as session:
            claims.defer_to_slow_lane(session, claim)


def take_slow(database: Database, limit: int) -> list[feed.QueuedFile]:
    with database.transaction() as session:
        return feed.take_slow(session, limit)


def attach_batch(database: Database, store: str, count: int) -> tuple[str, list[int]]:
    ids = rows.create_files(database, count)
    batch = rows.attach_batch(database, store, ids)
    return batch, [rows.get_row(database, store, file_id).row for file_id in ids]


def test_slow_files_are_in_a_lane_of_their_own(database: Database) -> None:
    store = rows.create_store(database)
    slow, fast = rows.attach(database, store, rows.create_files(database, 2))
    _, [slow_of_batch, fast_of_batch] = attach_batch(database, store, 2)
    make_slow(database, [slow, slow_of_batch])

    with database.transaction() as session:
        assert [file.row for file in feed.take_interactive(session, 10)] == [fast]
        assert [file.row for file in feed.take_bulk(session, 10)] == [fast_of_batch]
        assert [file.row for file in feed.take_slow(session, 10)] == [slow, slow_of_batch]
        assert [feed.count_published(session, lane) for lane in ("interactive", "bulk", "slow")] == [1, 1, 2]
        assert feed.take_slow(session, 10) == []


def test_without_workers_for_slow_files_they_are_in_the_other_lanes(database: Database) -> None:
    store = rows.create_store(database)
    [single] = rows.attach(database, store, rows.create_files(database, 1))
    _, [of_batch] = attach_batch(database, store, 1)
    make_slow(database, [single, of_batch])

    with database.transaction() as session:
        assert [file.row for file in feed.take_interactive(session, 10, slow_apart=False)] == [single]
        assert [file.row for file in feed.take_bulk(session, 10, slow_apart=False)] == [of_batch]
        assert feed.count_published(session, "slow", slow_apart=False) == 0


def test_slow_single_files_and_slow_batches_share_the_lane(database: Database) -> None:
    store = rows.create_store(database)
    singles = rows.attach(database, store, rows.create_files(database, 5))
    _, of_batch = attach_batch(database, store, 5)
    make_slow(database, [*singles, *of_batch])

    assert [file.row for file in take_slow(database, 4)] == [*singles[:2], *of_batch[:2]]
    assert [file.row for file in take_slow(database, 6)] == [*singles[2:], *of_batch[2:]]


def test_what_one_kind_of_slow_files_does_not_need_goes_to_the_other(database: Database) -> None:
    store = rows.create_store(database)
    singles = rows.attach(database, store, rows.create_files(database, 3))
    make_slow(database, singles)
    assert [file.row for file in take_slow(database, 4)] == singles

    _, of_batch = attach_batch(database, store, 4)
    make_slow(database, of_batch)
    assert [file.row for file in take_slow(database, 4)] == of_batch


def test_projects_take_turns_with_their_slow_single_files(database: Database) -> None:
    with database.transaction() as session:
        session.add(Project(id="proj_other", name="other", created_at=1))
    many = rows.attach(database, rows.create_store(database), rows.create_files(database, 6))
    few = rows.attach(database, rows.create_store(database, "proj_other"), rows.create_files(database, 2))
    make_slow(database, [*many, *few])

    assert [file.row for file in take_slow(database, 4)][:2] == [many[0], few[0]]


def test_a_lost_message_of_a_slow_file_is_published_again(database: Database, clock: Clock) -> None:
    [row] = rows.attach(database, rows.create_store(database), rows.create_files(database, 1))
    make_slow(database, [row])
    take_slow(database, 4)
    clock.advance(60)

    with database.transaction() as session:
        assert feed.unpublish_older(session, "interactive", older_than_seconds=59) == 0
        assert feed.unpublish_older(session, "slow", older_than_seconds=59) == 1

    assert [file.row for file in take_slow(database, 4)] == [row]

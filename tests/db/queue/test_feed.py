"""The outbox of the feeder, on both databases."""

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

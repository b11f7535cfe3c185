"""Reservations of bytes, on both databases. Uploads that use them are in tests/stores/test_unclaimed_blobs.py."""

from ingest.db.content import unclaimed_blobs
from ingest.db.content.unclaimed_blobs import RESERVATION_SECONDS
from ingest.db.session import Database
from tests.conftest import Clock

BLOB = "0" * 64


def reserve(database: Database) -> int:
    with database.transaction() as session:
        return unclaimed_blobs.reserve(session, BLOB)


def read(database: Database) -> tuple[bool, list[str]]:
    """Return whether the blob is reserved, and the blobs to examine."""
    with database.reading() as session:
        is_reserved = unclaimed_blobs.is_reserved(session, BLOB)
        return is_reserved, list(unclaimed_blobs.list_unreserved(session, 10))


def test_a_reserved_blob_is_not_examined_until_the_reservation_times_out(database: Database, clock: Clock) -> None:
    reserve(database)
    assert read(database) == (True, [])

    clock.advance(RESERVATION_SECONDS)

    assert read(database) == (False, [BLOB])


def test_an_extended_reservation_times_out_later(database: Database, clock: Clock) -> None:
    reservation = reserve(database)
    clock.advance(RESERVATION_SECONDS - 1)

    with database.transaction() as session:
        unclaimed_blobs.extend_reservations(session, [reservation])

    clock.advance(RESERVATION_SECONDS - 1)
    assert read(database) == (True, [])


def test_a_claimed_blob_has_no_reservation(database: Database) -> None:
    first, second, third = reserve(database), reserve(database), reserve(database)

    with database.transaction() as session:
        assert unclaimed_blobs.mark_claimed(session, first)
        assert not unclaimed_blobs.mark_claimed(session, first)
        unclaimed_blobs.mark_all_claimed(session, [second, third])

    assert read(database) == (False, [])


def test_a_released_blob_is_examined_unless_another_upload_reserves_it(database: Database) -> None:
    first, second = reserve(database), reserve(database)
    with database.transaction() as session:
        unclaimed_blobs.release(session, first)
    assert read(database) == (True, [BLOB])

    with database.transaction() as session:
        unclaimed_blobs.release(session, second)
    assert read(database) == (False, [BLOB])


def test_removing_an_examined_blob_keeps_its_reservations(database: Database) -> None:
    reserve(database)
    with database.transaction() as session:
        unclaimed_blobs.add_unreserved(session, BLOB)
    assert read(database) == (True, [BLOB])

    with database.transaction() as session:
        unclaimed_blobs.remove(session, BLOB)

    assert read(database) == (True, [])

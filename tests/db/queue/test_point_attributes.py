"""Attributes and their copies on points, on both databases."""

from ingest.db.queue import membership, point_attributes
from ingest.db.session import Database
from tests.db import rows


def test_replaced_attributes_are_read_with_their_version(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 1)
    [row] = rows.attach(database, store, ids)

    with database.transaction() as session:
        assert point_attributes.replace_attributes(session, store, ids[0], {"a": "b"}) == row
        assert point_attributes.replace_attributes(session, store, "file-missing", {"a": "b"}) is None

    with database.reading() as session:
        [(points, version)] = point_attributes.read_attributes(session, [row, row + 1])
    assert (points.row, points.file_id, points.attributes, version) == (row, ids[0], {"a": "b"}, 1)


def test_the_attributes_of_several_rows_are_replaced_with_new_versions(database: Database) -> None:
    store = rows.create_store(database)
    first, second, third = rows.attach(database, store, rows.create_files(database, 3))

    with database.transaction() as session:
        point_attributes.replace_attributes_of_rows(session, {first: {"a": "b"}, third: {"c": 1}})
        point_attributes.replace_attributes_of_rows(session, {})

    with database.reading() as session:
        read = point_attributes.read_attributes(session, [first, second, third])
    assert [(points.attributes, version) for points, version in sorted(read, key=lambda pair: pair[0].row)] == [
        ({"a": "b"}, 1),
        ({}, 0),
        ({"c": 1}, 1),
    ]


def test_written_attributes_are_current_until_they_are_replaced(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 1)
    [row] = rows.attach(database, store, ids)
    with database.reading() as session:
        written = point_attributes.read_attributes(session, [row])

    with database.transaction() as session:
        assert point_attributes.are_current(session, written)
        point_attributes.replace_attributes(session, store, ids[0], {"a": "b"})
        assert not point_attributes.are_current(session, written)


def test_the_attributes_of_a_removed_file_are_current(database: Database) -> None:
    store = rows.create_store(database)
    ids = rows.create_files(database, 1)
    [row] = rows.attach(database, store, ids)
    with database.transaction() as session:
        written = point_attributes.read_attributes(session, [row])
        membership.remove(session, store, ids[0])

    with database.transaction() as session:
        assert point_attributes.are_current(session, written)

"""Pagination, on both databases."""

import pytest

from ingest.caller import DEFAULT_PROJECT
from ingest.db.content import batches as batch_rows
from ingest.db.content import files as file_rows
from ingest.db.content import members as member_rows
from ingest.db.pages import Order, Window
from ingest.db.session import Database
from tests.db import rows


def walk(database: Database, order: Order, limit: int) -> list[str]:
    """Return the ids of all files, as a client collects them that stops at has_more."""
    file_ids: list[str] = []
    after = None
    while True:
        with database.reading() as session:
            page = file_rows.list_page(
                session, DEFAULT_PROJECT, Window(limit=limit, order=order, after=after), purpose=None
            )
        file_ids += [file.id for file in page.items]
        if not page.has_more:
            return file_ids
        after = file_ids[-1]


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_every_item_is_listed_once_in_the_requested_order(database: Database, limit: int) -> None:
    ids = rows.create_files(database, 7)

    assert walk(database, "asc", limit) == ids
    assert walk(database, "desc", limit) == ids[::-1]


def test_before_gives_the_preceding_page_in_the_same_order(database: Database) -> None:
    ids = rows.create_files(database, 6)

    with database.reading() as session:
        page = file_rows.list_page(session, DEFAULT_PROJECT, Window(limit=2, order="asc", before=ids[4]), purpose=None)

    assert [file.id for file in page.items] == ids[2:4]
    assert page.has_more


def test_after_and_before_together_enclose_a_page(database: Database) -> None:
    ids = rows.create_files(database, 6)

    with database.reading() as session:
        page = file_rows.list_page(
            session, DEFAULT_PROJECT, Window(10, "asc", after=ids[0], before=ids[4]), purpose=None
        )

    assert [file.id for file in page.items] == ids[1:4]


@pytest.mark.parametrize("window", [Window(limit=10, after="file-unknown"), Window(limit=0)])
def test_an_unknown_cursor_or_a_limit_of_zero_gives_an_empty_last_page(database: Database, window: Window) -> None:
    rows.create_files(database, 3)

    with database.reading() as session:
        page = file_rows.list_page(session, DEFAULT_PROJECT, window, purpose=None)

    assert (list(page.items), page.has_more) == ([], False)


def test_files_are_filtered_by_purpose(database: Database) -> None:
    rows.create_files(database, 2)

    with database.reading() as session:
        assert len(file_rows.list_page(session, DEFAULT_PROJECT, Window(10), purpose="assistants").items) == 2
        assert len(file_rows.list_page(session, DEFAULT_PROJECT, Window(10), purpose="vision").items) == 0


def test_items_inserted_during_pagination_do_not_disturb_it(database: Database) -> None:
    ids = rows.create_files(database, 4)
    with database.reading() as session:
        first = file_rows.list_page(session, DEFAULT_PROJECT, Window(limit=2, order="desc"), purpose=None)

    rows.create_files(database, 3)

    with database.reading() as session:
        second = file_rows.list_page(
            session, DEFAULT_PROJECT, Window(2, "desc", after=first.items[-1].id), purpose=None
        )
    assert [file.id for file in [*first.items, *second.items]] == ids[::-1]


def test_the_files_of_a_batch_are_only_its_own(database: Database) -> None:
    store = rows.create_store(database)
    mine, others = rows.create_files(database, 3), rows.create_files(database, 2)
    batch_id = rows.attach_batch(database, store, mine)
    rows.attach_batch(database, store, others)

    with database.reading() as session:
        batch = batch_rows.get_batch(session, store, batch_id)
        assert batch is not None
        page = member_rows.list_batch_files(session, batch, Window(limit=10, order="asc"), status="in_progress")

    assert [file.file_id for file in page.items] == mine

"""Pagination of lists from which items are removed meanwhile, on both databases."""

import pytest

from ingest.caller import DEFAULT_PROJECT
from ingest.db import tombstones
from ingest.db.content import batches as batch_rows
from ingest.db.content import files as file_rows
from ingest.db.content import members as member_rows
from ingest.db.content import stores
from ingest.db.models import VectorStore
from ingest.db.pages import Order, Page, Window
from ingest.db.queue import membership
from ingest.db.session import Database
from tests.conftest import Clock
from tests.db import rows

MANY_ITEMS = 3_000


class FileList:
    """The list of all files."""

    def __init__(self, database: Database, count: int) -> None:
        self.database = database
        self.ids = rows.create_files(database, count)

    def page(self, window: Window) -> Page[str]:
        with self.database.reading() as session:
            page = file_rows.list_page(session, DEFAULT_PROJECT, window, purpose=None)
        return Page([file.id for file in page.items], page.has_more)

    def remove(self, item: str) -> None:
        with self.database.transaction() as session:
            file_rows.delete_row(session, item)


class StoreFileList:
    """The list of a store's files."""

    def __init__(self, database: Database, count: int) -> None:
        self.database = database
        self.store = rows.create_store(database)
        self.ids = rows.create_files(database, count)
        rows.attach_batch(database, self.store, self.ids)

    def page(self, window: Window) -> Page[str]:
        with self.database.reading() as session:
            page = member_rows.list_files(session, self.store, window, status=None)
        return Page([file.file_id for file in page.items], page.has_more)

    def remove(self, item: str) -> None:
        with self.database.transaction() as session:
            assert membership.remove(session, self.store, item)


class BatchFileList(StoreFileList):
    """The list of a batch's files, of which some are taken out of the store."""

    def __init__(self, database: Database, count: int) -> None:
        super().__init__(database, count)
        self.ids = rows.create_files(database, count)
        self.batch = rows.attach_batch(database, self.store, self.ids)

    def page(self, window: Window) -> Page[str]:
        with self.database.reading() as session:
            batch = batch_rows.get_batch(session, self.store, self.batch)
            assert batch is not None
            page = member_rows.list_batch_files(session, batch, window, status=None)
        return Page([file.file_id for file in page.items], page.has_more)


class StoreList:
    """The list of all stores."""

    def __init__(self, database: Database, count: int) -> None:
        self.database = database
        with database.transaction() as session:
            stores_of_project = [
                VectorStore(
                    project=DEFAULT_PROJECT, id=f"vs_{n}", name="", model="m", meta={}, created_at=1, last_active_at=1
                )
                for n in range(count)
            ]
            session.add_all(stores_of_project)
        self.ids = [store.id for store in stores_of_project]

    def page(self, window: Window) -> Page[str]:
        with self.database.reading() as session:
            page = stores.list_page(session, DEFAULT_PROJECT, window)
        return Page([store.id for store in page.items], page.has_more)

    def remove(self, item: str) -> None:
        with self.database.transaction() as session:
            assert stores.delete(session, DEFAULT_PROJECT, item)
        with self.database.transaction() as session:
            while stores.remove_deleted(session, 100):
                pass


List = type[FileList] | type[StoreFileList] | type[BatchFileList] | type[StoreList]
LISTS = [FileList, StoreFileList, BatchFileList, StoreList]


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("kind", LISTS)
def test_pagination_continues_when_its_last_item_is_removed(database: Database, kind: List, order: Order) -> None:
    items = kind(database, 9)
    expected = items.ids if order == "asc" else items.ids[::-1]

    page = items.page(Window(3, order))
    walked = [*page.items]
    while page.has_more:
        items.remove(walked[-1])
        page = items.page(Window(3, order, after=walked[-1]))
        walked += page.items

    assert walked == expected


@pytest.mark.parametrize("kind", LISTS)
def test_pagination_continues_when_its_whole_page_and_the_next_item_are_removed(database: Database, kind: List) -> None:
    items = kind(database, 8)
    first = items.page(Window(3, "asc"))

    for item in items.ids[:4]:
        items.remove(item)

    rest = items.page(Window(10, "asc", after=first.items[-1]))
    assert (rest.items, rest.has_more) == (items.ids[4:], False)


@pytest.mark.parametrize("kind", LISTS)
def test_the_page_before_a_removed_item_is_found(database: Database, kind: List) -> None:
    items = kind(database, 6)

    items.remove(items.ids[4])

    page = items.page(Window(2, "asc", before=items.ids[4]))
    assert (page.items, page.has_more) == (items.ids[2:4], True)


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("kind", [FileList, StoreFileList])
def test_thousands_of_items_of_one_second_are_each_listed_once_while_they_are_removed(
    database: Database, kind: type[FileList] | type[StoreFileList], order: Order
) -> None:
    items = kind(database, MANY_ITEMS)
    walked: list[str] = []
    page = Page[str]([], has_more=True)

    while page.has_more:
        page = items.page(Window(100, order, after=walked[-1] if walked else None))
        walked += page.items
        items.remove(walked[-1])

    assert walked == (items.ids if order == "asc" else items.ids[::-1])


def test_a_file_that_was_attached_again_has_its_new_position(database: Database) -> None:
    items = StoreFileList(database, 4)
    items.remove(items.ids[1])
    rows.attach(database, items.store, [items.ids[1]])

    assert items.page(Window(10, "asc", after=items.ids[1])).items == []
    items.remove(items.ids[1])
    assert items.page(Window(10, "desc", after=items.ids[1])).items == [items.ids[3], items.ids[2], items.ids[0]]


def test_a_removed_item_of_another_list_is_an_unknown_cursor(database: Database) -> None:
    one, other = StoreFileList(database, 2), StoreFileList(database, 2)

    one.remove(one.ids[0])

    assert other.page(Window(10, "asc", after=one.ids[0])).items == []


def test_old_tombstones_are_deleted(database: Database, clock: Clock) -> None:
    items = FileList(database, 3)
    items.remove(items.ids[0])
    clock.advance(tombstones.RETENTION_SECONDS + 1)
    items.remove(items.ids[1])

    with database.transaction() as session:
        deleted = tombstones.delete_old(session, 100), tombstones.delete_old(session, 100)

    assert deleted == (1, 0)
    assert items.page(Window(10, "asc", after=items.ids[0])).items == []
    assert items.page(Window(10, "asc", after=items.ids[1])).items == [items.ids[2]]

"""Properties of a store have the same value in Python and in SQL."""

import pytest
from sqlalchemy import select, update

from ingest.db.models import VectorStore
from ingest.db.session import Database
from tests.db import rows


@pytest.mark.parametrize(
    ("deleted_at", "expired_at", "is_deleted", "is_active"),
    [(None, None, False, True), (1.0, None, True, False), (None, 1, False, False), (1.0, 1, True, False)],
)
def test_a_store_is_active_until_it_is_deleted_or_expires(
    database: Database, deleted_at: float | None, expired_at: int | None, is_deleted: bool, is_active: bool
) -> None:
    rows.create_store(database)
    with database.transaction() as session:
        session.execute(update(VectorStore).values(deleted_at=deleted_at, expired_at=expired_at))

    with database.reading() as session:
        store = session.scalars(select(VectorStore)).one()
        in_sql = session.execute(
            select(
                VectorStore.row.is_not(None),
                VectorStore.is_deleted.label("deleted"),
                VectorStore.is_active.label("active"),
            )
        ).one()
        undeleted = session.scalars(select(VectorStore).where(~VectorStore.is_deleted)).all()
    assert (store.is_deleted, store.is_active) == (is_deleted, is_active)
    assert (bool(in_sql.deleted), bool(in_sql.active)) == (is_deleted, is_active)
    assert bool(undeleted) != is_deleted

"""Properties of a file in a store have the same value in Python and in SQL."""

import pytest
from sqlalchemy import select, update

from ingest.db.models import StoreFile
from ingest.db.session import Database
from tests.db import rows


def attach_file(database: Database, **values: object) -> StoreFile:
    """Attach a file, set columns of its row and return it."""
    store = rows.create_store(database)
    [file_id] = rows.create_files(database, 1)
    rows.attach(database, store, [file_id])
    with database.transaction() as session:
        session.execute(update(StoreFile).values(values))
    return rows.get_row(database, store, file_id)


@pytest.mark.parametrize("has_fallback", [False, True])
def test_a_file_has_a_fallback_while_a_reindex_is_pending(database: Database, has_fallback: bool) -> None:
    file = attach_file(
        database,
        generation=2,
        live_generation=1,
        model="m",
        pending_chunk_tokens=300 if has_fallback else None,
        pending_chunk_overlap=100 if has_fallback else None,
    )

    with database.reading() as session:
        selected = session.scalar(select(StoreFile.row).where(StoreFile.has_fallback))
    assert file.has_fallback == has_fallback
    assert (selected is not None) == has_fallback


@pytest.mark.parametrize(("live", "standby", "kept"), [(None, None, 0), (2, None, 2), (2, 1, 2), (1, 3, 3)])
def test_the_kept_generation_is_the_greatest_that_is_complete(
    database: Database, live: int | None, standby: int | None, kept: int
) -> None:
    described = dict.fromkeys(("chunks", "terms", "usage_bytes", "chunk_tokens", "chunk_overlap"), 1)
    of_standby = {f"standby_{name}": value for name, value in described.items()} | {"standby_model": "other"}
    file = attach_file(
        database,
        generation=3,
        live_generation=live,
        model=None if live is None else "m",
        standby_generation=standby,
        **(of_standby if standby is not None else {}),
    )

    with database.reading() as session:
        assert session.scalar(select(StoreFile.kept_generation)) == kept
    assert file.kept_generation == kept

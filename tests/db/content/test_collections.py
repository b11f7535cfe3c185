"""The collections of embedding models, on both databases."""

from sqlalchemy import update

from ingest.config import LOCAL_MODEL
from ingest.db.content import collections
from ingest.db.models import VectorStore
from ingest.db.session import Database
from tests.db import rows


def test_a_collection_keeps_the_layout_with_which_it_was_registered(database: Database) -> None:
    with database.transaction() as session:
        collections.register(session, "a", dimensions=4, multivector=False)
        collections.register(session, "a", dimensions=8, multivector=True)
        collections.register(session, "b", dimensions=2, multivector=False)

    with database.reading() as session:
        collection = collections.get(session, "a")
        assert collections.get(session, "unknown") is None
        names = [row.model for row in collections.list_all(session)]
    assert collection is not None
    assert (collection.dimensions, collection.multivector) == (4, False)
    assert {"a", "b"} <= set(names)
    assert names == sorted(names)


def test_the_target_of_a_migration_is_in_use_but_not_a_kept_model(database: Database) -> None:
    staging, kept = rows.create_store(database), rows.create_store(database)
    with database.transaction() as session:
        for store, model, state, since in ((staging, "target", "staging", None), (kept, "former", "kept", 1.0)):
            values = {"standby_model": model, "standby_state": state, "standby_since": since}
            session.execute(update(VectorStore).where(VectorStore.id == store).values(values))

    with database.reading() as session:
        assert collections.models_in_use(session) == {LOCAL_MODEL, "target"}

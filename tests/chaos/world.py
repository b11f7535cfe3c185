"""State that a crashing process shares with its test: a database, blobs and a vectors process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from ingest.config import Settings
from ingest.db.session import Database
from ingest.steps.index import QdrantIndex
from tests.fakes import FakeServices

DIMENSIONS = 8
"""Dimensions of the fake embedder's vectors."""


@dataclass(frozen=True)
class World:
    """Addresses and folders of the shared state. `collection` belongs to one test alone."""

    database_url: str
    data: str
    qdrant_url: str
    qdrant_api_key: str
    collection: str


class WorldServices(FakeServices):
    """Services over a real database, real blobs and real vectors; parser, embedder and queue are fakes."""

    index: QdrantIndex  # type: ignore[assignment]  # the fakes' index is replaced by a real one


def services(world: World, clock: Callable[[], float]) -> WorldServices:
    """Return the services of one process over the shared state."""
    settings = Settings(
        data=Path(world.data),
        database_url=world.database_url,
        redis_url="",
        qdrant_url=world.qdrant_url,
        qdrant_api_key=SecretStr(world.qdrant_api_key),
        blobs_url="",
        embedding_url="",
        # A heartbeat between two counted commits would shift the crash point, however slow the machine is.
        lease_seconds=1_200,
        heartbeat_seconds=600,
    )
    created = WorldServices(settings, Database(world.database_url, clock=clock, pool_size=2))
    created.index = QdrantIndex.connect(settings, model=world.collection, dimensions=DIMENSIONS, multivector=False)
    return created

"""What a process that dies shares with the test that looks at what it left: a database, blobs and a vectors process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from ingest.config import Settings
from ingest.db.session import Database
from ingest.steps.index import Index
from tests.fakes import FakeServices

DIMENSIONS = 8
"""Of the vectors that the fake embedder makes."""


@dataclass(frozen=True)
class World:
    """Where everything is. `collection` is of this test alone."""

    database_url: str
    data: str
    qdrant_url: str
    qdrant_api_key: str
    collection: str


class WorldTools(FakeServices):
    """Tools over a real database, real blobs and real vectors; parser, embedder and queue are faked."""

    index: Index  # type: ignore[assignment]


def services(world: World, clock: Callable[[], float]) -> WorldTools:
    """The tools of one process in that world."""
    settings = Settings(
        data=Path(world.data),
        database_url=world.database_url,
        redis_url="",
        qdrant_url=world.qdrant_url,
        qdrant_api_key=SecretStr(world.qdrant_api_key),
        blobs_url="",
        embedding_url="",
        # However slow the machine, no heartbeat comes between two commits that are counted.
        lease_seconds=1_200,
        heartbeat_seconds=600,
    )
    made = WorldTools(settings, Database(world.database_url, clock=clock, pool_size=2))
    made.index = Index.connect(settings, model=world.collection, dimensions=DIMENSIONS, multivector=False)
    return made

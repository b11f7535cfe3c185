"""Indexing anew: an extension, OpenAI's API has nothing like it (deploy/openai-compatibility.md)."""

from typing import Literal

from api.schemas.parts import Body, Id, Strategy, Wire
from ingest.db.models import OtherState
from ingest.db.queue.requeue import Only
from ingest.errors import InvalidRequest
from ingest.reindex.reindexing import Into, Models
from ingest.stores.vector_stores import ChunkSizes


class ReadyCounts(Wire):
    """Of the files that can be found, those with points of the model that the store goes over to, or can go back to."""

    ready: int
    total: int


class Reindex(Body):
    """Which files of a store are indexed anew, and how they are cut; without a strategy each as it was."""

    only: Only = "all"
    chunking_strategy: Strategy | None = None
    model: Id | None = None
    """The embedding model, by the name it is configured under, that the store goes over to when all files are ready..."""
    now: bool = False
    """...or each file as soon as it is."""

    def chunking(self) -> ChunkSizes | None:
        """The sizes that are asked for; None when each file keeps its own."""
        return None if self.chunking_strategy is None else self.chunking_strategy.chunking()

    def into(self) -> Into | None:
        """The model that is asked for. Raises InvalidRequest."""
        if self.model is None and self.now:
            raise InvalidRequest("'now' goes with 'model'.", param="now")
        return None if self.model is None else Into(self.model, self.now)


class Rollback(Body):
    """How a store goes back to the embedding model that it had before."""

    now: bool = False
    """Each file as soon as it has points of that; else all of them together."""


class VectorStoreModels(Wire):
    """The embedding models of a store."""

    object: Literal["vector_store.models"] = "vector_store.models"
    vector_store_id: str
    model: str
    """That new files are embedded with, and the store is searched with."""
    other_model: str | None
    other_state: OtherState | None
    """`staging`: the store goes over to the other model when all files are ready. `mixed`: it comes from the other one,
    file by file; both are searched. `kept`: it can go back to the other one. `dropping`: the other's points are being
    deleted."""
    file_counts: ReadyCounts
    kept_until: int | None
    """When the points of the other model will be deleted."""

    @classmethod
    def of(cls, vector_store_id: str, found: Models) -> "VectorStoreModels":
        return cls(
            vector_store_id=vector_store_id,
            model=found.model,
            other_model=found.other_model,
            other_state=found.state,
            file_counts=ReadyCounts(ready=found.ready, total=found.files),
            kept_until=found.kept_until,
        )

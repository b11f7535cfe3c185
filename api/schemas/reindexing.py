"""Requests and responses of re-indexing, an extension of OpenAI's API (deploy/docs/api/reindexing.md)."""

from typing import Literal

from api.schemas.parts import Id, RequestModel, ResponseModel, Strategy
from ingest.db.models import ReindexScope, StandbyState
from ingest.errors import InvalidRequest
from ingest.reindex.migration import MigrationStatus
from ingest.reindex.reindexing import ModelTarget
from ingest.stores.vector_stores import ChunkSizes


class ReadyCounts(ResponseModel):
    """Completed files (`total`), and those of them that have points of the other model (`ready`)."""

    ready: int
    total: int


class Reindex(RequestModel):
    """Which files of a store to re-index, and how to chunk them. Without a strategy, each file keeps its chunk sizes."""

    only: ReindexScope = "all"
    chunking_strategy: Strategy | None = None
    model: Id | None = None
    """Configured name of the embedding model that the store cuts over to when all files are ready."""
    now: bool = False
    """Cut over each file as soon as it is ready."""

    def chunk_sizes(self) -> ChunkSizes | None:
        """Return the requested chunk sizes; None if each file keeps its own."""
        return None if self.chunking_strategy is None else self.chunking_strategy.chunk_sizes()

    def model_target(self) -> ModelTarget | None:
        """Return the requested model. Raises InvalidRequest if `now` comes without `model`."""
        if self.model is None and self.now:
            raise InvalidRequest("'now' goes with 'model'.", param="now")
        return None if self.model is None else ModelTarget(self.model, self.now)


class Rollback(RequestModel):
    """How to roll a store back to its previous embedding model."""

    now: bool = False
    """Roll back each file as soon as it has points of the previous model; otherwise all files together."""


class VectorStoreModels(ResponseModel):
    """The embedding models of a store."""

    object: Literal["vector_store.models"] = "vector_store.models"
    vector_store_id: str
    model: str
    """The model of searches and of new files."""
    other_model: str | None
    other_state: StandbyState | None
    """State of the other model's points.

    `staging`: the store cuts over to the other model when all files are ready. `mixed`: the store leaves the other model
    file by file, and searches use both. `kept`: the store can roll back to the other model. `dropping`: the other model's
    points are being deleted.
    """
    file_counts: ReadyCounts
    kept_until: int | None
    """Unix time at which the points of the other model are deleted."""

    @classmethod
    def from_status(cls, vector_store_id: str, status: MigrationStatus) -> "VectorStoreModels":
        return cls(
            vector_store_id=vector_store_id,
            model=status.model,
            other_model=status.standby_model,
            other_state=status.standby_state,
            file_counts=ReadyCounts(ready=status.ready_files, total=status.total_files),
            kept_until=status.kept_until,
        )

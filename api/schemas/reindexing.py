"""Requests and responses of re-indexing, an extension of OpenAI's API (deploy/docs/api/reindexing.md)."""

from typing import Literal

from api.schemas.parts import Id, RequestModel, ResponseModel, Strategy
from api.schemas.reindex_gates import Gate, ReindexGate
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
    gate: Gate | None = None
    """Cut over only if golden queries find as much with the new index. A store on its way to the model gets this gate
    instead of the one it has."""
    force: bool = False
    """Cut over to the model even if the store's gate does not pass."""

    def chunk_sizes(self) -> ChunkSizes | None:
        """Return the requested chunk sizes; None if each file keeps its own."""
        return None if self.chunking_strategy is None else self.chunking_strategy.chunk_sizes()

    def model_target(self) -> ModelTarget | None:
        """Return the requested model. Raises InvalidRequest for options that need one, and for a wrong gate."""
        for name in ("now", "gate", "force"):
            if self.model is None and getattr(self, name):
                raise InvalidRequest(f"'{name}' goes with 'model'.", param=name)
        if self.force and self.gate is not None:
            raise InvalidRequest("'force' overrides a gate: it does not go with another one.", param="force")
        if self.model is None:
            return None
        return ModelTarget(self.model, self.now, None if self.gate is None else self.gate.to_request(), self.force)


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
    gate: ReindexGate | None
    """The gate of the migration that the store is in, or of the last one that cut over."""

    @classmethod
    def from_status(cls, vector_store_id: str, status: MigrationStatus) -> "VectorStoreModels":
        return cls(
            vector_store_id=vector_store_id,
            model=status.model,
            other_model=status.standby_model,
            other_state=status.standby_state,
            file_counts=ReadyCounts(ready=status.ready_files, total=status.total_files),
            kept_until=status.kept_until,
            gate=None if status.gate is None else ReindexGate.from_row(status.gate),
        )

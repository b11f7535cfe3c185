"""Requests and responses of re-index schedules, an extension of OpenAI's API (deploy/docs/api/reindexing.md)."""

from typing import Annotated, Literal

from pydantic import Field

from api.schemas.parts import ChunkingStrategyView, RequestModel, ResponseModel, Storable, Strategy
from ingest.db.models import ReindexSchedule as Row
from ingest.db.models import ScheduledScope

Cron = Annotated[str, Field(max_length=100), Storable]
Zone = Annotated[str, Field(max_length=64), Storable]


class CreateSchedule(RequestModel):
    """When to re-index a store (a cron expression of five fields, in a time zone), and how."""

    cron: Cron
    timezone: Zone = "UTC"
    only: ScheduledScope = "all"
    chunking_strategy: Strategy | None = None
    paused: bool = False


class UpdateSchedule(RequestModel):
    """Changes of a schedule; a field that is left out keeps its value."""

    cron: Cron | None = None
    timezone: Zone | None = None
    only: ScheduledScope | None = None
    chunking_strategy: Strategy | None = None
    """Null: each file keeps its chunk sizes."""
    paused: bool | None = None


class ReindexSchedule(ResponseModel):
    """A schedule with its next and its last run."""

    id: str
    object: Literal["vector_store.reindex_schedule"] = "vector_store.reindex_schedule"
    created_at: int
    vector_store_id: str
    cron: str
    timezone: str
    only: ScheduledScope
    chunking_strategy: ChunkingStrategyView | None
    paused: bool
    next_run_at: int | None
    last_run_at: int | None
    last_batch_id: str | None

    @classmethod
    def from_row(cls, row: Row) -> "ReindexSchedule":
        chunking = None
        if row.chunk_tokens is not None:
            sizes = {"max_chunk_size_tokens": row.chunk_tokens, "chunk_overlap_tokens": row.chunk_overlap or 0}
            chunking = ChunkingStrategyView.model_validate({"static": sizes})
        return cls(
            id=row.id,
            created_at=row.created_at,
            vector_store_id=row.vector_store_id,
            cron=row.cron,
            timezone=row.timezone,
            only=row.only,
            chunking_strategy=chunking,
            paused=row.paused,
            next_run_at=row.next_run_at,
            last_run_at=row.last_run_at,
            last_batch_id=row.last_batch_id,
        )

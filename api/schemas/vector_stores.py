"""VectorStore (contract section 4)."""

from typing import Annotated, Literal

from pydantic import Field

from api.schemas.parts import Body, FileCounts, Id, Metadata, Storable, Strategy, Whole, Wire
from ingest.db.content.stores import DAY_SECONDS
from ingest.db.models import VectorStore as Row
from ingest.status import StoreStatus, of_store

StoreName = Annotated[str, Field(max_length=4096), Storable]


class ExpiresAfter(Body):
    """A store expires so many days after it was last used."""

    anchor: Literal["last_active_at"]
    days: Whole = Field(ge=1, le=365)


class CreateVectorStore(Body):
    """POST /vector_stores"""

    name: StoreName | None = None
    description: StoreName | None = None
    file_ids: list[Id] | None = Field(None, max_length=500)
    expires_after: ExpiresAfter | None = None
    chunking_strategy: Strategy | None = None
    metadata: Metadata | None = None


class UpdateVectorStore(Body):
    """POST /vector_stores/{id}: only what is present changes."""

    name: StoreName | None = None
    expires_after: ExpiresAfter | None = None
    metadata: Metadata | None = None


class VectorStore(Wire):
    """A store."""

    id: str
    object: Literal["vector_store"] = "vector_store"
    created_at: int
    name: str
    description: str | None
    usage_bytes: int
    bytes: int
    file_counts: FileCounts
    status: StoreStatus
    expires_after: ExpiresAfter | None
    expires_at: int | None
    last_active_at: int
    metadata: dict[str, str]

    @classmethod
    def of(cls, row: Row) -> "VectorStore":
        days = row.expires_after_days
        return cls(
            id=row.id,
            created_at=row.created_at,
            name=row.name,
            description=row.description,
            usage_bytes=row.usage_bytes,
            bytes=row.usage_bytes,
            file_counts=FileCounts.of(row),
            status=of_store(row.in_progress, expired=row.expired_at is not None),
            expires_after=None if days is None else ExpiresAfter(anchor="last_active_at", days=days),
            expires_at=None if days is None else row.last_active_at + days * DAY_SECONDS,
            last_active_at=row.last_active_at,
            metadata=row.meta,
        )

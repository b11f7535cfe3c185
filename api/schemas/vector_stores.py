"""Requests and responses of vector stores (deploy/docs/api-contract.md section 4)."""

from typing import Annotated, Literal

from pydantic import Field

from api.schemas.parts import FileCounts, Id, Metadata, RequestModel, ResponseModel, Storable, Strategy, Whole
from ingest.db.models import VectorStore as Row
from ingest.status import StoreStatus, store_expires_at, store_status

StoreName = Annotated[str, Field(max_length=4096), Storable]


class ExpiresAfter(RequestModel):
    """A store expires this many days after its last use."""

    anchor: Literal["last_active_at"]
    days: Whole = Field(ge=1, le=365)


class CreateVectorStore(RequestModel):
    """Body of POST /vector_stores."""

    name: StoreName | None = None
    description: StoreName | None = None
    file_ids: list[Id] | None = Field(None, max_length=500)
    expires_after: ExpiresAfter | None = None
    chunking_strategy: Strategy | None = None
    metadata: Metadata | None = None


class UpdateVectorStore(RequestModel):
    """Body of POST /vector_stores/{id}: changes only the fields that are present."""

    name: StoreName | None = None
    expires_after: ExpiresAfter | None = None
    metadata: Metadata | None = None


class VectorStore(ResponseModel):
    """A vector store."""

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
    chunks: int
    """An extension: the number of passages that a search covers."""

    @classmethod
    def from_row(cls, row: Row) -> "VectorStore":
        days = row.expires_after_days
        return cls(
            id=row.id,
            created_at=row.created_at,
            name=row.name,
            description=row.description,
            usage_bytes=row.usage_bytes,
            bytes=row.usage_bytes,
            file_counts=FileCounts.from_row(row),
            status=store_status(row),
            expires_after=None if days is None else ExpiresAfter(anchor="last_active_at", days=days),
            expires_at=store_expires_at(row),
            last_active_at=row.last_active_at,
            metadata=row.meta,
            chunks=row.chunks,
        )

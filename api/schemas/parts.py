"""Building blocks of several schemas: base models, constrained types, chunking, counts, list pages, errors."""

import math
from types import NoneType
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from ingest.health.reasons import Wait
from ingest.limits import (
    MAX_ATTRIBUTE_KEY_CHARACTERS,
    MAX_ATTRIBUTE_VALUE_CHARACTERS,
    MAX_ATTRIBUTES,
    fits_in_64_bits,
    is_storable,
)
from ingest.status import FileCounters, file_counts
from ingest.stores.vector_stores import AUTO_CHUNK_SIZES, ChunkSizes

Item = TypeVar("Item")

MAX_ID_CHARACTERS = 256
"""Longer than any stored id. A batch has 100,000 ids."""


def _reject_unstorable(text: str) -> str:
    """Reject characters that PostgreSQL cannot store."""
    if not is_storable(text):
        raise ValueError("text must not contain NUL or unpaired surrogate characters")
    return text


def _replace_unstorable(text: str) -> str:
    """Replace characters that PostgreSQL cannot compare, and cut long texts: no stored id is like the results."""
    text = text[:MAX_ID_CHARACTERS]
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "\ufffd").encode(errors="replace").decode()


def _check_scalar(value: Any) -> Any:
    """Report one error for a wrong attribute value; pydantic would report one for each member of the union."""
    if isinstance(value, float) and not math.isfinite(value):
        raise PydanticCustomError("invalid_value", "Invalid attribute: numbers must be finite.")
    if isinstance(value, int) and not isinstance(value, bool) and not fits_in_64_bits(value):
        raise PydanticCustomError("invalid_value", "Invalid attribute: integers must fit into 64 bits.")
    if not isinstance(value, (str, bool, int, float)):
        raise PydanticCustomError("invalid_type", "Invalid attribute: expected a string, a number or a boolean.")
    return value


def _whole_float_to_int(value: Any) -> Any:
    """Convert 5.0 to 5: JSON does not distinguish them, and some clients send the former."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Id = Annotated[str, AfterValidator(_replace_unstorable)]
Whole = Annotated[int, BeforeValidator(_whole_float_to_int)]
Storable = AfterValidator(_reject_unstorable)
Name = Annotated[str, Field(max_length=MAX_ATTRIBUTE_KEY_CHARACTERS), Storable]
ValueText = Annotated[str, Field(max_length=MAX_ATTRIBUTE_VALUE_CHARACTERS), Storable]
Number = Annotated[float, Field(allow_inf_nan=False)]
Value = Annotated[ValueText | bool | int | Number, BeforeValidator(_check_scalar)]
Attributes = Annotated[dict[Name, Value], Field(max_length=MAX_ATTRIBUTES)]
Metadata = Annotated[dict[Name, ValueText], Field(max_length=MAX_ATTRIBUTES)]


class RequestModel(BaseModel):
    """Base of request bodies: rejects unknown fields and converts no types (deploy/docs/api-contract.md section 1).

    An explicit null for an optional field is the same as its absence. Fields whose type has null decide what it means.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    @model_validator(mode="before")
    @classmethod
    def _leave_out_nulls(cls, data: Any) -> Any:
        if not isinstance(data, dict) or None not in data.values():
            return data
        ignored = cls._ignored_nulls()
        return {name: value for name, value in data.items() if value is not None or name not in ignored}

    @classmethod
    def _ignored_nulls(cls) -> set[str]:
        """Return the optional fields whose type does not have null."""
        fields = cls.model_fields.items()
        return {
            name for name, field in fields if not field.is_required() and NoneType not in get_args(field.annotation)
        }

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """Add null to the schemas of the fields in which it is left out."""
        schema = handler.resolve_ref_schema(handler(core_schema))
        for name in cls._ignored_nulls():
            of_value = schema["properties"][name]
            outside = {key: of_value.pop(key) for key in ("title", "default", "description") if key in of_value}
            schema["properties"][name] = {"anyOf": [of_value, {"type": "null"}], **outside}
        return schema


class ResponseModel(BaseModel):
    """Base of response bodies."""


class StaticChunking(RequestModel):
    """Chunk sizes in tokens."""

    max_chunk_size_tokens: Whole = Field(ge=100, le=4096)
    chunk_overlap_tokens: Whole = Field(ge=0)

    @model_validator(mode="after")
    def _overlap_at_most_half(self) -> "StaticChunking":
        if self.chunk_overlap_tokens > self.max_chunk_size_tokens // 2:
            raise ValueError("chunk_overlap_tokens must not exceed half of max_chunk_size_tokens")
        return self


class AutoStrategy(RequestModel):
    """The service chooses the sizes: 800 tokens with an overlap of 400."""

    type: Literal["auto"]

    def chunk_sizes(self) -> ChunkSizes:
        return AUTO_CHUNK_SIZES


class StaticStrategy(RequestModel):
    """The caller chooses the sizes."""

    type: Literal["static"]
    static: StaticChunking

    def chunk_sizes(self) -> ChunkSizes:
        return ChunkSizes(self.static.max_chunk_size_tokens, self.static.chunk_overlap_tokens)


Strategy = Annotated[AutoStrategy | StaticStrategy, Field(discriminator="type")]


def to_chunk_sizes(strategy: AutoStrategy | StaticStrategy | None) -> ChunkSizes:
    """Return the chunk sizes that a request asks for; None means auto."""
    return AUTO_CHUNK_SIZES if strategy is None else strategy.chunk_sizes()


class ChunkingStrategyView(ResponseModel):
    """How a file was chunked: always `static`, even if the request said `auto` (deploy/docs/api-contract.md section 0.10)."""

    type: Literal["static"] = "static"
    static: dict[Literal["max_chunk_size_tokens", "chunk_overlap_tokens"], int]


class FileCounts(ResponseModel):
    """Numbers of files by status."""

    in_progress: int
    completed: int
    failed: int
    cancelled: int
    total: int

    @classmethod
    def from_row(cls, row: FileCounters) -> "FileCounts":
        return cls(**file_counts(row))


class ListPage(ResponseModel, Generic[Item]):
    """A page of a list (deploy/docs/api-contract.md section 8)."""

    object: Literal["list"] = "list"
    data: list[Item]
    first_id: str | None
    last_id: str | None
    has_more: bool


class WaitingDetails(ResponseModel):
    """Why a file or a batch waits: an extension of this service (deploy/docs/api/waiting.md).

    `dependency` is what it waits for: `embedder`, `qdrant`, `blobs`, `broker`, `parser`, `workers`, `queue`, `lease`, `retry` or
    `embedding model`. Times are seconds since 1970; null when there is none.
    """

    dependency: str
    reason: str
    since: int | None
    next_try: int | None

    @classmethod
    def from_wait(cls, wait: Wait | None) -> "WaitingDetails | None":
        return None if wait is None else cls(**wait.facts())


class Deleted(ResponseModel):
    """Confirmation of a deletion."""

    id: str
    object: str
    deleted: Literal[True] = True


class ErrorFacts(ResponseModel):
    """The error: `message` for people, the other fields for programs."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorAnswer(ResponseModel):
    """The body of every response whose status is not 200."""

    error: ErrorFacts

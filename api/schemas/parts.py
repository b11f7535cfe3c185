"""What several objects have in common: strict bodies, texts, attributes, chunking, counts, pages, errors."""

import math
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from ingest.stores.vector_stores import AUTO_CHUNK_SIZES, ChunkSizes

Item = TypeVar("Item")


def _storable(text: str) -> str:
    if any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in text):
        raise ValueError("text must not contain NUL or unpaired surrogate characters")
    return text


def _searchable(text: str) -> str:
    """What no database would take becomes a text that no object is called by."""
    return text.replace("\x00", "\ufffd").encode(errors="replace").decode()


def _scalar(value: Any) -> Any:
    """One complaint instead of one for each type that it might have been."""
    if isinstance(value, float) and not math.isfinite(value):
        raise PydanticCustomError("invalid_value", "Invalid attribute: numbers must be finite.")
    if isinstance(value, int) and not isinstance(value, bool) and not -(2**63) <= value < 2**63:
        raise PydanticCustomError("invalid_value", "Invalid attribute: integers must fit into 64 bits.")
    if not isinstance(value, (str, bool, int, float)):
        raise PydanticCustomError("invalid_type", "Invalid attribute: expected a string, a number or a boolean.")
    return value


def _whole(value: Any) -> Any:
    """JSON does not tell 5.0 from 5, and some clients write it so."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Id = Annotated[str, AfterValidator(_searchable)]
Whole = Annotated[int, BeforeValidator(_whole)]
Storable = AfterValidator(_storable)
Name = Annotated[str, Field(max_length=64), Storable]
ValueText = Annotated[str, Field(max_length=512), Storable]
Number = Annotated[float, Field(allow_inf_nan=False)]
Value = Annotated[ValueText | bool | int | Number, BeforeValidator(_scalar)]
Attributes = Annotated[dict[Name, Value], Field(max_length=16)]
Metadata = Annotated[dict[Name, ValueText], Field(max_length=16)]


class Body(BaseModel):
    """A request's JSON: nothing unknown, nothing converted (contract section 1)."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Wire(BaseModel):
    """An answer's JSON."""


class StaticChunking(Body):
    """Sizes of chunks in tokens."""

    max_chunk_size_tokens: Whole = Field(ge=100, le=4096)
    chunk_overlap_tokens: Whole = Field(ge=0)

    @model_validator(mode="after")
    def _overlap_at_most_half(self) -> "StaticChunking":
        if self.chunk_overlap_tokens > self.max_chunk_size_tokens // 2:
            raise ValueError("chunk_overlap_tokens must not exceed half of max_chunk_size_tokens")
        return self


class AutoStrategy(Body):
    """The service chooses: 800 tokens, 400 of them repeated."""

    type: Literal["auto"]

    def chunking(self) -> ChunkSizes:
        return AUTO_CHUNK_SIZES


class StaticStrategy(Body):
    """The caller chooses."""

    type: Literal["static"]
    static: StaticChunking

    def chunking(self) -> ChunkSizes:
        return ChunkSizes(self.static.max_chunk_size_tokens, self.static.chunk_overlap_tokens)


Strategy = Annotated[AutoStrategy | StaticStrategy, Field(discriminator="type")]


def chunking(strategy: AutoStrategy | StaticStrategy | None) -> ChunkSizes:
    """The sizes that a request asks for; none means auto."""
    return AUTO_CHUNK_SIZES if strategy is None else strategy.chunking()


class ShownStrategy(Wire):
    """How a file was cut: always shown as static, also when it was asked for as auto (contract section 0.10)."""

    type: Literal["static"] = "static"
    static: dict[Literal["max_chunk_size_tokens", "chunk_overlap_tokens"], int]


class FileCounts(Wire):
    """Files by where they stand."""

    in_progress: int
    completed: int
    failed: int
    cancelled: int
    total: int

    @classmethod
    def of(cls, counted: Any) -> "FileCounts":
        """The counters of a store's or a batch's row."""
        total = counted.in_progress + counted.completed + counted.failed + counted.cancelled
        return cls(
            in_progress=counted.in_progress,
            completed=counted.completed,
            failed=counted.failed,
            cancelled=counted.cancelled,
            total=total,
        )


class ListPage(Wire, Generic[Item]):
    """A page of a list (contract section 8)."""

    object: Literal["list"] = "list"
    data: list[Item]
    first_id: str | None
    last_id: str | None
    has_more: bool


class Deleted(Wire):
    """That something is gone."""

    id: str
    object: str
    deleted: Literal[True] = True


class ErrorFacts(Wire):
    """What went wrong: for people, and for programs."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorAnswer(Wire):
    """The body of every answer that is not 200."""

    error: ErrorFacts

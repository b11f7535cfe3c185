"""Building blocks of schemas: constrained types, chunking, counts."""

from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import Field, TypeAdapter, ValidationError

from api.schemas.parts import (
    Attributes,
    AutoStrategy,
    FileCounts,
    Id,
    Metadata,
    RequestModel,
    StaticStrategy,
    Whole,
    to_chunk_sizes,
)
from api.schemas.search import FILTER_SCHEMAS
from ingest.stores.vector_stores import AUTO_CHUNK_SIZES, ChunkSizes
from tests.api.projects import DOCUMENT

ATTRIBUTES: TypeAdapter[dict[str, Any]] = TypeAdapter(Attributes)
METADATA: TypeAdapter[dict[str, str]] = TypeAdapter(Metadata)


@dataclass
class Counters:
    """A row with file counters."""

    in_progress: int = 1
    completed: int = 2
    failed: int = 3
    cancelled: int = 4


REQUESTS = {
    name: schema
    for name, schema in DOCUMENT["components"]["schemas"].items()
    if schema.get("additionalProperties") is False and "properties" in schema and name not in FILTER_SCHEMAS
}
"""The schemas of request bodies and their parts."""


def test_every_optional_field_of_every_request_may_be_null() -> None:
    strict = {
        f"{name}.{field}"
        for name, schema in REQUESTS.items()
        for field, of_field in schema["properties"].items()
        if field not in schema.get("required", ()) and {"type": "null"} not in of_field.get("anyOf", ())
    }

    assert len(REQUESTS) > 20
    assert strict == set()


class Options(RequestModel):
    """A request with an optional number, and a text whose type has null."""

    number: Whole = Field(3, ge=1)
    text: str | None = "unchanged"
    required: int


def test_null_is_the_same_as_the_absence_of_an_optional_field() -> None:
    given = Options.model_validate({"number": None, "text": None, "required": 1})

    assert (given.number, given.text) == (3, None)
    assert given.model_fields_set == {"text", "required"}


def test_null_for_a_required_field_is_refused() -> None:
    with pytest.raises(ValidationError):
        Options.model_validate({"required": None})


def test_attributes_keep_their_types() -> None:
    values = {"text": "a", "flag": True, "integer": 2, "number": 0.5}

    kept = ATTRIBUTES.validate_python(values)

    assert [(name, type(value)) for name, value in kept.items()] == [
        (name, type(value)) for name, value in values.items()
    ]


@pytest.mark.parametrize("value", [None, [], {}, float("nan"), float("inf"), 2**63, "x" * 513, "\x00", "\ud800"])
def test_an_attribute_that_cannot_be_stored_is_rejected(value: Any) -> None:
    with pytest.raises(ValidationError):
        ATTRIBUTES.validate_python({"a": value})


def test_metadata_accepts_text_only() -> None:
    assert METADATA.validate_python({"a": "b"}) == {"a": "b"}
    with pytest.raises(ValidationError):
        METADATA.validate_python({"a": 1})


def test_an_id_with_unstorable_characters_becomes_an_unknown_id() -> None:
    assert TypeAdapter(Id).validate_python("file-\x00\ud800") == "file-\ufffd?"


def test_a_whole_float_is_an_integer() -> None:
    whole: TypeAdapter[int] = TypeAdapter(Whole)

    assert whole.validate_python(5.0, strict=True) == 5
    with pytest.raises(ValidationError):
        whole.validate_python(5.5, strict=True)


def test_chunk_sizes_of_a_strategy() -> None:
    static = StaticStrategy.model_validate(
        {"type": "static", "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 100}}
    )

    assert to_chunk_sizes(None) == to_chunk_sizes(AutoStrategy(type="auto")) == AUTO_CHUNK_SIZES
    assert to_chunk_sizes(static) == ChunkSizes(200, 100)


def test_the_total_of_file_counts_is_their_sum() -> None:
    assert FileCounts.from_row(Counters()).model_dump() == {
        "in_progress": 1, "completed": 2, "failed": 3, "cancelled": 4, "total": 10,
    }  # fmt: skip

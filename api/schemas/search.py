"""Requests and responses of searches (deploy/docs/api-contract.md section 7), with the OpenAPI schemas of filters."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from api.schemas.parts import Number, RequestModel, ResponseModel, Storable, Whole
from api.schemas.store_files import Location, Passage
from ingest.limits import MAX_FILTER_KEY_CHARACTERS, MAX_FILTER_VALUE_CHARACTERS
from ingest.steps import filters
from ingest.stores.fusion import FusionWeights
from ingest.stores.search import SearchResult as Hit

# Embedding a longer text would delay the searches of all other clients.
Query = Annotated[str, Field(min_length=1, max_length=32_768), Storable]
Weight = Annotated[Number, Field(ge=0.0, le=1e9)]
"""The upper bound keeps the sum of two weights finite."""


_POSITIVE_SCHEMA = {"type": "number", "exclusiveMinimum": 0}
_WEIGHT_NAMES = ("embedding_weight", "text_weight", "rrf_embedding_weight", "rrf_text_weight")

# The grammar that ingest/steps/filters parses, as JSON schemas for the OpenAPI document.
_KEY_SCHEMA = {"type": "string", "minLength": 1, "maxLength": MAX_FILTER_KEY_CHARACTERS}
_VALUE_SCHEMA = {
    "anyOf": [{"type": "string", "maxLength": MAX_FILTER_VALUE_CHARACTERS}, {"type": "number"}, {"type": "boolean"}]
}
_ONE_VALUE_PROPERTIES = {
    "type": {"enum": ["eq", "ne", "gt", "gte", "lt", "lte"]},
    "key": _KEY_SCHEMA,
    "property": _KEY_SCHEMA,
    "value": _VALUE_SCHEMA,
}
_LIST_SCHEMA = {"type": "array", "items": _VALUE_SCHEMA, "minItems": 1, "maxItems": filters.MAX_LIST_VALUES}
_LIST_PROPERTIES = _ONE_VALUE_PROPERTIES | {"type": {"enum": ["in", "nin"]}, "value": _LIST_SCHEMA}
_COMPARISON_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "value"],
    "oneOf": [{"required": ["key"]}, {"required": ["property"]}],
    "additionalProperties": False,
}
_ANY_FILTER = [{"$ref": "#/components/schemas/ComparisonFilter"}, {"$ref": "#/components/schemas/CompoundFilter"}]

FILTERS: dict[str, Any] = {
    "title": "Filters",
    "description": "Only files whose attributes match; `filename` is an attribute of every file.",
    "anyOf": [*_ANY_FILTER, {"type": "null"}],
}
FILTER_SCHEMAS: dict[str, Any] = {
    "ComparisonFilter": {
        "title": "ComparisonFilter",
        "description": "One attribute compared; `ne` and `nin` match where it is missing. `property` is `key`.",
        "anyOf": [
            _COMPARISON_SCHEMA | {"properties": _ONE_VALUE_PROPERTIES},
            _COMPARISON_SCHEMA | {"properties": _LIST_PROPERTIES},
        ],
    },
    "CompoundFilter": {
        "title": "CompoundFilter",
        "description": f"Filters combined, nested at most {filters.MAX_DEPTH} deep.",
        "type": "object",
        "properties": {
            "type": {"enum": ["and", "or"]},
            "filters": {"type": "array", "items": {"anyOf": _ANY_FILTER}, "minItems": 1},
        },
        "required": ["type", "filters"],
        "additionalProperties": False,
    },
}


class HybridSearch(RequestModel):
    """Weights of dense and lexical search; at least one is above zero. The `rrf_` names are aliases from OpenAI's guide."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": [name], "properties": {name: _POSITIVE_SCHEMA}} for name in _WEIGHT_NAMES]  # type: ignore[dict-item]  # invariant dict
        }
    )

    embedding_weight: Weight | None = None
    text_weight: Weight | None = None
    rrf_embedding_weight: Weight | None = None
    rrf_text_weight: Weight | None = None

    def weights(self) -> FusionWeights:
        embedding = self.embedding_weight or self.rrf_embedding_weight or 0.0
        return FusionWeights(embedding, self.text_weight or self.rrf_text_weight or 0.0)

    @model_validator(mode="after")
    def _require_a_positive_weight(self) -> "HybridSearch":
        weights = self.weights()
        if weights.embedding + weights.text <= 0:
            raise ValueError("at least one of embedding_weight and text_weight must be greater than 0")
        return self


class RankingOptions(RequestModel):
    """How passages are ranked. All rankers are accepted and behave the same."""

    ranker: Literal["none", "auto", "default-2024-11-15", "default-2024-08-21"] = "auto"
    score_threshold: Number = Field(0.0, ge=0.0, le=1.0)
    hybrid_search: HybridSearch | None = None


class Search(RequestModel):
    """Body of POST /vector_stores/{id}/search."""

    query: Query | Annotated[list[Query], Field(min_length=1, max_length=16)]
    filters: dict[str, Any] | None = None
    max_num_results: Whole = Field(10, ge=1, le=50)
    ranking_options: RankingOptions | None = None
    rewrite_query: bool = False


class SearchResult(ResponseModel):
    """A passage that matches the query."""

    file_id: str
    filename: str
    score: float
    attributes: dict[str, Any]
    content: list[Passage]
    location: Location

    @classmethod
    def from_hit(cls, hit: Hit) -> "SearchResult":
        return cls(
            file_id=hit.file_id,
            filename=hit.filename,
            score=hit.score,
            attributes=hit.attributes,
            content=[Passage(text=hit.text)],
            location=Location(**hit.location),
        )


class SearchPage(ResponseModel):
    """All passages on one page, because no client can request a second page."""

    object: Literal["vector_store.search_results.page"] = "vector_store.search_results.page"
    search_query: list[str]
    data: list[SearchResult]
    has_more: Literal[False] = False
    next_page: None = None

"""Search (contract section 7)."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from api.schemas.parts import Body, Number, Storable, Whole, Wire
from api.schemas.store_files import Passage
from ingest.steps import filters
from ingest.stores.search import Found, FusionWeights

# A longer text is no question any more, and embedding it would hold up everybody else.
Query = Annotated[str, Field(min_length=1, max_length=32_768), Storable]
Weight = Annotated[Number, Field(ge=0.0, le=1e9)]
"""The bound keeps their sum finite."""


_ABOVE_ZERO = {"type": "number", "exclusiveMinimum": 0}
_WEIGHTS = ("embedding_weight", "text_weight", "rrf_embedding_weight", "rrf_text_weight")

# What ingest/steps/filters.py reads, for the OpenAPI document.
_KEY = {"type": "string", "minLength": 1, "maxLength": filters.MAX_KEY}
_VALUE = {"anyOf": [{"type": "string", "maxLength": filters.MAX_VALUE}, {"type": "number"}, {"type": "boolean"}]}
_ONE = {"type": {"enum": ["eq", "ne", "gt", "gte", "lt", "lte"]}, "key": _KEY, "property": _KEY, "value": _VALUE}
_VALUES = {"type": "array", "items": _VALUE, "minItems": 1, "maxItems": filters.MAX_LIST}
_SOME = _ONE | {"type": {"enum": ["in", "nin"]}, "value": _VALUES}
_COMPARED: dict[str, Any] = {
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
        "anyOf": [_COMPARED | {"properties": _ONE}, _COMPARED | {"properties": _SOME}],
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


class HybridSearch(Body):
    """How much meaning and words count, of which one must; the guide's second spelling is accepted too."""

    model_config = ConfigDict(
        json_schema_extra={
            "anyOf": [{"required": [name], "properties": {name: _ABOVE_ZERO}} for name in _WEIGHTS]  # type: ignore[dict-item]
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
    def _one_above_zero(self) -> "HybridSearch":
        weights = self.weights()
        if weights.embedding + weights.text <= 0:
            raise ValueError("at least one of embedding_weight and text_weight must be greater than 0")
        return self


class RankingOptions(Body):
    """How passages are ranked; every ranker is the same one here."""

    ranker: Literal["none", "auto", "default-2024-11-15", "default-2024-08-21"] = "auto"
    score_threshold: Number = Field(0.0, ge=0.0, le=1.0)
    hybrid_search: HybridSearch | None = None


class Search(Body):
    """POST /vector_stores/{id}/search"""

    query: Query | Annotated[list[Query], Field(min_length=1, max_length=16)]
    filters: dict[str, Any] | None = None
    max_num_results: Whole = Field(10, ge=1, le=50)
    ranking_options: RankingOptions | None = None
    rewrite_query: bool = False


class SearchResult(Wire):
    """One passage."""

    file_id: str
    filename: str
    score: float
    attributes: dict[str, Any]
    content: list[Passage]

    @classmethod
    def of(cls, found: Found) -> "SearchResult":
        return cls(
            file_id=found.file_id,
            filename=found.filename,
            score=found.score,
            attributes=found.attributes,
            content=[Passage(text=found.text)],
        )


class SearchPage(Wire):
    """All passages: one page, because no client can ask for a second."""

    object: Literal["vector_store.search_results.page"] = "vector_store.search_results.page"
    search_query: list[str]
    data: list[SearchResult]
    has_more: Literal[False] = False
    next_page: None = None

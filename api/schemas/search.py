"""Requests and responses of searches (deploy/docs/api-contract.md section 7), with the OpenAPI schemas of filters."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from api.schemas.explanation import Explanation, PageExplanation
from api.schemas.parts import Id, Number, RequestModel, ResponseModel, Storable, Whole
from api.schemas.store_files import Location, Passage
from ingest.errors import InvalidRequest
from ingest.limits import MAX_FILTER_KEY_CHARACTERS, MAX_FILTER_VALUE_CHARACTERS, MAX_QUERY_CHARACTERS
from ingest.search.fusion import DEFAULT_WEIGHTS, FusionWeights
from ingest.search.options import IndexName, Ranker, SearchOptions
from ingest.search.passages import SearchResult as Hit
from ingest.search.search import SearchAnswer
from ingest.steps import filters

Query = Annotated[str, Field(min_length=1, max_length=MAX_QUERY_CHARACTERS), Storable]
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
    "type": {"enum": ["eq", "ne"]},
    "key": _KEY_SCHEMA,
    "property": _KEY_SCHEMA,
    "value": _VALUE_SCHEMA,
}
_STRING_SCHEMA = {"type": "string", "maxLength": MAX_FILTER_VALUE_CHARACTERS}
_RANGE_PROPERTIES = _ONE_VALUE_PROPERTIES | {
    "type": {"enum": ["gt", "gte", "lt", "lte"]},
    "value": {"anyOf": [_STRING_SCHEMA, {"type": "number"}]},
}
_TEXT_PROPERTIES = _ONE_VALUE_PROPERTIES | {"type": {"enum": ["starts_with", "contains"]}, "value": _STRING_SCHEMA}
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
REQUIRED_FILTERS: dict[str, Any] = FILTERS | {"anyOf": _ANY_FILTER}
FILTER_SCHEMAS: dict[str, Any] = {
    "ComparisonFilter": {
        "title": "ComparisonFilter",
        "description": "One attribute compared; `ne` and `nin` match where it is missing. `property` is `key`. "
        "`starts_with` and `contains` are extensions.",
        "anyOf": [
            _COMPARISON_SCHEMA | {"properties": _ONE_VALUE_PROPERTIES},
            _COMPARISON_SCHEMA | {"properties": _RANGE_PROPERTIES},
            _COMPARISON_SCHEMA | {"properties": _LIST_PROPERTIES},
            _COMPARISON_SCHEMA | {"properties": _TEXT_PROPERTIES},
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


_DATED_RANKER = re.compile(r"default[-_]\d{4}[-_]\d{2}[-_]\d{2}")


def _without_date(ranker: Any) -> Any:
    """Return `auto` for a ranker that the original has, or had, or may get under a date."""
    return "auto" if isinstance(ranker, str) and _DATED_RANKER.fullmatch(ranker) else ranker


AnyRanker = Annotated[Ranker, BeforeValidator(_without_date)]


class RankingOptions(RequestModel):
    """How passages are ranked. `none` skips the reranker, and `rrf` (an extension) fuses by ranks instead of scores."""

    ranker: AnyRanker = "auto"
    score_threshold: Number = Field(0.0, ge=0.0, le=1.0)
    hybrid_search: HybridSearch | None = None


class Search(RequestModel):
    """Body of POST /vector_stores/{id}/search. The fields from `max_per_file` on are extensions."""

    query: Query | Annotated[list[Query], Field(min_length=1, max_length=16)]
    filters: dict[str, Any] | None = None
    max_num_results: Whole = Field(10, ge=1, le=50)
    ranking_options: RankingOptions | None = None
    rewrite_query: bool = False
    max_per_file: Whole | None = Field(None, ge=1)
    fold_duplicates: bool = False
    expand: Whole = Field(0, ge=0, le=10)
    explain: bool = False
    explain_file_ids: list[Id] = Field(default=[], max_length=10)
    index: IndexName = "current"

    @property
    def queries(self) -> list[str]:
        """All queries. Raises InvalidRequest if they are too long together."""
        queries = [self.query] if isinstance(self.query, str) else self.query
        if sum(map(len, queries)) > MAX_QUERY_CHARACTERS:
            message = f"The queries of a search may have at most {MAX_QUERY_CHARACTERS:,} characters together."
            raise InvalidRequest(message, param="query", code="string_above_max_length")
        return queries

    def options(self) -> SearchOptions:
        """Convert everything but the query. Raises InvalidRequest for a wrong filter."""
        ranking = self.ranking_options or RankingOptions()
        return SearchOptions(
            limit=self.max_num_results,
            filters=filters.parse_filter(self.filters) if self.filters is not None else None,
            weights=ranking.hybrid_search.weights() if ranking.hybrid_search else DEFAULT_WEIGHTS,
            ranker=ranking.ranker,
            score_threshold=ranking.score_threshold,
            max_per_file=self.max_per_file,
            fold_duplicates=self.fold_duplicates,
            expand=self.expand,
            explain=self.explain,
            explain_file_ids=tuple(self.explain_file_ids),
            index=self.index,
        )


def _is_absent(value: object) -> bool:
    """Leave a field out of the answer unless the request asks for it: OpenAI's clients then see what they know."""
    return value is None


class Duplicate(ResponseModel):
    """A passage that is not shown because its text is nearly the same as that of a better one."""

    file_id: str
    filename: str
    location: Location


class SearchResult(ResponseModel):
    """A passage that matches the query."""

    file_id: str
    filename: str
    score: float
    attributes: dict[str, Any]
    content: list[Passage]
    location: Location
    duplicates: list[Duplicate] | None = Field(None, exclude_if=_is_absent)
    """Only with `fold_duplicates`: the passages of nearly the same text, best first."""
    explanation: Explanation | None = Field(None, exclude_if=_is_absent)
    """Only with `explain`."""

    @classmethod
    def from_hit(cls, hit: Hit) -> "SearchResult":
        return cls(
            file_id=hit.file_id,
            filename=hit.filename,
            score=hit.score,
            attributes=hit.attributes,
            content=[Passage(text=hit.text)],
            location=Location(**hit.location),
            duplicates=None if hit.duplicates is None else [_duplicate(each) for each in hit.duplicates],
            explanation=None if hit.explanation is None else Explanation.from_ranked(hit.explanation),
        )


class SearchPage(ResponseModel):
    """All passages on one page, because no client can request a second page."""

    object: Literal["vector_store.search_results.page"] = "vector_store.search_results.page"
    search_query: list[str]
    data: list[SearchResult]
    has_more: Literal[False] = False
    next_page: None = None
    explanation: PageExplanation | None = Field(None, exclude_if=_is_absent)
    """Only with `explain_file_ids`."""

    @classmethod
    def from_answer(cls, queries: list[str], answer: SearchAnswer) -> "SearchPage":
        return cls(
            search_query=queries,
            data=[SearchResult.from_hit(result) for result in answer.results],
            explanation=None if answer.files is None else PageExplanation.of_files(answer.files),
        )


def _duplicate(hit: Hit) -> Duplicate:
    return Duplicate(file_id=hit.file_id, filename=hit.filename, location=Location(**hit.location))

"""Search (contract section 7)."""

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from api.schemas.parts import Body, Number, Storable, Wire
from api.schemas.store_files import Passage
from ingest.search import Found, Weights

# A longer text is no question any more, and embedding it would hold up everybody else.
Query = Annotated[str, Field(min_length=1, max_length=32_768), Storable]
Weight = Annotated[Number, Field(ge=0.0, le=1e9)]
"""The bound keeps their sum finite."""


class HybridSearch(Body):
    """How much meaning and words count; the guide's second spelling is accepted too."""

    embedding_weight: Weight | None = None
    text_weight: Weight | None = None
    rrf_embedding_weight: Weight | None = None
    rrf_text_weight: Weight | None = None

    def weights(self) -> Weights:
        embedding = self.embedding_weight if self.embedding_weight is not None else self.rrf_embedding_weight
        text = self.text_weight if self.text_weight is not None else self.rrf_text_weight
        return Weights(embedding or 0.0, text or 0.0)

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
    max_num_results: int = Field(10, ge=1, le=50)
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

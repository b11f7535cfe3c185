"""How a result was ranked, and why a file is not among the results: extensions of this service."""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from api.schemas.parts import ResponseModel
from ingest.search.absence import FileExplanation as File
from ingest.search.absence import Reason
from ingest.search.explanation import Explanation as Ranked


class Part(ResponseModel):
    """A passage in one of the two lists. `weight` times `part` is its share of the fused score.

    `rank` is null if the list does not reach down to the passage, whose score was then requested by itself.
    """

    model_config = ConfigDict(from_attributes=True)

    rank: int | None
    part: float
    weight: float


class DensePart(Part):
    """The embedding: `part` is (`cosine` - `floor`) / (1 - `floor`)."""

    cosine: float
    floor: float
    """Mean cosine of unrelated sentences with the embedding model."""


class LexicalPart(Part):
    """The words: `part` is `bm25` / `ceiling`. `matched_terms` are terms as they are indexed: stems and further forms."""

    bm25: float
    ceiling: float
    matched_terms: list[str]


class RerankPart(ResponseModel):
    """What the reranker gave."""

    model_config = ConfigDict(from_attributes=True)

    rank: int | None
    score: float


class Explanation(ResponseModel):
    """How a result was ranked. Scores are those that sort the results: they are not clipped to 0..1.

    `query` is the one of several that ranked the passage best. `fused_rank` is its rank before reranking, folding and the
    cap on passages per file. `dense` or `lexical` is null if that part was not searched or has nothing in common with it.
    """

    model_config = ConfigDict(from_attributes=True)

    query: str
    rank: int
    score: float
    fused_rank: int
    fused_score: float
    fusion: Literal["absolute", "rrf"]
    dense: DensePart | None
    lexical: LexicalPart | None
    rerank: RerankPart | None
    filter: Literal["matched"] | None
    """Null if the request has no filter."""

    @classmethod
    def from_ranked(cls, ranked: Ranked) -> "Explanation":
        return cls.model_validate(ranked)


class FileExplanation(ResponseModel):
    """Whether a file is among the results, or the first reason why not. Keys that do not apply are absent.

    `rank` and `score` are those of its best passage among all that were found. `condition` is the part of the filter that
    the file does not match, and `duplicate_of` the file whose passage stands for it.
    """

    model_config = ConfigDict(from_attributes=True)

    file_id: str
    reason: Reason
    message: str
    rank: int | None = Field(None, exclude_if=lambda value: value is None)
    score: float | None = Field(None, exclude_if=lambda value: value is None)
    status: str | None = Field(None, exclude_if=lambda value: value is None)
    error_code: str | None = Field(None, exclude_if=lambda value: value is None)
    condition: dict[str, Any] | None = Field(None, exclude_if=lambda value: value is None)
    duplicate_of: str | None = Field(None, exclude_if=lambda value: value is None)


class PageExplanation(ResponseModel):
    """The answer to `explain_file_ids`, one item a file."""

    files: list[FileExplanation]

    @classmethod
    def of_files(cls, files: list[File]) -> "PageExplanation":
        return cls(files=[FileExplanation.model_validate(file) for file in files])

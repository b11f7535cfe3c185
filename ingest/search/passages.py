"""A passage on its way through a search, and the result that it becomes."""

import hashlib
from dataclasses import dataclass
from typing import Any

from ingest.db.content.members import LiveFile
from ingest.search.candidates import PartScore, PassageKey, passage_key
from ingest.search.fusion import shown_score
from ingest.steps.index import Hit
from ingest.steps.location import Location


@dataclass(frozen=True)
class RankedPassage:
    """A passage with what its rank depends on. Each stage of a search replaces the fields that it decides.

    `query` is the text of the query it was ranked for, `model` the embedding model of its point. `dense` has the cosine
    and `lexical` the BM25 score, both None if that part was not searched. `score` sorts the passages; it may lie outside
    0..1. `fused_score` is the score before a reranker, and `rerank` the reranker's score and rank.
    """

    hit: Hit
    file: LiveFile
    model: str
    query: str
    dense: PartScore | None
    lexical: PartScore | None
    score: float
    fused_score: float
    rerank: PartScore | None = None
    duplicates: tuple["RankedPassage", ...] = ()
    """Passages of nearly the same text that are not shown."""

    @property
    def key(self) -> PassageKey:
        """The identity of the passage."""
        return passage_key(self.hit)


@dataclass(frozen=True)
class SearchResult:
    """A passage as the API shows it. `file_id` is the id of the uploaded file; `score` is from 0 to 1.

    `location` says where in the file the passage is (ingest/steps/location.py). It also has `content_hash`, the SHA-256
    of the passage, and `generation`, the version of the file's points, which rises when the file is re-indexed.
    `explanation` says how the passage was ranked, if the request asks for it.
    """

    file_id: str
    filename: str
    score: float
    attributes: dict[str, Any]
    text: str
    location: Location
    duplicates: tuple["SearchResult", ...] | None = None
    explanation: Any = None


def to_result(passage: RankedPassage, *, with_duplicates: bool = False) -> SearchResult:
    """Convert a passage, without its explanation. With `with_duplicates`, those that it stands for are named."""
    hit, file = passage.hit, passage.file
    content_hash = hashlib.sha256(hit.text.encode()).hexdigest()
    location = {**(hit.location or {}), "content_hash": content_hash, "generation": hit.generation}
    return SearchResult(
        file.file_id,
        file.filename,
        shown_score(passage.score),
        file.attributes,
        hit.text,
        Location(**location),
        duplicates=tuple(map(to_result, passage.duplicates)) if with_duplicates else None,
    )

"""What a search is asked for, apart from its queries."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ingest.search.fusion import DEFAULT_WEIGHTS, FusionWeights
from ingest.steps.embed import MAX_PARTS
from ingest.steps.filters import Filter

Ranker = Literal["none", "auto", "default-2024-11-15", "default-2024-08-21", "rrf"]
"""`rrf` fuses by ranks instead of scores. It and `none` skip the reranker; all others use it if one is configured."""

IndexName = Literal["current", "other"]
"""`other` is the second index of a store that migrates to another model, or has migrated and can roll back."""

MAX_DEPTH = 3_200
"""Hits of each list that are read for a query at most."""


@dataclass(frozen=True)
class SearchOptions:
    """The options of one search. The defaults are those of a request without any option.

    `max_per_file` bounds the passages of one file. `fold_duplicates` shows one passage of several that are nearly the
    same. `expand` adds that many neighbouring chunks on each side. `explain` adds to each result how it was ranked, and
    `explain_file_ids` asks why these files are not among the results. `index` is the one of the store's two that is
    searched.
    """

    limit: int = 10
    filters: Filter | None = None
    weights: FusionWeights = DEFAULT_WEIGHTS
    ranker: Ranker = "auto"
    score_threshold: float = 0.0
    max_per_file: int | None = None
    fold_duplicates: bool = False
    expand: int = 0
    explain: bool = False
    explain_file_ids: tuple[str, ...] = ()
    index: IndexName = "current"
    query_parts: int = MAX_PARTS
    """Parts of a long query that are embedded (ingest/steps/embed)."""
    max_depth: int = MAX_DEPTH
    """Hits of each list that are read for one query."""
    file_rows: Sequence[int] | None = None
    """The rows of the files to search, if the filter was evaluated already (ingest/search/filter_scan.py)."""

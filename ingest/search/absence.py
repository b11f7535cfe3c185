"""Why a file is not among the results of a search: the first reason in the order of the stages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ingest.db.content import members as member_rows
from ingest.db.content.members import FileView, LiveFile
from ingest.search import retrieval
from ingest.search.completion import complete
from ingest.search.fusion import shown_score
from ingest.search.options import SearchOptions
from ingest.search.passages import RankedPassage
from ingest.search.scoring import Ranking
from ingest.services import Services
from ingest.steps import filters as filtering
from ingest.steps.filters import Compound, Filter

Reason = Literal[
    "shown",
    "not_in_store",
    "not_completed",
    "filtered_out",
    "duplicate",
    "below_threshold",
    "beyond_limit",
    "no_candidate",
    "no_passage",
]


@dataclass(frozen=True)
class Stages:
    """The passages of a search after its stages, each best first.

    `merged` are those of all queries, `distinct` without near-duplicates and without what `max_per_file` drops, and
    `shown` the results before they are expanded.
    """

    merged: Sequence[RankedPassage]
    distinct: Sequence[RankedPassage]
    shown: Sequence[RankedPassage]


@dataclass(frozen=True)
class FileExplanation:
    """Whether a file is among the results, or why not.

    `rank` and `score` are those of its best passage, `rank` among all passages that were found. `condition` is the part
    of the filter that the file does not match, `duplicate_of` the file that is shown in its place. `status` and
    `error_code` are those of a file that is not completed.
    """

    file_id: str
    reason: Reason
    message: str
    rank: int | None = None
    score: float | None = None
    status: str | None = None
    error_code: str | None = None
    condition: dict[str, Any] | None = None
    duplicate_of: str | None = None


def explain_files(
    services: Services,
    stages: Stages,
    rankings: Mapping[str, Ranking],
    options: SearchOptions,
) -> list[FileExplanation]:
    """Explain each of `options.explain_file_ids`, in their order."""
    file_ids = tuple(dict.fromkeys(options.explain_file_ids))
    [store, *_] = (ranking.store for ranking in rankings.values())
    with services.database.reading() as session:
        views = {file_id: member_rows.get_file(session, store.store_id, file_id) for file_id in file_ids}
        file_rows = [view.row for view in views.values() if view is not None]
        live = member_rows.live_files(session, store.store_id, file_rows) if file_rows else {}
    explained = []
    for file_id, view in views.items():
        file = None if view is None else live.get(view.row)
        explanation = _explain_unsearched(file_id, view, file, options.filters)
        if explanation is None and view is not None:
            explanation = _explain_ranked(file_id, view.row, stages, options) or _explain_unranked(
                services, file_id, view.row, stages, rankings, options
            )
        assert explanation is not None
        explained.append(explanation)
    return explained


def failed_condition(condition: Filter, attributes: Mapping[str, Any], filename: str) -> Filter | None:
    """Return the part of a filter that a file does not match: the first of an `and`, an `or` as a whole."""
    if filtering.matches(condition, attributes, filename):
        return None
    if isinstance(condition, Compound) and condition.operator == "and":
        parts = (failed_condition(part, attributes, filename) for part in condition.filters)
        return next(part for part in parts if part is not None)
    return condition


def to_json(condition: Filter) -> dict[str, Any]:
    """Return a filter as the API takes it."""
    if isinstance(condition, Compound):
        return {"type": condition.operator, "filters": [to_json(part) for part in condition.filters]}
    value = list(condition.value) if isinstance(condition.value, tuple) else condition.value
    return {"type": condition.operator, "key": condition.key, "value": value}


def _explain_unsearched(
    file_id: str, view: FileView | None, file: LiveFile | None, condition: Filter | None
) -> FileExplanation | None:
    """Explain a file that no search of the store can find, or not with this filter."""
    if view is None:
        return FileExplanation(file_id, "not_in_store", "The file is not in the vector store.")
    if file is None:
        error = f" with the error '{view.error_code}'" if view.error_code else ""
        message = f"The file has no searchable passages yet: its status is '{view.status}'{error}."
        return FileExplanation(file_id, "not_completed", message, status=view.status, error_code=view.error_code)
    failed = None if condition is None else failed_condition(condition, file.attributes, file.filename)
    if failed is None:
        return None
    message = "The attributes of the file do not match the filter."
    return FileExplanation(file_id, "filtered_out", message, condition=to_json(failed))


def _explain_ranked(file_id: str, row: int, stages: Stages, options: SearchOptions) -> FileExplanation | None:
    """Explain a file with passages among those that were found."""
    shown = _first_of(row, stages.shown)
    if shown is not None:
        rank, passage = shown
        return FileExplanation(file_id, "shown", f"The file is result {rank}.", rank, passage.score)
    distinct = _first_of(row, stages.distinct)
    if distinct is not None:
        rank, passage = distinct
        if shown_score(passage.score) < options.score_threshold:
            message = f"The best passage scores {shown_score(passage.score):.3f}, below {options.score_threshold:g}."
            return FileExplanation(file_id, "below_threshold", message, rank, passage.score)
        message = f"The best passage has rank {rank}, and the search returns {options.limit} results."
        return FileExplanation(file_id, "beyond_limit", message, rank, passage.score)
    merged = _first_of(row, stages.merged)
    if merged is None:
        return None
    rank, passage = merged
    message = "Another passage of nearly the same text stands for those of the file."
    other = _representative(row, stages.distinct)
    return FileExplanation(file_id, "duplicate", message, rank, passage.score, duplicate_of=other)


def _explain_unranked(
    services: Services,
    file_id: str,
    row: int,
    stages: Stages,
    rankings: Mapping[str, Ranking],
    options: SearchOptions,
) -> FileExplanation:
    """Explain a file without passages among those that were found: score its passages alone."""
    scores = [_best_score(services, row, ranking, options) for ranking in rankings.values()]
    best = max((score for score in scores if score is not None), default=None)
    if best is None:
        message = "No passage of the file has a word of the query, or its passages are not in the index yet."
        return FileExplanation(file_id, "no_passage", message)
    message = (
        f"No passage of the file is among the {len(stages.merged)} that were found by meaning and by words; the best "
        f"would score {shown_score(best):.3f}."
    )
    return FileExplanation(file_id, "no_candidate", message, score=best)


def _best_score(services: Services, row: int, ranking: Ranking, options: SearchOptions) -> float | None:
    """Return the best score by the absolute rule of the passages of one file; None if the index has none for it."""
    alone = retrieval.retrieve_file(services, ranking.store, ranking.query, options, row)
    candidates = complete(services, ranking.query, alone, ranking.scale, None)
    return max((ranking.scale.score(each) for each in candidates.values()), default=None)


def _first_of(row: int, passages: Sequence[RankedPassage]) -> tuple[int, RankedPassage] | None:
    """Return the rank and the passage of the best of a file's passages."""
    found = ((rank, passage) for rank, passage in enumerate(passages, 1) if passage.hit.row == row)
    return next(found, None)


def _representative(row: int, passages: Sequence[RankedPassage]) -> str | None:
    """Return the id of the file that is shown in place of this file's passages."""
    for passage in passages:
        if any(duplicate.hit.row == row for duplicate in passage.duplicates):
            return passage.file.file_id
    return None

"""Completion: the scores of passages that only one of the two lists has.

A passage may match the words of a query and not be among the first dense hits, or the other way round. Its missing score
is not 0: it is anything up to the last score of the list. A second request, by the ids of the points, gives the exact
cosine; it leaves out the passages that would not be among the results even with the greatest possible one.

The exact BM25 score would cost as much as the whole lexical search, because the index counts the document frequencies of
the store for each request (25 of 31 ms at 50,000 chunks). The missing one counts as half of the last score, the middle
of what is possible. On 2,500 passages with 400 queries and lists of 10, 30 and 100, nDCG@10 is then .691, .692 and .695,
with exact scores .694 to .695, and with 0 for both missing scores .673, .683 and .694.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import inf

from ingest.search.candidates import Candidate, PartScore, PassageKey
from ingest.search.retrieval import Query, Retrieved, query_vector
from ingest.search.scale import Scale
from ingest.services import Services
from ingest.steps.index import PointKey


def complete(
    services: Services, query: Query, retrieved: Retrieved, scale: Scale, needed: int | None
) -> dict[PassageKey, Candidate]:
    """Return the candidates with both scores. The best `needed` of them have exact cosines, all if it is None.

    The others have the greatest cosine that is possible, and rank below those even so.
    """
    least = retrieved.least_scores
    completed = {key: _with_bm25(each, least.lexical[each.model], scale) for key, each in retrieved.candidates.items()}
    if scale.weights.embedding <= 0:
        return completed
    bounded = {
        key: replace(each, dense=PartScore(least.dense[each.model], None))
        for key, each in completed.items()
        if each.dense is None
    }
    exact_scores = sorted(scale.score(each) for each in completed.values() if each.dense is not None)
    lowest = exact_scores[-needed] if needed is not None and len(exact_scores) >= needed else -inf
    unscored = {key: each for key, each in completed.items() if key in bounded and scale.score(bounded[key]) >= lowest}
    return completed | bounded | _with_cosines(services, query, unscored)


def _with_bm25(candidate: Candidate, least: float, scale: Scale) -> Candidate:
    """Give a candidate half of the last score if a full lexical list does not have it."""
    if candidate.lexical is not None or scale.ceiling <= 0 or least <= 0:
        return candidate
    return replace(candidate, lexical=PartScore(least / 2, None))


def _with_cosines(
    services: Services, query: Query, candidates: Mapping[PassageKey, Candidate]
) -> dict[PassageKey, Candidate]:
    """Return the candidates with their exact cosines, those without a point in the index as they are."""
    scored = dict(candidates)
    for model in {each.model for each in candidates.values()}:
        points = {_point_key(each): key for key, each in candidates.items() if each.model == model}
        vector, index = query_vector(services, query, model), services.index_of(model)
        with services.breakers["qdrant"].guard():
            cosines = index.score_points(list(points), vector)
        for point, cosine in cosines.items():
            scored[points[point]] = replace(candidates[points[point]], dense=PartScore(cosine, None))
    return scored


def _point_key(candidate: Candidate) -> PointKey:
    hit = candidate.hit
    return PointKey(hit.row, hit.generation, hit.number)

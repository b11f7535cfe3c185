"""The scale of a query's scores: what turns cosine and BM25 into parts of one score (ingest/search/fusion.py)."""

from collections.abc import Mapping
from dataclasses import dataclass

from ingest.search import fusion
from ingest.search.candidates import Candidate
from ingest.search.cosine_floor import cosine_floor
from ingest.search.fusion import FusionWeights
from ingest.search.retrieval import Query, StoreState
from ingest.search.script_gains import damped
from ingest.services import Services


@dataclass(frozen=True)
class Scale:
    """What the scores of one query in one store are measured by.

    `weights` are those of the request, the dense one damped if the model hardly knows the script of the query.
    `floors` has the cosine floor of each model, and is empty if no dense score counts. `ceiling` is the BM25 score that
    counts as 1, and 0 if the query has no words or the lexical list has no weight.
    """

    weights: FusionWeights
    floors: Mapping[str, float]
    ceiling: float

    def score(self, candidate: Candidate) -> float:
        """Return the fused score by the absolute rule. A part that the candidate lacks counts as 0."""
        return fusion.absolute_score(self.dense_part(candidate), self.lexical_part(candidate), self.weights)

    def dense_part(self, candidate: Candidate) -> float:
        """Return the share of the cosine between its floor and 1."""
        dense = candidate.dense
        return 0.0 if dense is None else fusion.dense_part(dense.score, self.floors[candidate.model])

    def lexical_part(self, candidate: Candidate) -> float:
        """Return the share of the BM25 score in its ceiling."""
        return 0.0 if candidate.lexical is None else fusion.lexical_part(candidate.lexical.score, self.ceiling)


def make_scale(services: Services, store: StoreState, query: Query, weights: FusionWeights) -> Scale:
    """Return the scale of a query. The number of chunks is that of the whole store, also if it uses two models.

    A word in the same share of the passages then has about the same inverse document frequency with either model.
    Raises DependencyDown if a cosine floor or a gain must be measured and the embedder fails.
    """
    models = store.models.models if weights.embedding > 0 else ()
    floors = {model: cosine_floor(services, model) for model in models}
    weights = damped(services, models, query.text, weights)
    return Scale(weights, floors, fusion.lexical_ceiling(query.primary_weight, store.chunks))

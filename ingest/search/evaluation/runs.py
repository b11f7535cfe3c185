"""An evaluation: the metrics of all golden queries under one setting, and their means."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from ingest.errors import InvalidRequest
from ingest.search.evaluation import metrics
from ingest.search.evaluation.golden import GoldenQuery

NDCG_DEPTH = 10
FORMAT = 1
"""Version of a saved evaluation."""


@dataclass(frozen=True)
class QueryResult:
    """The ranks of what a query should find, and its metrics by name, for example `recall@10`."""

    key: str
    """Identifies the query in other evaluations: a hash of the query, its filters and what it expects."""
    query: str
    ranks: tuple[int | None, ...]
    metrics: Mapping[str, float]


@dataclass(frozen=True)
class Evaluation:
    """The results of all queries under one setting, which `name` describes."""

    name: str
    queries: Sequence[QueryResult]

    def means(self) -> dict[str, float]:
        """Return the mean of each metric over all queries."""
        return {name: fmean(each.metrics[name] for each in self.queries) for name in self.queries[0].metrics}

    def to_json(self) -> dict[str, Any]:
        """Return the evaluation as `from_json` reads it, with the means."""
        rows = [
            {"key": each.key, "query": each.query, "ranks": list(each.ranks), "metrics": dict(each.metrics)}
            for each in self.queries
        ]
        return {"format": FORMAT, "name": self.name, "metrics": self.means(), "queries": rows}

    @classmethod
    def from_json(cls, value: Any) -> "Evaluation":
        """Return a saved evaluation. Raises InvalidRequest if it is none."""
        try:
            if value["format"] != FORMAT or not value["queries"]:
                raise InvalidRequest(f"A saved evaluation of format {FORMAT} is expected.")
            queries = [
                QueryResult(str(row["key"]), str(row["query"]), tuple(row["ranks"]), _to_metrics(row["metrics"]))
                for row in value["queries"]
            ]
            return cls(str(value["name"]), queries)
        except (TypeError, KeyError, AttributeError, ValueError) as exc:
            raise InvalidRequest("This is not a saved evaluation.") from exc


def assess(query: GoldenQuery, ranks: Sequence[int | None], depths: Sequence[int]) -> QueryResult:
    """Return the metrics of a query: nDCG@10, recall at each of the depths, MRR and success@1."""
    grades = [each.grade for each in query.expected]
    values = {f"ndcg@{NDCG_DEPTH}": metrics.ndcg(ranks, grades, NDCG_DEPTH)}
    values |= {f"recall@{depth}": metrics.recall(ranks, depth) for depth in depths}
    values |= {"mrr": metrics.reciprocal_rank(ranks), "success@1": metrics.success(ranks, 1)}
    return QueryResult(query_key(query), query.query, tuple(ranks), values)


def query_key(query: GoldenQuery) -> str:
    """Return a short hash that is the same for the same query in another evaluation."""
    canonical = json.dumps(query.to_json(), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def _to_metrics(value: Mapping[str, Any]) -> dict[str, float]:
    return {str(name): float(number) for name, number in value.items()}

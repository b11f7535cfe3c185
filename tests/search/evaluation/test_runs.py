"""Evaluations: metrics of queries, means, and saved files."""

import json

import pytest

from ingest.errors import InvalidRequest
from ingest.search.evaluation.golden import Expected, GoldenQuery
from ingest.search.evaluation.runs import Evaluation, assess, query_key

FIRST = GoldenQuery("first", (Expected("a"), Expected("b")))
SECOND = GoldenQuery("second", (Expected("c"),))


def evaluation() -> Evaluation:
    return Evaluation("default", [assess(FIRST, [1, 7], (5, 10)), assess(SECOND, [None], (5, 10))])


def test_the_means_are_over_all_queries() -> None:
    means = evaluation().means()

    assert list(means) == ["ndcg@10", "recall@5", "recall@10", "mrr", "success@1"]
    assert means["ndcg@10"] == pytest.approx((1 + 1 / 3) / (1 + 0.63093) / 2, abs=1e-5)
    assert (means["recall@5"], means["recall@10"], means["mrr"], means["success@1"]) == (0.25, 0.5, 0.5, 0.5)


def test_a_saved_evaluation_is_read_again() -> None:
    assert Evaluation.from_json(json.loads(json.dumps(evaluation().to_json()))) == evaluation()


@pytest.mark.parametrize("value", [[], {}, {"format": 2, "queries": [1]}, {"format": 1, "name": "", "queries": [{}]}])
def test_another_file_is_refused(value: object) -> None:
    with pytest.raises(InvalidRequest, match="saved evaluation"):
        Evaluation.from_json(value)


def test_the_key_of_a_query_depends_on_all_of_it() -> None:
    others = [SECOND, GoldenQuery("first", (Expected("a"),)), GoldenQuery("first", FIRST.expected, {"type": "eq"})]

    assert query_key(FIRST) not in [query_key(each) for each in others]
    assert query_key(FIRST) == query_key(GoldenQuery("first", (Expected("a"), Expected("b"))))

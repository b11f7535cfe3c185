"""Comparison of two evaluations."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.errors import InvalidRequest
from ingest.search.evaluation.comparison import compare, difference_of, sign_test
from ingest.search.evaluation.golden import Expected, GoldenQuery
from ingest.search.evaluation.runs import Evaluation, assess

VALUES = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20)


def evaluation(name: str, ranks: dict[str, int | None]) -> Evaluation:
    results = [assess(GoldenQuery(query, (Expected("f"),)), [rank], (5, 10)) for query, rank in ranks.items()]
    return Evaluation(name, results)


def test_the_sign_test_is_exact() -> None:
    assert sign_test(0, 0) == 1.0
    assert sign_test(5, 5) == 1.0
    assert sign_test(0, 5) == pytest.approx(2 / 2**5)
    assert sign_test(8, 1) == pytest.approx(2 * (1 + 9) / 2**9)


def test_changed_queries_have_the_largest_losses_first() -> None:
    first = evaluation("a", {"same": 1, "lost": 1, "worse": 1, "better": 3})
    second = evaluation("b", {"same": 1, "lost": None, "worse": 3, "better": 1})

    comparison = compare(first, second)

    assert [each.query for each in comparison.changed] == ["lost", "worse", "better"]
    [ndcg, *_] = comparison.metrics
    assert (ndcg.name, ndcg.better, ndcg.worse) == ("ndcg@10", 1, 2)
    assert ndcg.difference == pytest.approx((1 + 0 + 0.5 + 1) / 4 - (1 + 1 + 1 + 0.5) / 4)
    assert ndcg.interval[0] < ndcg.difference < ndcg.interval[1]
    assert not ndcg.is_significant


def test_a_difference_of_every_query_is_significant() -> None:
    first = evaluation("a", {f"q{number}": 1 for number in range(20)})
    second = evaluation("b", {f"q{number}": 2 for number in range(20)})

    mrr = next(each for each in compare(first, second).metrics if each.name == "mrr")

    assert mrr.is_significant
    assert mrr.interval == (-0.5, -0.5)
    assert mrr.sign_test == pytest.approx(2 / 2**20)


def test_only_queries_of_both_are_compared() -> None:
    first, second = evaluation("a", {"x": 1, "y": 1}), evaluation("b", {"y": 2, "z": 1})

    comparison = compare(first, second)

    assert (comparison.queries, comparison.unmatched) == (1, 2)
    with pytest.raises(InvalidRequest, match="no query in common"):
        compare(first, evaluation("c", {"z": 1}))


def test_the_same_evaluations_have_the_same_interval() -> None:
    first, second = [0.1, 0.5, 0.3], [0.2, 0.1, 0.9]

    assert difference_of("m", first, second) == difference_of("m", first, second)


@settings(max_examples=20, deadline=None)
@given(VALUES)
def test_a_comparison_is_antisymmetric(values: list[tuple[float, float]]) -> None:
    first, second = [a for a, _ in values], [b for _, b in values]

    forth, back = difference_of("m", first, second), difference_of("m", second, first)

    assert forth.difference == pytest.approx(-back.difference)
    assert (forth.better, forth.worse, forth.sign_test) == (back.worse, back.better, back.sign_test)
    assert forth.interval == pytest.approx((-back.interval[1], -back.interval[0]))

"""Metrics of one query."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.search.evaluation import metrics

RANKS = st.lists(st.none() | st.integers(1, 30), min_size=1, max_size=8)
DEPTHS = st.integers(1, 30)


def test_recall_is_the_share_of_the_expected_items_within_the_depth() -> None:
    assert metrics.recall([1, 6, None, 10], 5) == 0.25
    assert metrics.recall([1, 6, None, 10], 10) == 0.75
    assert metrics.recall([None], 10) == 0.0


def test_success_needs_one_expected_item_within_the_depth() -> None:
    assert metrics.success([None, 3], 1) == 0.0
    assert metrics.success([None, 3], 3) == 1.0


def test_the_reciprocal_rank_is_that_of_the_first_expected_item() -> None:
    assert metrics.reciprocal_rank([4, 2, None]) == 0.5
    assert metrics.reciprocal_rank([None, None]) == 0.0


def test_ndcg_of_one_item_is_its_discount() -> None:
    assert metrics.ndcg([1], [1.0], 10) == 1.0
    assert metrics.ndcg([2], [1.0], 10) == pytest.approx(0.6309, abs=1e-4)  # 1 / log2(3)
    assert metrics.ndcg([3], [1.0], 10) == pytest.approx(0.5)  # 1 / log2(4)
    assert metrics.ndcg([11], [1.0], 10) == 0.0


def test_ndcg_has_linear_gains() -> None:
    # Gains 1 at rank 1 and 3 at rank 2: (1 + 3 * 0.63093) / (3 + 1 * 0.63093) = 2.89279 / 3.63093
    assert metrics.ndcg([1, 2], [1.0, 3.0], 10) == pytest.approx(0.79671, abs=1e-5)


def test_ndcg_of_more_items_than_the_depth_can_be_perfect() -> None:
    assert metrics.ndcg([1, 2, None], [1.0, 1.0, 1.0], 2) == 1.0


def test_ndcg_of_two_items_in_one_passage_is_at_most_1() -> None:
    assert metrics.ndcg([1, 1], [1.0, 1.0], 10) == 1.0


@settings(max_examples=100, deadline=None)
@given(RANKS, DEPTHS)
def test_all_metrics_are_bounded_and_rise_with_the_depth(ranks: list[int | None], k: int) -> None:
    grades = [float(1 + index % 3) for index in range(len(ranks))]
    for value in (metrics.recall(ranks, k), metrics.success(ranks, k), metrics.reciprocal_rank(ranks)):
        assert 0.0 <= value <= 1.0
    assert 0.0 <= metrics.ndcg(ranks, grades, k) <= 1.0
    assert metrics.recall(ranks, k) <= metrics.recall(ranks, k + 1)
    assert metrics.success(ranks, k) == math.ceil(metrics.recall(ranks, k))


@settings(max_examples=100, deadline=None)
@given(RANKS, st.integers(0, 7), DEPTHS)
def test_a_better_rank_never_lowers_a_metric(ranks: list[int | None], place: int, k: int) -> None:
    place %= len(ranks)
    rank = ranks[place]
    better = [*ranks[:place], 31 if rank is None else max(1, rank - 1), *ranks[place + 1 :]]
    grades = [1.0] * len(ranks)

    assert metrics.recall(better, k) >= metrics.recall(ranks, k)
    assert metrics.reciprocal_rank(better) >= metrics.reciprocal_rank(ranks)
    assert metrics.ndcg(better, grades, k) >= metrics.ndcg(ranks, grades, k)


@settings(max_examples=50, deadline=None)
@given(RANKS, DEPTHS)
def test_the_order_of_the_expected_items_does_not_count(ranks: list[int | None], k: int) -> None:
    grades = [float(index + 1) for index in range(len(ranks))]

    assert metrics.recall(ranks[::-1], k) == metrics.recall(ranks, k)
    assert metrics.ndcg(ranks[::-1], grades[::-1], k) == pytest.approx(metrics.ndcg(ranks, grades, k))

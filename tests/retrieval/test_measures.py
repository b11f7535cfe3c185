"""The measures of the retrieval benchmark."""

from math import log2

import pytest

from tests.retrieval.measures import area_under_curve, mean_of, measure


def test_a_right_passage_counts_by_its_rank() -> None:
    measures = measure([1, 3, 6, 11, None], [0.9, 0.8, 0.7, 0.6, 0.5], [0.1])

    assert measures.ndcg == pytest.approx((1 + 1 / log2(4) + 1 / log2(7)) / 5)
    assert measures.success == pytest.approx(1 / 5)
    assert measures.reciprocal_rank == pytest.approx((1 + 1 / 3 + 1 / 6) / 5)
    assert measures.evidence == pytest.approx(2 / 5)
    assert measures.auc == 1.0


def test_the_area_under_the_curve_is_the_share_of_pairs_in_order() -> None:
    assert area_under_curve([0.9, 0.4], [0.5, 0.4]) == pytest.approx((2 + 0.5) / 4)
    assert area_under_curve([0.5], []) == 1.0


def test_the_mean_over_collections_counts_each_once() -> None:
    measured = {"a": measure([1, 1, 1], [1], []), "b": measure([None], [1], [])}

    assert mean_of(measured, ["a", "b"], "ndcg") == 0.5

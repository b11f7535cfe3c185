"""Fusion of dense and lexical scores."""

from math import inf, isfinite, log

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.search import fusion
from ingest.search.fusion import FusionWeights

cosines = st.floats(-1, 1)
parts = st.floats(-10, 10)
weights = st.builds(FusionWeights, st.floats(1e-6, 1e9), st.floats(1e-6, 1e9))
ranks = st.none() | st.integers(1, 10_000)


def test_a_cosine_counts_from_the_floor_of_its_model() -> None:
    assert fusion.dense_part(0.78, 0.78) == 0.0
    assert fusion.dense_part(0.89, 0.78) == pytest.approx(0.5)
    assert fusion.dense_part(1.0, 0.78) == 1.0
    assert fusion.dense_part(0.0, 0.5) == -1.0


def test_bm25_counts_as_a_share_of_the_query_weight_times_the_logarithm_of_the_chunks() -> None:
    ceiling = fusion.lexical_ceiling(3.0, 99)

    assert ceiling == pytest.approx(3 * log(100))
    assert fusion.lexical_part(ceiling / 4, ceiling) == pytest.approx(0.25)


def test_both_parts_are_weighted_and_the_weights_add_up_to_one() -> None:
    assert fusion.absolute_score(0.8, 0.4, FusionWeights(3, 1)) == pytest.approx(0.7)
    assert fusion.absolute_score(0.8, 0.4, FusionWeights(0.5, 0.5)) == pytest.approx(0.6)


def test_a_query_without_words_has_no_lexical_part() -> None:
    assert fusion.lexical_part(0.0, fusion.lexical_ceiling(0.0, 100)) == 0.0


def test_an_empty_counter_of_chunks_counts_as_one_chunk() -> None:
    assert fusion.lexical_ceiling(1.0, 0) == fusion.lexical_ceiling(1.0, 1) == pytest.approx(log(2))


@given(st.floats(-10, 10), st.floats(-10, 10))
def test_a_weight_of_zero_leaves_the_other_part_as_it_is(dense: float, lexical: float) -> None:
    assert fusion.absolute_score(dense, lexical, FusionWeights(7.3, 0)) == dense
    assert fusion.absolute_score(dense, lexical, FusionWeights(0, 1e-9)) == lexical


@given(cosines, cosines, parts, weights, st.floats(-1, 1))
def test_a_greater_cosine_never_lowers_the_score(
    first: float, second: float, lexical: float, weights: FusionWeights, floor: float
) -> None:
    low, high = sorted((first, second))
    scores = [fusion.absolute_score(fusion.dense_part(cosine, floor), lexical, weights) for cosine in (low, high)]

    assert scores[0] <= scores[1]


@given(st.floats(0, 1e6), st.floats(0, 1e6), parts, weights, st.floats(0, 1e6), st.integers(0, 10**9))
def test_a_greater_bm25_score_never_lowers_the_score(
    first: float, second: float, dense: float, weights: FusionWeights, query_weight: float, chunks: int
) -> None:
    ceiling = fusion.lexical_ceiling(query_weight, chunks)
    low, high = sorted((first, second))
    scores = [fusion.absolute_score(dense, fusion.lexical_part(bm25, ceiling), weights) for bm25 in (low, high)]

    assert scores[0] <= scores[1]


@given(cosines, st.floats(0, 1e6), weights, st.floats(-1, 1), st.floats(1e-3, 1e6), st.integers(0, 10**9))
def test_every_score_is_finite_and_shown_between_zero_and_one(
    cosine: float, bm25: float, weights: FusionWeights, floor: float, query_weight: float, chunks: int
) -> None:
    lexical = fusion.lexical_part(bm25, fusion.lexical_ceiling(query_weight, chunks))
    score = fusion.absolute_score(fusion.dense_part(cosine, floor), lexical, weights)

    assert isfinite(score)
    assert 0 <= fusion.shown_score(score) <= 1


def test_a_model_that_gives_one_vector_to_every_text_has_no_dense_part() -> None:
    assert fusion.dense_part(1.0, 1.0) == 0.0


@pytest.mark.parametrize(("score", "shown"), [(-0.2, 0.0), (0.0, 0.0), (0.42, 0.42), (1.3, 1.0), (inf, 1.0)])
def test_scores_are_clipped_only_when_shown(score: float, shown: float) -> None:
    assert fusion.shown_score(score) == shown


def test_the_first_passage_of_both_lists_has_the_greatest_rank_score() -> None:
    assert fusion.reciprocal_rank_score(1, 1, FusionWeights(2, 5)) == pytest.approx(1.0)


def test_ranks_are_fused_with_the_constant_60_and_the_weights() -> None:
    fused = fusion.reciprocal_rank_score(3, 10, FusionWeights(1, 3))

    assert fused == pytest.approx(61 * (0.25 / 63 + 0.75 / 70))
    assert fusion.reciprocal_rank_score(None, 10, FusionWeights(1, 3)) == pytest.approx(61 * 0.75 / 70)


@given(ranks, ranks, weights)
def test_rank_scores_are_between_zero_and_one_and_fall_with_the_rank(
    dense: int | None, lexical: int | None, weights: FusionWeights
) -> None:
    score = fusion.reciprocal_rank_score(dense, lexical, weights)

    assert 0 <= score <= 1 + 1e-12
    if dense is not None:
        assert fusion.reciprocal_rank_score(dense + 1, lexical, weights) <= score

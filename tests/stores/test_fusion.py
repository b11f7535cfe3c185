"""Fusion of dense and lexical scores."""

import pytest

from ingest.steps.index import Hit
from ingest.stores.fusion import FusionWeights, fuse, fuse_hits, fuse_hits_of_models

A, B, C = (1, 0), (2, 0), (3, 0)


def hit(row: int, score: float) -> Hit:
    return Hit(row=row, generation=1, number=0, text="", score=score, location={"start": 0, "end": 1})


def test_each_list_is_scaled_to_its_own_range_and_weighted() -> None:
    fused = fuse({A: 0.9, B: 0.8, C: 0.7}, {B: 12.0, C: 2.0}, FusionWeights(0.5, 0.5))

    assert fused == {A: pytest.approx(0.5), B: pytest.approx(0.75), C: pytest.approx(0.0)}


def test_weights_are_scaled_to_add_up_to_one() -> None:
    assert fuse({A: 1.0, B: 0.0}, {B: 1.0, A: 0.0}, FusionWeights(3, 1)) == {A: 0.75, B: 0.25}


def test_a_list_of_equal_scores_counts_in_full() -> None:
    assert fuse({A: 0.3, B: 0.3}, {}, FusionWeights(1, 0)) == {A: 1.0, B: 1.0}


def test_fused_hits_are_identified_by_file_and_chunk() -> None:
    assert fuse_hits([hit(1, 0.9), hit(2, 0.1)], [], FusionWeights(1, 0)) == {A: 1.0, B: 0.0}


def test_no_hits_give_no_scores() -> None:
    assert fuse_hits([], [], FusionWeights()) == {}


def test_scores_of_each_model_are_scaled_by_all_hits_of_that_model() -> None:
    all_dense = {"old": [hit(1, 0.8), hit(2, 0.4), hit(3, 0.0)], "new": [hit(3, 90.0), hit(4, 10.0)]}
    current = {"old": [hit(1, 0.8), hit(2, 0.4)], "new": [hit(3, 90.0)]}
    no_hits: dict[str, list[Hit]] = {"old": [], "new": []}

    fused = fuse_hits_of_models(all_dense, no_hits, current, no_hits, FusionWeights(1, 0))

    assert fused == {A: 1.0, B: pytest.approx(0.5), C: 1.0}

"""Weights of hybrid search and the OpenAPI schemas of filters."""

from typing import get_args

import pytest
from pydantic import ValidationError

from api.schemas.search import FILTER_SCHEMAS, HybridSearch
from ingest.limits import MAX_FILTER_KEY_CHARACTERS
from ingest.steps import filters


def test_the_plain_names_of_weights_take_precedence_over_their_aliases() -> None:
    weights = HybridSearch(embedding_weight=1.0, rrf_embedding_weight=3.0, rrf_text_weight=2.0).weights()

    assert (weights.embedding, weights.text) == (1.0, 2.0)


@pytest.mark.parametrize("weights", [{}, {"embedding_weight": 0.0}, {"text_weight": -1.0}, {"text_weight": 1e10}])
def test_weights_without_a_positive_one_or_out_of_range_are_rejected(weights: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        HybridSearch.model_validate(weights)


def test_the_documented_limits_of_filters_are_those_of_the_parser() -> None:
    comparison = FILTER_SCHEMAS["ComparisonFilter"]["anyOf"]

    assert comparison[0]["properties"]["key"]["maxLength"] == MAX_FILTER_KEY_CHARACTERS
    assert comparison[2]["properties"]["value"]["maxItems"] == filters.MAX_LIST_VALUES
    assert f"at most {filters.MAX_DEPTH} deep" in FILTER_SCHEMAS["CompoundFilter"]["description"]


def test_every_operator_is_documented_once() -> None:
    comparison = FILTER_SCHEMAS["ComparisonFilter"]["anyOf"]

    documented = [name for part in comparison for name in part["properties"]["type"]["enum"]]

    assert sorted(documented) == sorted(get_args(filters.Operator))

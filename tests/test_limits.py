"""Limits of attributes: the API and the importer apply the same ones."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from api.schemas.parts import Attributes
from ingest import limits
from ingest.imports.attributes import validation_error
from ingest.limits import (
    MAX_ATTRIBUTE_KEY_CHARACTERS,
    MAX_ATTRIBUTE_VALUE_CHARACTERS,
    MAX_ATTRIBUTES,
    fits_in_64_bits,
    is_storable,
)

LONGEST_KEY = "k" * MAX_ATTRIBUTE_KEY_CHARACTERS
LONGEST_VALUE = "v" * MAX_ATTRIBUTE_VALUE_CHARACTERS


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {LONGEST_KEY: LONGEST_VALUE},
        {f"key{n}": n for n in range(MAX_ATTRIBUTES)},
        {"number": 2**63 - 1, "negative": -(2**63), "float": 1.5, "boolean": True, "text": "\U0001f426"},
    ],
)
def test_the_api_and_the_importer_accept_attributes_within_the_limits(attributes: dict[str, Any]) -> None:
    assert TypeAdapter(Attributes).validate_python(attributes) == attributes
    assert validation_error(attributes) == ""


@pytest.mark.parametrize(
    "attributes",
    [
        {LONGEST_KEY + "k": "v"},
        {"key": LONGEST_VALUE + "v"},
        {f"key{n}": n for n in range(MAX_ATTRIBUTES + 1)},
        {"key": 2**63},
        {"key": float("inf")},
        {"key": None},
        {"key": ["a list"]},
        {"key": "\x00"},
        {"\ud800": "v"},
    ],
)
def test_the_api_and_the_importer_refuse_attributes_beyond_the_limits(attributes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Attributes).validate_python(attributes)
    assert validation_error(attributes) != ""


def test_a_filter_can_name_every_attribute() -> None:
    assert limits.MAX_FILTER_KEY_CHARACTERS >= MAX_ATTRIBUTE_KEY_CHARACTERS
    assert limits.MAX_FILTER_VALUE_CHARACTERS >= MAX_ATTRIBUTE_VALUE_CHARACTERS


@pytest.mark.parametrize(
    ("number", "expected"), [(0, True), (2**63 - 1, True), (2**63, False), (-(2**63), True), (-(2**63) - 1, False)]
)
def test_integers_are_limited_to_64_bits(number: int, expected: bool) -> None:
    assert fits_in_64_bits(number) is expected


@pytest.mark.parametrize(
    ("text", "expected"), [("", True), ("a heron", True), ("\U0001f426", True), ("a\x00b", False), ("\udfff", False)]
)
def test_nul_and_unpaired_surrogates_are_not_storable(text: str, expected: bool) -> None:
    assert is_storable(text) is expected

"""Attributes: parsing of options, and the limits of the service."""

from typing import Any

import pytest

from ingest.errors import Refused
from ingest.imports.attributes import parse_options, validation_error


def test_options_become_numbers_booleans_or_text() -> None:
    attributes = parse_options(["year=2024", "share=0.5", "final=true", "number=007", "text=a=b"])

    assert attributes == {"year": 2024, "share": 0.5, "final": True, "number": "007", "text": "a=b"}


@pytest.mark.parametrize("options", [["year"], ["=1"], ["a=1", "a=2"], ["a=" + "x" * 513]])
def test_invalid_options_are_refused(options: list[str]) -> None:
    with pytest.raises(Refused):
        parse_options(options)


@pytest.mark.parametrize(
    ("attributes", "error"),
    [
        ({f"k{n}": 1 for n in range(17)}, "at most 16 attributes"), ({"": 1}, "1 to 64 characters"),
        ({"k" * 65: 1}, "1 to 64 characters"), ({"a\0": 1}, "1 to 64 characters"), ({"a": None}, "must be a string"),
        ({"a": float("nan")}, "must be a string"), ({"a": 2**63}, "too large"), ({"a": "x" * 513}, "at most 512"),
        ({"a": "\ud800"}, "at most 512"),
    ],
)  # fmt: skip
def test_attributes_that_the_service_would_refuse_have_an_error(attributes: dict[str, Any], error: str) -> None:
    assert error in validation_error(attributes)


def test_valid_attributes_have_no_error() -> None:
    assert validation_error({"a": "x" * 512, "b": -(2**63), "c": 1.5, "d": False}) == ""

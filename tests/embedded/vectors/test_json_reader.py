"""Strict readers of JSON values."""

from collections.abc import Callable
from typing import Any

import pytest

from ingest.embedded.vectors import json_reader
from ingest.embedded.vectors.errors import BadRequest


def test_nulls_of_an_object_are_dropped_and_unknown_keys_rejected() -> None:
    assert json_reader.mapping({"a": 1, "b": None}, "body", {"a", "b"}) == {"a": 1}
    with pytest.raises(BadRequest, match=r"body: not supported here: c"):
        json_reader.mapping({"a": 1, "c": 2}, "body", {"a"})


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (json_reader.mapping, []),
        (json_reader.sequence, {}),
        (json_reader.text, 1),
        (json_reader.flag, 1),
        (json_reader.integer, True),
        (json_reader.integer, 1.0),
        (json_reader.integer, -1),
        (json_reader.number, "1"),
        (json_reader.number, True),
    ],
)
def test_a_value_of_another_type_is_rejected(read: Callable[[Any, str], Any], value: Any) -> None:
    with pytest.raises(BadRequest, match="field must be"):
        read(value, "field")


def test_a_choice_returns_the_chosen_value() -> None:
    assert json_reader.choice("b", "field", {"a": 1, "b": 2}) == 2
    with pytest.raises(BadRequest, match="field must be one of a, b"):
        json_reader.choice("c", "field", {"a": 1, "b": 2})

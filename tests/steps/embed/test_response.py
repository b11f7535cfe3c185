"""Decoding of an embedding server's answer."""

import base64
from typing import Any

import numpy as np
import pytest

from ingest.steps.embed.response import InvalidVector, MalformedResponse, parse_vectors


def answer(*embeddings: object) -> dict[str, Any]:
    return {"data": [{"index": i, "embedding": embedding} for i, embedding in enumerate(embeddings)]}


def test_float_lists_and_base64_give_the_same_rows() -> None:
    encoded = base64.b64encode(np.array([1, 2], "<f4").tobytes()).decode()

    rows = parse_vectors(answer([1, 2], encoded), 2)

    assert rows.tolist() == [[1, 2], [1, 2]]
    assert rows.dtype == np.float32


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 0.0])
def test_invalid_numbers_are_distinguished_from_a_malformed_answer(number: float) -> None:
    with pytest.raises(InvalidVector):
        parse_vectors(answer([1.0, 2.0], [number, number]), 2)


@pytest.mark.parametrize("count", [1, 3])
def test_a_wrong_number_of_vectors_is_malformed(count: int) -> None:
    with pytest.raises(MalformedResponse, match=f"2 vectors for {count} texts"):
        parse_vectors(answer([1.0], [2.0]), count)


def test_base64_of_a_broken_number_is_malformed() -> None:
    with pytest.raises(MalformedResponse, match="base64"):
        parse_vectors(answer(base64.b64encode(b"abcde").decode()), 1)

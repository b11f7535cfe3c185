"""Decoding of an embedding server's answer, which may be wrong in any way."""

import base64
import binascii
from typing import Any

import numpy as np

from ingest.steps.vectors import Vectors


class MalformedResponse(Exception):
    """The answer does not fit the request."""


class InvalidVector(MalformedResponse):
    """The numbers for one of the texts are no vector."""


def parse_vectors(answer: Any, count: int) -> Vectors:
    """Return the rows (count, dimensions) of a decoded JSON answer, in the order of the texts.

    Raises InvalidVector for zeros, NaN and infinite numbers, MalformedResponse for everything else that is wrong.
    """
    try:
        items = sorted(answer["data"], key=lambda item: item["index"])
        indexes = [item["index"] for item in items]
        vectors = [_parse_vector(item["embedding"]) for item in items]
    except (KeyError, TypeError) as exc:
        raise MalformedResponse("a field is missing") from exc
    if indexes != list(range(count)):
        raise MalformedResponse(f"{len(indexes)} vectors for {count} texts, or not the same ones")
    if len({vector.shape for vector in vectors}) != 1 or vectors[0].ndim != 1 or not vectors[0].size:
        raise MalformedResponse("vectors of different dimensions or none")
    rows = np.stack(vectors)
    if not np.isfinite(rows).all():
        raise InvalidVector("a vector with NaN or infinite numbers")
    if not rows.any(axis=1).all():
        raise InvalidVector("a vector of zeros")
    return rows


def _parse_vector(embedding: object) -> Vectors:
    if not isinstance(embedding, str):
        try:
            return np.array(embedding, np.float32)
        except ValueError as exc:
            raise MalformedResponse("a vector that is no list of numbers") from exc
    try:
        return np.frombuffer(base64.b64decode(embedding, validate=True), "<f4").astype(np.float32)
    except (binascii.Error, ValueError) as exc:
        raise MalformedResponse("a vector that is no base64 of 32-bit numbers") from exc

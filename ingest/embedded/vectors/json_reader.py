"""Strict readers of JSON values: a missing value or one of another type raises BadRequest.

The pydantic models of the Qdrant client are not used: importing them costs 0.6 s and 50 MB (they import gRPC), as much as
the rest of the process.
"""

from collections.abc import Collection
from typing import Any, TypeVar

from ingest.embedded.vectors.errors import BadRequest

T = TypeVar("T")


def mapping(value: Any, what: str, allowed_keys: Collection[str] | None = None) -> dict[str, Any]:
    """Return a JSON object without its nulls. With `allowed_keys`, rejects other keys: ignoring one could change the result."""
    if not isinstance(value, dict):
        raise BadRequest(f"Format error in JSON body: {what} must be an object")
    fields = {key: item for key, item in value.items() if item is not None}
    if allowed_keys is not None and (unknown := fields.keys() - set(allowed_keys)):
        raise BadRequest(f"Format error in JSON body: {what}: not supported here: {', '.join(sorted(unknown))[:200]}")
    return fields


def sequence(value: Any, what: str) -> list[Any]:
    """Return a JSON array."""
    if not isinstance(value, list):
        raise BadRequest(f"Format error in JSON body: {what} must be an array")
    return value


def text(value: Any, what: str) -> str:
    """Return a JSON string."""
    if not isinstance(value, str):
        raise BadRequest(f"Format error in JSON body: {what} must be a string")
    return value


def flag(value: Any, what: str) -> bool:
    """Return a JSON boolean."""
    if not isinstance(value, bool):
        raise BadRequest(f"Format error in JSON body: {what} must be a boolean")
    return value


def integer(value: Any, what: str, minimum: int = 0, maximum: int = 2**63 - 1) -> int:
    """Return a JSON integer from `minimum` to `maximum`."""
    if isinstance(value, bool) or not isinstance(value, int) or not minimum <= value <= maximum:
        raise BadRequest(f"Format error in JSON body: {what} must be an integer from {minimum} to {maximum}")
    return value


def number(value: Any, what: str) -> float:
    """Return a JSON number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadRequest(f"Format error in JSON body: {what} must be a number")
    return float(value)


def choice(value: Any, what: str, choices: dict[str, T]) -> T:
    """Return the value of the chosen key."""
    if not isinstance(value, str) or value not in choices:
        raise BadRequest(f"Format error in JSON body: {what} must be one of {', '.join(choices)}")
    return choices[value]

"""Reads JSON values strictly: what is missing or of another kind is the client's mistake, never a guess.

Not through the client's own pydantic models: importing them costs 0.6 s and 50 MB (they bring gRPC along), as much as
the whole process otherwise.
"""

from collections.abc import Collection
from typing import Any, TypeVar

from ingest.embedded.vectors.problems import BadRequest

T = TypeVar("T")


def mapping(value: Any, what: str, known: Collection[str] | None = None) -> dict[str, Any]:
    """A JSON object without its nulls. With `known`, any other key is refused: ignoring it could change the answer."""
    if not isinstance(value, dict):
        raise BadRequest(f"Format error in JSON body: {what} must be an object")
    given = {key: item for key, item in value.items() if item is not None}
    if known is not None and (unknown := given.keys() - set(known)):
        raise BadRequest(f"Format error in JSON body: {what}: not supported here: {', '.join(sorted(unknown))[:200]}")
    return given


def sequence(value: Any, what: str) -> list[Any]:
    """A JSON array."""
    if not isinstance(value, list):
        raise BadRequest(f"Format error in JSON body: {what} must be an array")
    return value


def text(value: Any, what: str) -> str:
    """A JSON string."""
    if not isinstance(value, str):
        raise BadRequest(f"Format error in JSON body: {what} must be a string")
    return value


def flag(value: Any, what: str) -> bool:
    """A JSON boolean."""
    if not isinstance(value, bool):
        raise BadRequest(f"Format error in JSON body: {what} must be a boolean")
    return value


def integer(value: Any, what: str, least: int = 0, most: int = 2**63 - 1) -> int:
    """A JSON integer within bounds."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise BadRequest(f"Format error in JSON body: {what} must be an integer from {least} to {most}")
    return value


def number(value: Any, what: str) -> float:
    """A JSON number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadRequest(f"Format error in JSON body: {what} must be a number")
    return float(value)


def choice(value: Any, what: str, choices: dict[str, T]) -> T:
    """What one of the given words stands for."""
    if not isinstance(value, str) or value not in choices:
        raise BadRequest(f"Format error in JSON body: {what} must be one of {', '.join(choices)}")
    return choices[value]

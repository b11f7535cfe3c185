"""Errors of requests, with the status and the text that a Qdrant server answers."""

from typing import ClassVar


class ApiError(Exception):
    """The request is answered with an error; the client receives the text."""

    status: ClassVar[int] = 400


class BadRequest(ApiError):
    """The body or a parameter is not valid, or uses a part of the API that this process does not serve."""


class UnknownCollection(ApiError):
    """There is no collection with this name."""

    status = 404

    def __init__(self, name: str) -> None:
        super().__init__(f"Not found: Collection `{name}` doesn't exist!")


class CollectionExists(ApiError):
    """A collection with this name exists already."""

    status = 409

    def __init__(self, name: str) -> None:
        super().__init__(f"Wrong input: Collection `{name}` already exists!")


class TooLarge(ApiError):
    """The body exceeds the limit."""

    status = 413


class DiskFull(ApiError):
    """There is too little room on the disk for a write. Reading goes on."""

    status = 507


def from_engine_error(error: Exception) -> ApiError | None:
    """Convert the engine's rejection of a request to an ApiError; return None for a failure of the engine itself.

    The engine raises bare `Exception`s, so only the text distinguishes the two.
    """
    text = str(error)
    if isinstance(error, (ValueError, TypeError, OverflowError)):
        return BadRequest(f"Format error in JSON body: {text[:500]}")
    if text.startswith(
        ("Vector dimension error", "Not existing vector name", "Wrong input", "Bad input", "Validation")
    ):
        return BadRequest(f"Wrong input: {text}")
    return None

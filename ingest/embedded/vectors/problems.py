"""What can be wrong with a request, with the status and the words of a Qdrant server."""

from typing import ClassVar


class Problem(Exception):
    """A request that is answered with an error; the text goes to the client."""

    status: ClassVar[int] = 400


class BadRequest(Problem):
    """The body or a parameter is not what the API takes, or is a part of the API that is not served here."""


class UnknownCollection(Problem):
    """No collection of that name."""

    status = 404

    def __init__(self, name: str) -> None:
        super().__init__(f"Not found: Collection `{name}` doesn't exist!")


class CollectionExists(Problem):
    """A collection of that name is there already."""

    status = 409

    def __init__(self, name: str) -> None:
        super().__init__(f"Wrong input: Collection `{name}` already exists!")


class TooLarge(Problem):
    """The body is larger than is read into memory."""

    status = 413


def of_engine(error: Exception) -> Problem | None:
    """The engine's refusal of a request as a problem, or None for a failure of the engine itself.

    The engine raises bare `Exception`s; only their text tells the two apart.
    """
    text = str(error)
    if isinstance(error, (ValueError, TypeError, OverflowError)):
        return BadRequest(f"Format error in JSON body: {text[:500]}")
    if text.startswith(
        ("Vector dimension error", "Not existing vector name", "Wrong input", "Bad input", "Validation")
    ):
        return BadRequest(f"Wrong input: {text}")
    return None

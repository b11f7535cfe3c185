"""Parses a body from a file: its long arrays in pieces, so that no step holds the interpreter lock for long."""

import json
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO

from fastapi.exceptions import RequestValidationError
from pydantic import TypeAdapter, ValidationError

from api.json_bodies.scan import LongArray
from ingest.errors import InvalidRequest

MAX_PIECE_BYTES = 4 * 2**20
"""Of one item of a long array, and of everything outside of long arrays: it is parsed in one step."""

Validator = TypeAdapter[list[Any]]


def parse_in_pieces(
    body: BinaryIO, size: int, long_arrays: Sequence[LongArray], validators: Mapping[str, Validator], max_items: int
) -> Any:
    """Return the value of a body in a file.

    The items of a long array at the top level of an object are validated piece by piece with the validator of its name, so
    that a wrong body ends early. Raises json.JSONDecodeError, UnicodeDecodeError, RequestValidationError and InvalidRequest.
    """
    mark = secrets.token_hex(16)
    value = json.loads(_read_skeleton(body, size, long_arrays, mark))
    if not isinstance(value, dict):
        return value  # no object: refused whatever is in it
    for name, item in value.items():
        if isinstance(item, str) and item.startswith(mark):
            array = long_arrays[int(item.removeprefix(mark))]
            if array.commas + 1 > max_items:
                raise _too_long(name, array.commas + 1, max_items)
            value[name] = _parse_array(body, array, name, validators.get(name))
    return value


def _read_skeleton(body: BinaryIO, size: int, long_arrays: Sequence[LongArray], mark: str) -> bytes:
    """Return the body with a string in the place of each long array."""
    parts, at = [], 0
    for number, array in enumerate(long_arrays):
        parts += [_read(body, at, array.start), f'"{mark}{number}"'.encode()]
        at = array.end + 1
    return b"".join([*parts, _read(body, at, size)])


def _parse_array(body: BinaryIO, array: LongArray, name: str, validator: Validator | None) -> list[Any]:
    items: list[Any] = []
    starts = [array.start, *array.cuts]
    for start, end in zip(starts, [*array.cuts, array.end], strict=True):
        piece = _read(body, start + 1, end).decode("utf-8", "surrogatepass")
        if not piece.strip(" \t\r\n"):
            raise json.JSONDecodeError("Expecting value", "", end)
        found = json.loads(f"[{piece}]")
        items += found if validator is None else _validate(found, validator, name, len(items))
    return items


def _validate(found: list[Any], validator: Validator, name: str, first: int) -> list[Any]:
    try:
        return validator.validate_python(found, strict=True)
    except ValidationError as exc:
        errors: list[Any] = exc.errors(include_url=False)
        for error in errors:
            position, *rest = error["loc"]
            error["loc"] = ("body", name, first + int(position), *rest)
        body = {name: {first + position: item for position, item in enumerate(found)}}
        raise RequestValidationError(errors, body=body) from None


def _read(body: BinaryIO, start: int, end: int) -> bytes:
    if end - start > MAX_PIECE_BYTES:
        message = f"Invalid body: a value is too large. At most {MAX_PIECE_BYTES:,} bytes are accepted."
        raise InvalidRequest(message)
    body.seek(start)
    return body.read(end - start)


def _too_long(name: str, count: int, max_items: int) -> InvalidRequest:
    message = (
        f"Invalid '{name}': array too long. Expected an array with maximum length {max_items}, "
        f"but got an array with length {count} instead."
    )
    return InvalidRequest(message, param=name, code="array_above_max_length")

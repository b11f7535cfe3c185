"""How attribute values are compared: as float64 numbers, or as tokens of key, type and value.

A key may hold anything (dots, brackets, quotes, control characters), because it is only compared as part of a token.
"""

import math
from collections.abc import Mapping
from typing import TypeAlias

Scalar: TypeAlias = str | float | bool


def with_filename(attributes: Mapping[str, Scalar], filename: str) -> dict[str, Scalar]:
    """Return the attributes with `filename` added, unless the file has an attribute of that name."""
    return {"filename": filename, **attributes}


def to_token(key: str, value: Scalar) -> str | None:
    """Return key, type and value in one string, different for every pair; None for NaN and infinite numbers."""
    # The key's length comes first: without it "a=b" + "c" and "a" + "b=c" would give the same token.
    if isinstance(value, bool):
        token = f"b{len(key)}:{key}={'true' if value else 'false'}"
    elif isinstance(value, str):
        token = f"s{len(key)}:{key}={value}"
    elif (number := to_float(value)) is not None:
        token = f"n{len(key)}:{key}={number!r}"
    else:
        return None
    return token if is_valid_unicode(token) else "x" + token.encode("utf-8", "surrogatepass").hex()


def to_float(value: object) -> float | None:
    """Return a finite number as float64, and None for anything else, booleans included."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number + 0.0 if math.isfinite(number) else None  # + 0.0 turns -0.0 into 0.0


def is_valid_unicode(text: str) -> bool:
    """Return whether the text can be encoded as UTF-8, that is, has no lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True

"""Attributes of files: parsed from options, and checked against the limits of the service."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ingest.errors import Refused
from ingest.limits import (
    MAX_ATTRIBUTE_KEY_CHARACTERS,
    MAX_ATTRIBUTE_VALUE_CHARACTERS,
    MAX_ATTRIBUTES,
    fits_in_64_bits,
    is_storable,
)

Attributes = Mapping[str, str | float | bool]

_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,14})?")


def parse_options(options: Sequence[str]) -> Attributes:
    """Parse repeated `--attr key=value` options. Raises Refused."""
    attributes: dict[str, str | float | bool] = {}
    for option in options:
        key, separator, text = option.partition("=")
        if not key or not separator:
            raise Refused(f"--attr {option}: expected key=value.")
        if key in attributes:
            raise Refused(f"--attr {key} is given twice.")
        attributes[key] = parse_value(text)
    if error := validation_error(attributes):
        raise Refused(error)
    return attributes


def parse_value(text: str) -> str | float | bool:
    """Return a number, true or false if the text is one, otherwise the text."""
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.fullmatch(text):  # stricter than float(): "007", "nan" and "1_000" stay text
        return float(text) if "." in text else int(text)
    return text


def validation_error(attributes: Mapping[str, Any]) -> str:
    """Return why the service would refuse these attributes, or "".

    The check is made before the upload, because one file with wrong attributes makes the service refuse its whole
    batch.
    """
    if len(attributes) > MAX_ATTRIBUTES:
        return f"A file can have at most {MAX_ATTRIBUTES} attributes, but has {len(attributes)}."
    for key, value in attributes.items():
        if not 0 < len(key) <= MAX_ATTRIBUTE_KEY_CHARACTERS or not is_storable(key):
            prefix = key[:MAX_ATTRIBUTE_KEY_CHARACTERS]
            return f"The name of an attribute must have 1 to {MAX_ATTRIBUTE_KEY_CHARACTERS} characters: '{prefix}'."
        if not isinstance(value, (str, int, float)) or (isinstance(value, float) and not math.isfinite(value)):
            return f"Attribute '{key}' must be a string, a number, true or false."
        if isinstance(value, int) and not fits_in_64_bits(value):
            return f"Attribute '{key}' is too large a number."
        if isinstance(value, str) and (len(value) > MAX_ATTRIBUTE_VALUE_CHARACTERS or not is_storable(value)):
            return f"Attribute '{key}' must be a string of at most {MAX_ATTRIBUTE_VALUE_CHARACTERS} characters."
    return ""

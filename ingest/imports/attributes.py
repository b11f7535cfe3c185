"""Attributes of files: as given on the command line, and what the service will take."""

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from ingest.errors import Refused

Attributes = Mapping[str, str | float | bool]

MOST = 16
KEY_CHARACTERS = 64
VALUE_CHARACTERS = 512

_NUMBER = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,14})?")


def given(options: Sequence[str]) -> Attributes:
    """What `--attr key=value` says, several times. Raises Refused."""
    attributes: dict[str, str | float | bool] = {}
    for each in options:
        key, equals, text = each.partition("=")
        if not key or not equals:
            raise Refused(f"--attr {each}: expected key=value.")
        if key in attributes:
            raise Refused(f"--attr {key} is given twice.")
        attributes[key] = value(text)
    if complaint := complaint_about(attributes):
        raise Refused(complaint)
    return attributes


def value(text: str) -> str | float | bool:
    """A number, true or false, or else the text itself."""
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.fullmatch(text):  # stricter than float(): "007", "nan" and "1_000" are words
        return float(text) if "." in text else int(text)
    return text


def complaint_about(attributes: Mapping[str, Any]) -> str:
    """Why the service would refuse these, or "". One file's would spoil its whole batch, so it is asked before."""
    if len(attributes) > MOST:
        return f"A file has at most {MOST} attributes; {len(attributes)} are given."
    for key, each in attributes.items():
        if not 0 < len(key) <= KEY_CHARACTERS or not _storable(key):
            return f"An attribute's name has 1 to {KEY_CHARACTERS} characters: '{key[:KEY_CHARACTERS]}'."
        if not isinstance(each, (str, int, float)) or (isinstance(each, float) and not math.isfinite(each)):
            return f"Attribute '{key}' must be text, a number, true or false."
        if isinstance(each, int) and not -(2**63) <= each < 2**63:
            return f"Attribute '{key}' is too large a number."
        if isinstance(each, str) and (len(each) > VALUE_CHARACTERS or not _storable(each)):
            return f"Attribute '{key}' must be text of at most {VALUE_CHARACTERS} characters."
    return ""


def _storable(text: str) -> bool:
    return not any(c == "\x00" or "\ud800" <= c <= "\udfff" for c in text)

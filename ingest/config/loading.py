"""Load the settings, and report invalid ones in one line."""

import sys
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ingest.config.settings import Settings
from ingest.errors import REFUSED_EXIT_CODE, Refused


def load_settings(**overrides: Any) -> Settings:
    """Return the environment's settings, with the overrides that are not None.

    Raises Refused when a setting is invalid; its text is one line with every invalid setting and no value.
    """
    try:
        return Settings(**{name: value for name, value in overrides.items() if value is not None})
    except ValidationError as exc:
        raise Refused("; ".join(_describe(error) for error in exc.errors())) from exc


def load_settings_or_exit() -> Settings:
    """Return the environment's settings, or end this process with one line on standard error and exit code 2."""
    try:
        return load_settings()
    except Refused as exc:
        sys.stderr.write(f"ingest: {exc}\n")
        sys.exit(REFUSED_EXIT_CODE)


def _describe(error: ErrorDetails) -> str:
    message = error["msg"].removeprefix("Value error, ")
    field, *path = error["loc"] or ("",)
    variable = f"INGEST_{field}".upper() if field else ""
    return ": ".join(filter(None, ("".join([variable, *(f"[{part}]" for part in path)]), message)))

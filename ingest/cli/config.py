"""`ingest config`: the effective settings, and where each comes from."""

from typing import Annotated, Any

import typer
from pydantic import SecretStr

from ingest.cli.listing import print_json_lines, print_rows
from ingest.cli.options import AsJson, DataFolder
from ingest.config import Settings, load_settings
from ingest.environment import selected_environment

HIDDEN = "(set)"


def config(
    changed: Annotated[bool, typer.Option("--changed", help="Only settings that differ from their default.")] = False,
    as_json: AsJson = False,
    data: DataFolder = None,
) -> None:
    """Print the effective settings and where each comes from.

    Secrets are not printed.

    `ingest settings` prints the meaning of each setting.
    """
    settings = load_settings(data=data)
    rows = [
        {"setting": variable_of(name), "value": _shown(getattr(settings, name)), "from": source}
        for name in Settings.model_fields
        if (source := _source_of(name, is_option=name == "data" and data is not None)) != "default" or not changed
    ]
    if as_json:
        print_json_lines(rows)
    else:
        print_rows(("setting", "value", "from"), [tuple(row.values()) for row in rows])


def variable_of(name: str) -> str:
    """Return the environment variable of a setting."""
    return f"INGEST_{name}".upper()


def _source_of(name: str, *, is_option: bool) -> str:
    if is_option:
        return "option"
    return "environment" if selected_environment([variable_of(name)]) else "default"


def _shown(value: Any) -> str:
    if isinstance(value, SecretStr):
        return HIDDEN if value.get_secret_value() else ""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None or value == () else _without_credentials(str(value))


def _without_credentials(text: str) -> str:
    """Hide the user and the password of a URL."""
    scheme, separator, rest = text.partition("://")
    credentials, at, host = rest.rpartition("@")
    return f"{scheme}{separator}***@{host}" if separator and at and credentials else text

"""`ingest settings`: every setting there is, as a file of environment variables."""

import json
import textwrap
from pathlib import Path
from typing import Any

import typer
from pydantic import SecretStr

from ingest.config import Settings

OF_THE_MACHINE = {"workers": "cores", "node": "host name", "models_dir": "share/ingest/models of the installation"}
"""Defaults that differ from machine to machine."""


def settings() -> None:
    """Print every setting with its meaning and default, in the form of an env file (deploy/env.example)."""
    typer.echo("\n".join(lines()))


def lines() -> list[str]:
    """The settings, commented out at their defaults, each below its meaning."""
    found: list[str] = []
    for name, field in Settings.model_fields.items():
        found += ["", *textwrap.wrap(field.description or "", 110, initial_indent="# ", subsequent_indent="# ")]
        found.append(f"#INGEST_{name.upper()}={_default(name, field.default)}")
    return found[1:]


def _default(name: str, default: Any) -> str:
    if name in OF_THE_MACHINE:
        return f"<{OF_THE_MACHINE[name]}>"
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    if isinstance(default, tuple):
        return json.dumps(default)
    if isinstance(default, bool):
        return str(default).lower()
    return default.as_posix() if isinstance(default, Path) else str(default)

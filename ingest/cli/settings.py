"""`ingest settings`: print every setting as a file of environment variables."""

import json
import textwrap
from pathlib import Path
from typing import Any

import typer
from pydantic import SecretStr

from ingest.config import Settings

MACHINE_DEFAULTS = {"workers": "cores", "node": "host name", "models_dir": "share/ingest/models of the installation"}
"""Defaults that differ from machine to machine."""


def settings() -> None:
    """Print every setting with its meaning and default.

    The output is an env file; deploy/env.example is made from it.
    """
    typer.echo("\n".join(setting_lines()))


def setting_lines() -> list[str]:
    """Return the settings, commented out at their defaults, each below its description."""
    lines: list[str] = []
    for name, field in Settings.model_fields.items():
        lines += ["", *textwrap.wrap(field.description or "", 110, initial_indent="# ", subsequent_indent="# ")]
        lines.append(f"#INGEST_{name.upper()}={_format_default(name, field.default)}")
    return lines[1:]


def _format_default(name: str, default: Any) -> str:
    if name in MACHINE_DEFAULTS:
        return f"<{MACHINE_DEFAULTS[name]}>"
    if default is None:
        return ""
    if isinstance(default, SecretStr):
        return default.get_secret_value()
    if isinstance(default, tuple):
        return json.dumps(default)
    if isinstance(default, bool):
        return str(default).lower()
    return default.as_posix() if isinstance(default, Path) else str(default)

"""The command line: one module per command, made of what `ingest` and the `openai` client can do."""

import sys
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from ingest.errors import IngestError, Refused

REFUSED_EXIT_CODE = 2

COMMANDS = {
    "up": "up.up",
    "import": "imports.import_",
    "status": "status.status",
    "retry": "retry.retry",
    "reindex": "reindex.reindex",
    "schedule": "schedule.app",
    "export": "archives.export",
    "import-archive": "archives.import_archive",
    "verify": "verify.verify",
    "keys": "keys.app",
    "projects": "projects.app",
    "webhooks": "webhooks.app",
    "migrate": "migrate.migrate",
    "settings": "settings.settings",
}
"""Where each command is; a module, with all that it needs, is imported only when its command is."""


class Lazy(TyperGroup):
    """The commands by name."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        where = COMMANDS.get(cmd_name)
        if where is None:
            return None
        module, _, name = where.partition(".")
        found = getattr(import_module(f"ingest.cli.{module}"), name)
        if isinstance(found, typer.Typer):
            return typer.main.get_group(found)
        alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        alone.command(cmd_name)(found)
        return typer.main.get_command(alone)


app = typer.Typer(cls=Lazy, name="ingest", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def _ingest() -> None:
    """Self-hosted document ingestion behind OpenAI's vector store API."""


def main() -> None:
    """Run a command; what it refuses is one line on standard error."""
    try:
        app()
    except Refused as exc:
        sys.exit(_complain(str(exc)))
    except IngestError as exc:
        sys.exit(_complain(f"{exc}. Is the service running?"))


def _complain(message: str) -> int:
    print(f"ingest: {message}", file=sys.stderr)
    return REFUSED_EXIT_CODE

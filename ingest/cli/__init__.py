"""The command line: one module a command, made of what `ingest` and the `openai` client can do.

Here: options, help texts, output on the terminal and exit codes. Not here: what a command does; that is in the room of
its subject. A command that works through the API uses `ingest.imports.client`; one that works without it uses
`direct_access`. No other package imports this one.
"""

import importlib.metadata
import sqlite3
import sys
from collections.abc import Iterable
from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ingest.cli.options import HELP_MARKUP
from ingest.cli.output import accept_any_terminal, flush_or_forget
from ingest.errors import REFUSED_EXIT_CODE, DatabaseDamaged, IngestError, Refused
from ingest.observability.visible import visible, visible_lines
from ingest.runtime.private_files import restrict_new_files
from ingest.runtime.undumpable import make_undumpable

COMMANDS = {
    "up": "up.up",
    "import": "imports.import_",
    "imports": "known_imports.app",
    "status": "status.status",
    "report": "report.report",
    "stores": "stores.app",
    "files": "files.app",
    "batches": "batches.app",
    "usage": "usage.usage",
    "search": "search.search",
    "eval": "evaluation.evaluate",
    "retry": "retry.retry",
    "reindex": "reindex.reindex",
    "schedule": "schedule.app",
    "export": "export.export",
    "import-archive": "import_archive.import_archive",
    "verify": "verify.verify",
    "keys": "keys.app",
    "projects": "projects.app",
    "webhooks": "webhooks.app",
    "migrate": "migrate.migrate",
    "models": "models.app",
    "mcp": "mcp.mcp",
    "doctor": "doctor.doctor",
    "logs": "logs.logs",
    "config": "config.config",
    "settings": "settings.settings",
}
"""Where each command is. A command's module and its dependencies are imported only when the command runs."""

OLD_NAMES = {"model": "models"}
"""Names of earlier releases, which still work."""


class LazyGroup(TyperGroup):
    """A group that imports a command when it is asked for."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.commands: dict[str, Any] = dict.fromkeys(COMMANDS)  # Typer suggests one of them for a mistyped command

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        location = COMMANDS.get(OLD_NAMES.get(cmd_name, cmd_name))
        if location is None:
            return None
        module, _, name = location.partition(".")
        command = getattr(import_module(f"ingest.cli.{module}"), name)
        if isinstance(command, typer.Typer):
            return typer.main.get_group(command)
        single = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=HELP_MARKUP)
        single.command(cmd_name)(command)
        return typer.main.get_command(single)


app = typer.Typer(
    cls=LazyGroup,
    name="ingest",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=HELP_MARKUP,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"ingest {importlib.metadata.version('ingest')}")
        raise typer.Exit


@app.callback()
def _ingest(
    version: Annotated[
        bool,
        typer.Option("--version", "-V", help="Print the version and exit.", callback=_print_version, is_eager=True),
    ] = False,
) -> None:
    """Self-hosted document ingestion and search behind OpenAI's vector store API."""


def main() -> None:
    """Run the command line. An error is one line on standard error, with exit code 2."""
    restrict_new_files()
    make_undumpable()
    accept_any_terminal()
    try:
        app(prog_name="ingest")
    except (Refused, DatabaseDamaged) as exc:
        sys.exit(_print_error(str(exc), getattr(exc, "__notes__", ())))
    except IngestError as exc:
        sys.exit(_print_error(f"{exc}. Is the service running?"))
    except (OSError, sqlite3.Error) as exc:  # a full disk, missing permissions; the only SQLite file here is a journal
        sys.exit(_print_error(f"{exc}."))
    finally:
        flush_or_forget()


def _print_error(message: str, notes: Iterable[str] = ()) -> int:
    """Print an error in one line, and below it the lines of a log that explain it."""
    print(f"ingest: {visible(message)}", file=sys.stderr)
    for note in notes:
        print(visible_lines(note), file=sys.stderr)
    return REFUSED_EXIT_CODE

"""The command line: one module per command, made of what `ingest` and the `openai` client can do."""

import sys

import typer

from ingest.cli import imports, keys, migrate, projects, retry, settings, status, up, verify
from ingest.errors import IngestError, Refused

REFUSED_EXIT_CODE = 2

app = typer.Typer(
    name="ingest",
    help="Self-hosted document ingestion behind OpenAI's vector store API.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.command("up")(up.up)
app.command("import")(imports.import_)
app.command("verify")(verify.verify)
app.command("status")(status.status)
app.command("retry")(retry.retry)
app.command("migrate")(migrate.migrate)
app.command("settings")(settings.settings)
app.add_typer(keys.app)
app.add_typer(projects.app)


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

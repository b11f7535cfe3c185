"""`ingest imports`: the imports that were started on this machine."""

from typing import Annotated

import typer
from rich.console import Console

from ingest.cli.import_list import list_imports, print_imports
from ingest.cli.listing import print_json_lines
from ingest.cli.options import HELP_MARKUP, ApiKey, AsJson, JournalFolder
from ingest.cli.output import print_line, print_to_stderr
from ingest.imports import journal
from ingest.imports.cancellation import cancel_import, find_import
from ingest.imports.client import open_client

app = typer.Typer(
    name="imports",
    help="List and cancel the imports of this machine.",
    no_args_is_help=True,
    rich_markup_mode=HELP_MARKUP,
)


@app.command("list")
def list_(as_json: AsJson = False, journal_folder: JournalFolder = None) -> None:
    """List the imports that were started on this machine, by service, the latest last."""
    print_imports(list_imports(journal_folder or journal.default_folder()), as_json=as_json)


@app.command("cancel")
def cancel(
    import_id: Annotated[str, typer.Argument(metavar="IMPORT", help="Id of the import, imp_...")],
    as_json: AsJson = False,
    api_key: ApiKey = "",
    journal_folder: JournalFolder = None,
) -> None:
    """Cancel an import. Its process stops, and its unfinished files are cancelled; completed files stay.

    The import may run, or its process may be gone. To stop an import and let the service go on with the files that it has,
    press Ctrl-C where it runs.

    Exit code 0: cancelled, or it had ended already; 2: unknown, or no service.
    """
    folder = journal_folder or journal.default_folder()
    store, import_run, has_ended = find_import(folder, import_id)
    if has_ended:
        print_to_stderr(f"{import_id} has ended already.")
        return
    with open_client(store["url"], api_key) as client:
        counts = cancel_import(client, folder, store, import_run, print_to_stderr)
    if as_json:
        print_json_lines([{"id": import_id, "state": "cancelled", "file_counts": counts}])
        return
    words = ", ".join(f"{counts[state]:,} {state}" for state in ("completed", "failed", "cancelled"))
    print_line(Console(), f"{import_id} cancelled: {words}")

"""`ingest report`: show what was read of files, and what was not."""

import json
from collections.abc import Iterator
from typing import Annotated, Any

import openai
import typer
from rich.console import Console
from rich.table import Table

from ingest.cli.options import ApiKey, BaseUrl, StoreArgument
from ingest.cli.output import add_row, print_line
from ingest.cli.store_batches import resolve_store_id
from ingest.errors import Refused
from ingest.imports.client import open_client
from ingest.imports.reports import fetch_report, fetch_warnings, list_reports
from ingest.imports.service_url import DEFAULT_URL

OUTCOMES = ("read", "ocr", "empty", "failed", "not_read")


def report(
    store: StoreArgument,
    file: Annotated[
        str | None,
        typer.Argument(metavar="[FILE]", help="Id or name of a file (default: all files with warnings)."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object a file.")] = False,
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
) -> None:
    """Show what was read of a file, and what was not.

    Without a file, the command counts the warnings in the store by code, and lists the files that have some. After a
    change of the service that lets it read more, `ingest reindex STORE --only warnings` reads them again.

    Exit code 0: no warnings; 1: there are some, or a file failed; 2: unknown, or no service.
    """
    with open_client(base_url, api_key) as client:
        store_id = resolve_store_id(client, store)
        reports = _list_file(client, store_id, file) if file else list_reports(client, store_id)
        if not as_json and file is None:
            _print_codes(fetch_warnings(client, store_id))
        has_warnings = False
        for each in reports:
            has_warnings = has_warnings or each["warning_count"] > 0 or each["status"] == "failed"
            if as_json:
                print(json.dumps(each), flush=True)
            elif file is None:
                _print_warnings(each)
            else:
                _print_report(each)
    if has_warnings:
        raise typer.Exit(1)


def _list_file(client: openai.OpenAI, store_id: str, file: str) -> Iterator[dict[str, Any]]:
    """Yield the report of the file with an id, or those of all files with a name. Raises Refused if there is none."""
    if file.startswith("file-"):
        try:
            yield fetch_report(client, store_id, file)
        except openai.NotFoundError:
            raise Refused(f"The store has no file {file}.") from None
        return
    reports = list(list_reports(client, store_id, filename=file))
    if not reports:
        raise Refused(f"The store has no file named {file}.")
    yield from reports


def _print_codes(warnings: dict[str, Any]) -> None:
    if not warnings["files"]:
        print_line(Console(), "no file has warnings")
        return
    table = Table("warning", "files")
    table.columns[1].justify = "right"
    for code, files in warnings["codes"].items():
        add_row(table, code, f"{files:,}")
    table.add_section()
    table.add_row("files with warnings", f"{warnings['files']:,}")
    Console().print(table)


def _print_report(each: dict[str, Any]) -> None:
    console, reader = Console(), each["reader"]
    print_line(console, f"{each['filename']} ({each['id']}): {each['status'].replace('_', ' ')}")
    if each["progress"]:
        print_line(console, f"  pages: {each['progress']['pages_done']:,} of {each['progress']['pages_total']:,}")
    if reader:
        language = f", language {each['language']}" if each["language"] else ""
        print_line(console, f"  read by {reader['name']} {reader['version']}{language}")
    for kind, outcomes in each["parts"].items():
        counts = ", ".join(f"{outcomes[name]:,} {name.replace('_', ' ')}" for name in OUTCOMES if outcomes[name])
        print_line(console, f"  {kind.replace('_', ' ')}: {counts}")
    if each["replaced_characters"]:
        print_line(console, f"  replaced characters: {each['replaced_characters']:,}")
    _print_list(console, each)


def _print_warnings(each: dict[str, Any]) -> None:
    console = Console()
    print_line(console, f"{each['filename']} ({each['id']})")
    _print_list(console, each)


def _print_list(console: Console, each: dict[str, Any]) -> None:
    for warning in each["warnings"]:
        part = f"{warning['part']}: " if warning["part"] else ""
        print_line(console, f"  {warning['code']}: {part}{warning['message']}")
    if (more := each["warning_count"] - len(each["warnings"])) > 0:
        print_line(console, f"  and {more:,} more")

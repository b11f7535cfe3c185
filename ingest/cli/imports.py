"""`ingest import`: files into a store, as many as there are, as often as they change."""

from pathlib import Path
from typing import Annotated

import typer

from ingest.cli.options import ApiKey, BaseUrl
from ingest.imports import attributes, journal
from ingest.imports.client import DEFAULT_URL, PATIENT_RETRIES, connected
from ingest.imports.patterns import Choice, PathAttributes
from ingest.imports.run import INTERRUPTED, Wish, bring_in
from ingest.imports.scan import Style
from ingest.imports.transfer import BATCH_FILES
from ingest.imports.uploads import THREADS
from ingest.imports.web import Limits

MIB = 2**20


def import_(
    store: Annotated[str, typer.Option(help="Name or id of the vector store; made if there is none of that name.")],
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="Files, folders, globs in quotes, URLs of buckets (s3://, gs://, ...) or of the web."),
    ] = None,
    list_file: Annotated[
        list[str] | None,
        typer.Option("--manifest", help="A list of files: JSONL or CSV (path, name, attributes), or one path a line."),
    ] = None,
    include: Annotated[list[str] | None, typer.Option(help="Take only what matches, such as '*.pdf'.")] = None,
    exclude: Annotated[list[str] | None, typer.Option(help="Leave out what matches, such as 'drafts'.")] = None,
    attr: Annotated[
        list[str] | None,
        typer.Option(help="Attribute for every file, as key=value: a number, true or false, otherwise text."),
    ] = None,
    attr_from_path: Annotated[
        list[str] | None,
        typer.Option(help="Attributes from parts of the path, such as '{department}/{year}/*'."),
    ] = None,
    delete_missing: Annotated[
        bool, typer.Option("--delete-missing", help="Remove from the store what the sources do not hold any more.")
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Try files again that failed before and have not changed.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Ask the service for every file, even if its counts look right.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
    failures: Annotated[
        Path | None, typer.Option(help="Write every file that did not complete to this .csv or .jsonl.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Tell what happens as JSON, one event a line.")] = False,
    base_url: BaseUrl = DEFAULT_URL,
    api_key: ApiKey = "",
    threads: Annotated[int, typer.Option(help="Uploads at a time.", min=1, max=64)] = THREADS,
    batch_files: Annotated[int, typer.Option(help="Files in a batch.", min=1, max=100_000)] = BATCH_FILES,
    journals: Annotated[
        Path | None, typer.Option("--journal", help="Folder of journals [default: ~/.local/state/ingest/imports].")
    ] = None,
    allow_private: Annotated[
        bool, typer.Option("--allow-private", help="Fetch from private and local addresses too.")
    ] = False,
    max_download_mib: Annotated[int, typer.Option(help="Largest file fetched from the web, in MiB.", min=1)] = 512,
    max_download_seconds: Annotated[float, typer.Option(help="Longest such fetch, in seconds.", min=1)] = 300,
) -> None:
    """Bring files into a store, wait until all are ingested and tell how each ended.

    Run it again after Ctrl-C, a crash or changes: only what is new or changed is uploaded; a changed file replaces its
    earlier version once it is completed. What was done is written down in a journal, by service and store.

    Hidden files and folders (names that begin with a dot) below a folder are left out. Links are followed; a file that
    is reached on several ways is uploaded once. Patterns: `*` and `?` stay within a part of the path, `**` crosses
    parts; without a slash they are about names at any depth.

    Exit code 0: every file completed; 1: some did not; 2: refused, or no service; 130: Ctrl-C.
    """
    limits = Limits(max_download_mib * MIB, max_download_seconds, allow_private)
    style = Style(attributes.given(attr or []), PathAttributes(attr_from_path or []))
    wish = Wish(
        store, paths or [], list_file or [], Choice(include or [], exclude or []), style, delete_missing, retry_failed,
        check, dry_run, failures, as_json, threads, batch_files, journals or journal.folder(), limits,
    )  # fmt: skip
    try:
        with connected(base_url, api_key, retries=PATIENT_RETRIES) as client:
            code = bring_in(client, wish)
    except KeyboardInterrupt:  # before there was anything to write down, or for the second time
        raise typer.Exit(INTERRUPTED) from None
    if code:
        raise typer.Exit(code)

"""Options that several commands share, and the options of an import."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from ingest.cli.output import print_to_stderr
from ingest.environment import openai_base_url
from ingest.errors import Refused
from ingest.imports.service_url import complete_url

HELP_MARKUP: Literal["markdown"] = "markdown"
"""Markdown fills the paragraphs of help texts, whatever the line breaks in the source."""


def _resolve_url(ctx: typer.Context, param: typer.CallbackParam, value: str) -> str:
    """Return the URL of the service: the option, INGEST_URL, or OPENAI_BASE_URL with a word about it."""
    source = ctx.get_parameter_source(str(param.name))
    foreign_url = openai_base_url()
    if source is not None and source.name.startswith("DEFAULT") and foreign_url:
        print_to_stderr(f"The service is at {foreign_url}, because OPENAI_BASE_URL says so. INGEST_URL overrides it.")
        value = foreign_url
    return complete_url(value)


def refuse_empty(param: typer.CallbackParam, value: str | None) -> str | None:
    """Return a name or id. Raises Refused if it is empty: a variable of the caller's script may not be set."""
    if value is not None and not value.strip():
        raise Refused(f"{param.opts[0]} is empty. Give a name or an id.")
    return value


BaseUrl = Annotated[
    str,
    typer.Option(
        "--url", "--base-url", envvar="INGEST_URL", help="URL of the service.", show_envvar=True, callback=_resolve_url
    ),
]
ApiKey = Annotated[
    str,
    typer.Option(
        envvar=["INGEST_API_KEY", "OPENAI_API_KEY"], help="API key, if the service requires one.", show_envvar=True
    ),
]
DataFolder = Annotated[Path | None, typer.Option(help="Data folder of the service that `ingest up` runs.")]
JournalFolder = Annotated[
    Path | None, typer.Option("--journal", help="Folder of the journals (default: ~/.local/state/ingest/imports).")
]
StoreArgument = Annotated[
    str, typer.Argument(metavar="STORE", help="Id or name of the vector store.", callback=refuse_empty)
]
Wait = Annotated[bool, typer.Option("--wait", help="Wait until all files have ended.")]

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object a line.")]
Limit = Annotated[int, typer.Option(min=1, help="Objects to list at most.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]

Include = Annotated[
    list[str] | None, typer.Option(help="Import only files that match this pattern, for example '*.pdf' (repeatable).")
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(help="Skip files and folders that match this pattern, for example 'drafts' (repeatable)."),
]
Attribute = Annotated[
    list[str] | None,
    typer.Option("--attr", help="Attribute of every file, as key=value: number, true, false or text (repeatable)."),
]
AttributeFromPath = Annotated[
    list[str] | None,
    typer.Option(
        "--attr-from-path", help="Attributes from path parts, for example '{department}/{year}/*' (repeatable)."
    ),
]
AttributeLastModified = Annotated[
    str,
    typer.Option(
        metavar="KEY", help="Attribute that gets the Last-Modified date of files from the web, in seconds since 1970."
    ),
]
DeleteMissing = Annotated[
    bool, typer.Option("--delete-missing", help="Remove files from the store that the sources do not have any more.")
]
MaxDelete = Annotated[
    str | None,
    typer.Option(
        "--max-delete",
        metavar="N|N%",
        help="With --delete-missing: remove nothing if more files are missing, or a larger part of those imported before.",
    ),
]
RetryFailed = Annotated[
    bool, typer.Option("--retry-failed", help="Retry files that failed before, even if they have not changed.")
]

ImportPaths = Annotated[
    list[str] | None,
    typer.Argument(help="Files, folders, quoted globs, bucket URLs (s3://, gs://, ...) or web URLs."),
]
ImportStore = Annotated[
    str,
    typer.Option(help="Name or id of the vector store. It is created if no store has the name.", callback=refuse_empty),
]
Manifests = Annotated[
    list[str] | None,
    typer.Option(
        "--manifest", help="List of files: JSONL or CSV (path, name, attributes), or one path a line (repeatable)."
    ),
]
Sitemaps = Annotated[
    list[str] | None,
    typer.Option(
        "--sitemap",
        help="URL of a sitemap or an index of sitemaps, whose pages on the same host are imported (repeatable).",
    ),
]
CheckStore = Annotated[
    bool, typer.Option("--check", help="Compare every file with the store, even if the number of files is right.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print what would be done, and change nothing.")]
FailuresFile = Annotated[
    Path | None,
    typer.Option(
        "--failures", help="Write every file that did not complete, or has warnings, to this .csv or .jsonl file."
    ),
]
JsonEvents = Annotated[bool, typer.Option("--json", help="Print progress as JSON events, one a line.")]
Threads = Annotated[int, typer.Option(help="Concurrent uploads.", min=1, max=64)]
BatchFiles = Annotated[int, typer.Option(help="Most files in a batch.", min=1, max=100_000)]
AllowPrivate = Annotated[bool, typer.Option("--allow-private", help="Download from private and local addresses too.")]
SourceUrl = Annotated[
    str,
    typer.Option(
        envvar="INGEST_SOURCE_URL",
        show_envvar=True,
        help="URL of the other service for openai:// (default: OpenAI's) and qdrant:// (default: http://localhost:6333).",
    ),
]
SourceApiKey = Annotated[
    str,
    typer.Option(
        envvar="INGEST_SOURCE_API_KEY", show_envvar=True, help="API key of the other service; sent to it only."
    ),
]
TextKey = Annotated[str, typer.Option(help="Key of the text in records of qdrant:// and jsonl://.")]
NameKey = Annotated[str, typer.Option(help="Key of the file name in these records (default: their id).")]
SourceAttributes = Annotated[
    list[str] | None,
    typer.Option(
        "--source-attribute", help="Key of these records that becomes an attribute (repeatable; default: all)."
    ),
]
MaxDownloadMib = Annotated[int, typer.Option(help="Largest download from the web, in MiB.", min=1)]
MaxDownloadSeconds = Annotated[float, typer.Option(help="Longest download from the web, in seconds.", min=1)]


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something is deleted. Raises Refused if nobody can be asked, or if the answer is no."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refused(f"{question} Nobody can be asked here: confirm it with --yes.")
    if not typer.confirm(question, err=True):
        raise Refused("Nothing was deleted.")

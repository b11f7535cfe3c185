"""What an import works with: the store, its journal, the downloader and the manifests."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import openai

from ingest.errors import Refused
from ingest.imports.addresses import is_other_store, is_web, local_path
from ingest.imports.client import find_store
from ingest.imports.import_roots import ImportRoots
from ingest.imports.journal import Journal
from ingest.imports.manifest import read_manifest
from ingest.imports.options import ImportOptions
from ingest.imports.source_files import NO_FILES, SourceFile, SourceProblem, to_printable
from ingest.imports.sources import FolderWalker, check_source, list_files
from ingest.imports.waits import ImportWait
from ingest.imports.web import WebDownloader

NO_FILES_IN_SOURCES = "The sources contain no files."


@dataclass(frozen=True)
class Manifest:
    """A manifest that can be read now."""

    path: Path
    """On this machine."""
    address: str
    """Where it came from."""


@dataclass(frozen=True)
class ImportContext:
    """An import's store and tools."""

    client: openai.OpenAI
    store_id: str
    journal: Journal
    downloader: WebDownloader
    manifests: Sequence[Manifest]


def open_context(
    stack: ExitStack,
    client: openai.OpenAI,
    options: ImportOptions,
    *,
    creates_store: bool,
    on_wait: Callable[[ImportWait | None], None] = lambda _: None,
) -> ImportContext:
    """Check the sources, and open the store and its journal for as long as the stack lasts.

    With `creates_store` a store is created if none has the name. Otherwise a missing store has the id "" and a
    temporary journal. Raises Refused and openai.APIError.
    """
    if not options.paths and not options.manifests:
        raise Refused("Name files or folders, or a --manifest.")
    stack.callback(options.other_stores.close)
    for path in options.paths:
        check_source(path)
        if is_other_store(path):
            options.other_stores.check(path)
    downloader = WebDownloader(options.download_limits, on_wait=on_wait)
    manifests = [open_manifest(stack, downloader, address, options.import_roots) for address in options.manifests]
    store = find_store(client, options.store)
    if store is None and creates_store:
        if next(list_source_files(options, manifests, downloader), None) is None:
            raise Refused(NO_FILES_IN_SOURCES)
        store = client.vector_stores.create(name=options.store)
    journal_folder = options.journal_folder
    if store is None:
        journal_folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ingest-import-")))
    store_id = "" if store is None else store.id
    journal = Journal.open_for_store(journal_folder, str(client.base_url), store_id, options.store)
    stack.callback(journal.close)
    return ImportContext(client, store_id, journal, downloader, manifests)


def open_manifest(stack: ExitStack, downloader: WebDownloader, address: str, import_roots: ImportRoots) -> Manifest:
    """Open or download a manifest for as long as the stack lasts. Raises Refused."""
    if not is_web(address):
        try:
            path = Path(stack.enter_context(import_roots.open_file(local_path(address))))
            return Manifest(_readable_twice(stack, path), address)
        except OSError as exc:
            raise Refused(f"The manifest {address} cannot be read: {exc.strerror}.") from exc
    target = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ingest-import-"))) / "manifest"
    try:
        downloader.download(address, target)
    except OSError as exc:
        raise Refused(f"The manifest {address} cannot be downloaded: {exc.strerror}.") from exc
    return Manifest(target, address)


def _readable_twice(stack: ExitStack, path: Path) -> Path:
    """Return a file that can be read more than once: a copy of a pipe, as `--manifest <(find ...)` names one."""
    if not path.is_fifo():
        return path
    copy = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ingest-import-"))) / "manifest"
    copy.write_bytes(path.read_bytes())
    return copy


def list_source_files(
    options: ImportOptions, manifests: Sequence[Manifest], downloader: WebDownloader | None = None
) -> Iterator[SourceFile | SourceProblem]:
    """Yield the files and problems of all sources; `downloader` reads sitemaps. Empty sources are problems only if another source has files."""
    has_files, empty_sources = False, []
    for item in _list_all(options, manifests, downloader):
        if isinstance(item, SourceProblem) and item.reason == NO_FILES:
            empty_sources.append(item)
            continue
        has_files = True
        yield item
    if has_files:
        yield from empty_sources


def _list_all(
    options: ImportOptions, manifests: Sequence[Manifest], downloader: WebDownloader | None
) -> Iterator[SourceFile | SourceProblem]:
    yield from list_files(options.paths, _new_walker(options, downloader))
    for manifest in manifests:
        is_empty = True
        for item in read_manifest(manifest.path, manifest.address, _new_walker(options, downloader)):
            is_empty = False
            yield item
        if is_empty and options.requires_files:
            yield SourceProblem(to_printable(manifest.address), NO_FILES, hides_files=True)


def _new_walker(options: ImportOptions, downloader: WebDownloader | None) -> FolderWalker:
    return FolderWalker(
        options.path_filter, options.import_roots, requires_files=options.requires_files, downloader=downloader,
        other_stores=options.other_stores,
    )  # fmt: skip

"""The files that an import's arguments name: local files, folders and globs, buckets, and URLs on the web."""

import errno
import glob
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ingest.errors import Refused
from ingest.imports import remote, sitemap
from ingest.imports.addresses import (
    INVALID_ADDRESS,
    glob_base,
    is_local,
    is_other_store,
    is_sitemap,
    is_valid_address,
    is_web,
    local_path,
)
from ingest.imports.archive_files import list_archive
from ingest.imports.archives import is_archive_name
from ingest.imports.attributes import Attributes
from ingest.imports.globs import expand_glob, is_folder
from ingest.imports.import_roots import OUTSIDE_ROOTS, UNRESTRICTED, ImportRoots, OutsideImportRoots
from ingest.imports.other_stores import JSON_LINES, OtherStores, SourceServer
from ingest.imports.patterns import PathFilter
from ingest.imports.source_files import NO_FILES, SourceFile, SourceProblem, os_error_message, to_printable
from ingest.imports.web import DownloadLimits, WebDownloader


@dataclass(frozen=True)
class SourceArgument:
    """What the files of one argument or manifest line have in common."""

    source: str
    """The key of the argument or manifest (`source_key`)."""
    display_prefix: str = ""
    """Put before paths in reports."""
    upload_name: str = ""
    """Overrides the name of a single file."""
    attributes: Attributes = field(default_factory=dict)


def list_files(arguments: Sequence[str], walker: "FolderWalker") -> Iterator[SourceFile | SourceProblem]:
    """Yield every file at or below the arguments, in no order, and a problem for everything that cannot be read.

    Names below a folder that begin with a dot are left out. Links are followed. A folder that several paths reach is
    walked once, which also ends loops. A file that several paths reach has one address. Raises Refused.
    """
    for address in arguments:
        argument = SourceArgument(source=source_key(address), display_prefix="" if len(arguments) == 1 else address)
        yield from list_source(address, argument, walker)


def check_source(address: str, import_roots: ImportRoots = UNRESTRICTED) -> None:
    """Raise Refused when an argument names nothing: with --delete-missing such a mistake would remove files."""
    if not is_valid_address(address):
        raise Refused(f"{address or repr(address)}: {INVALID_ADDRESS}.")
    if not (is_local(address) or is_web(address) or is_sitemap(address) or is_other_store(address)):
        remote.check_url(address)
    if is_local(address) and not os.path.lexists(path := local_path(address)):
        if not glob.has_magic(path):
            raise Refused(f"{path} does not exist.")
        if next(expand_glob(path, import_roots), None) is None:
            raise Refused(f"No path matches {path}.")


def source_key(address: str) -> str:
    """Return what identifies a source from one import to the next, whatever the working directory."""
    if is_local(address):
        return os.path.realpath(local_path(address))
    if address.startswith(JSON_LINES):
        return JSON_LINES + os.path.realpath(address.removeprefix(JSON_LINES))
    return address.rstrip("/")


def list_source(address: str, argument: SourceArgument, walker: "FolderWalker") -> Iterator[SourceFile | SourceProblem]:
    """Yield the files of one source: a file, folder, glob or URL.

    If the walker requires files and the source has none, a SourceProblem says so.
    """
    is_empty = True
    for item in _list(address, argument, walker):
        is_empty = False
        yield item
    if not is_empty or not walker.requires_files:
        return
    # Walk again with a new walker: another argument may have walked the same folders before.
    unshared = FolderWalker(walker.path_filter, walker.import_roots, downloader=walker.downloader)
    if not is_local(address) or next(_list(address, argument, unshared), None) is None:
        yield SourceProblem(to_printable(argument.display_prefix or address), NO_FILES, hides_files=True)


def _list(address: str, argument: SourceArgument, walker: "FolderWalker") -> Iterator[SourceFile | SourceProblem]:
    if reason := walker.import_roots.rejection_reason(address):
        yield SourceProblem(to_printable(address), reason, hides_files=True)
    elif is_web(address):
        yield remote.web_file(address, argument.source, argument.upload_name, argument.attributes)
    elif is_sitemap(address):
        yield from sitemap.list_pages(
            address, argument.source, argument.attributes, walker.path_filter, walker.downloader
        )
    elif is_other_store(address):
        yield from walker.other_stores.list_files(address, argument.source, argument.attributes, walker.path_filter)
    elif not is_local(address):
        yield from remote.list_objects(
            address, argument.source, argument.upload_name, argument.attributes, walker.path_filter
        )
    elif not os.path.lexists(path := local_path(address)) and glob.has_magic(path):
        base = glob_base(path)
        for match in expand_glob(path, walker.import_roots):
            yield from walker.walk(match, os.path.relpath(match, base), argument, display_path=match)
    else:
        yield from walker.walk(path, "", argument, display_path=argument.display_prefix)


class FolderWalker:
    """Walks folders, each of them once and only inside the import roots.

    `requires_files` says that every source is known to hold files. A source without files is then a problem (for
    example an unmounted disk) instead of a reason to remove files.
    """

    def __init__(
        self,
        path_filter: PathFilter,
        import_roots: ImportRoots = UNRESTRICTED,
        *,
        requires_files: bool = False,
        downloader: WebDownloader | None = None,
        other_stores: OtherStores | None = None,
    ) -> None:
        self.path_filter = path_filter
        self.import_roots = import_roots
        self.requires_files = requires_files
        self.downloader = downloader or WebDownloader(DownloadLimits())
        """For sitemaps."""
        self.other_stores = other_stores or OtherStores(SourceServer(), DownloadLimits().max_bytes)
        self._walked: set[tuple[int, int]] = set()
        """(device, inode) of each folder."""

    def walk(
        self, path: str, relative_path: str, argument: SourceArgument, *, display_path: str
    ) -> Iterator[SourceFile | SourceProblem]:
        """Yield a file, or the files below a folder. Patterns match `relative_path`; reports show `display_path`."""
        if not self.import_roots.allows(path):
            yield SourceProblem(to_printable(display_path or path), OUTSIDE_ROOTS)
        elif os.path.isdir(path):
            yield from self._walk_folder(path, relative_path, argument, display_path)
        elif not relative_path or self._may_accept(relative_path):
            relative_path = relative_path or os.path.basename(path)
            real_path = os.path.realpath(path)
            yield from self._open_archive(
                _describe_file(path, real_path, relative_path, display_path or path, argument, lambda: os.stat(path))
            )

    def _walk_folder(
        self, folder: str, relative_path: str, argument: SourceArgument, display_path: str
    ) -> Iterator[SourceFile | SourceProblem]:
        # A stack: folders may be nested deeper than Python can recurse.
        pending = [(folder, relative_path, display_path)]
        while pending:
            folder, relative_path, display_path = pending.pop()
            try:
                with self.import_roots.open_folder(folder) as (handle, real_path):
                    status = os.fstat(handle)
                    if (status.st_dev, status.st_ino) in self._walked:
                        continue
                    self._walked.add((status.st_dev, status.st_ino))
                    for entry in _list_entries(handle):
                        below = os.path.join(relative_path, entry.name)
                        display_below = os.path.join(display_path, entry.name)
                        if entry.name.startswith(".") or self.path_filter.excludes(to_printable(below)):
                            continue
                        if is_folder(entry):
                            pending.append((os.path.join(folder, entry.name), below, display_below))
                        elif self._may_accept(below):
                            yield from self._open_archive(
                                self._describe_entry(entry, real_path, below, display_below, argument)
                            )
            except OSError as exc:
                hides_files = not isinstance(exc, OutsideImportRoots)
                yield SourceProblem(
                    to_printable(display_path or folder), os_error_message(exc), hides_files=hides_files
                )

    def _may_accept(self, relative_path: str) -> bool:
        """Return whether a file is wanted, or may be an archive of files that are."""
        return is_archive_name(relative_path) or self.path_filter.accepts(to_printable(relative_path))

    def _open_archive(self, item: SourceFile | SourceProblem) -> Iterator[SourceFile | SourceProblem]:
        """Yield the files in an archive, and any other item unchanged."""
        if isinstance(item, SourceFile) and is_archive_name(item.address):
            yield from list_archive(item, self.path_filter, self.import_roots)
        else:
            yield item

    def _describe_entry(
        self,
        entry: "os.DirEntry[str]",
        folder: str,
        relative_path: str,
        display_path: str,
        argument: SourceArgument,
    ) -> SourceFile | SourceProblem:
        real_path = os.path.join(folder, entry.name)
        if entry.is_symlink():
            real_path = os.path.realpath(real_path)
            if not self.import_roots.allows(real_path):
                return SourceProblem(to_printable(display_path), OUTSIDE_ROOTS)
        return _describe_file(entry.name, real_path, relative_path, display_path, argument, entry.stat)


def _list_entries(handle: int) -> Iterator["os.DirEntry[str]"]:
    """Yield the entries of an open folder. Their `stat` and `is_dir` go through the handle, not through the path."""
    with os.scandir(handle) as entries:
        yield from entries


def _describe_file(
    path: str,
    real_path: str,
    relative_path: str,
    display_path: str,
    argument: SourceArgument,
    read_status: Callable[[], os.stat_result],
) -> SourceFile | SourceProblem:
    try:
        status = read_status()
    except OSError as exc:
        # A file that does not exist may be removed from the store; one that cannot be read may well exist.
        hides_files = exc.errno not in (errno.ENOENT, errno.ELOOP)
        return SourceProblem(to_printable(display_path), os_error_message(exc), hides_files=hides_files)
    # Opening a pipe would wait for its writer; reading a device might never end.
    if not stat.S_ISREG(status.st_mode):
        return SourceProblem(to_printable(display_path), "Not a regular file")
    return SourceFile(
        address=real_path,
        relative_path=to_printable(relative_path),
        display_path=to_printable(display_path),
        upload_name=to_printable(argument.upload_name or os.path.basename(path)),
        source=argument.source,
        size=status.st_size,
        fingerprint=str(status.st_mtime_ns),
        attributes=argument.attributes,
    )

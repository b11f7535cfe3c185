"""Which files an import takes: what its arguments and manifests name, on this machine, in a bucket or on the web."""

import errno
import glob
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from ingest.errors import Refused
from ingest.imports import remote
from ingest.imports.attributes import Attributes
from ingest.imports.globs import is_folder, matches
from ingest.imports.patterns import Choice
from ingest.imports.roots import (
    ANYWHERE,
    NO_ADDRESS,
    OUTSIDE,
    WEB,
    Outside,
    Roots,
    fixed_part,
    is_address,
    is_here,
    path_of,
    scheme,
)
from ingest.imports.source_files import NOTHING, Failure, Found, printable, why


@dataclass(frozen=True)
class Naming:
    """How the files of one argument are called: where they belong, and what their paths are relative to."""

    root: str
    shown: str = ""
    """Put before paths in reports."""
    name: str = ""
    """The name to upload one file under."""
    attributes: Attributes = field(default_factory=dict)


def find(arguments: Sequence[str], walk: "Walk") -> Iterator[Found | Failure]:
    """Every file at or below the arguments, in no order, and what cannot be read. Raises Refused.

    Below a folder, names that begin with a dot are left out. Links are followed; a folder that can be reached on
    several ways is entered once, which also ends loops. A file reached on several ways has one address.
    """
    for argument in arguments:
        naming = Naming(root=root(argument), shown="" if len(arguments) == 1 else argument)
        yield from named(argument, naming, walk)


def check(argument: str, roots: Roots = ANYWHERE) -> None:
    """Refuse an argument that names nothing: a mistake, and with --delete-missing a dangerous one."""
    if not is_address(argument):
        raise Refused(f"{argument or repr(argument)}: {NO_ADDRESS}.")
    if not is_here(argument) and scheme(argument) not in WEB:
        remote.check(argument)
    if is_here(argument) and not os.path.lexists(path := path_of(argument)):
        if not glob.has_magic(path):
            raise Refused(f"There is no {path}.")
        if next(matches(path, roots), None) is None:
            raise Refused(f"Nothing matches {path}.")


def root(argument: str) -> str:
    """What identifies an argument, from wherever it is called."""
    return os.path.realpath(path_of(argument)) if is_here(argument) else argument.rstrip("/")


def named(argument: str, naming: Naming, walk: "Walk") -> Iterator[Found | Failure]:
    """The files of one argument: a file, folder, glob or URL."""
    some = False
    for each in _all(argument, naming, walk):
        some = True
        yield each
    if some or not walk.all_hold_files:
        return
    # Another argument may have been in the same folders before.
    alone = _all(argument, naming, Walk(walk.choice, walk.roots)) if is_here(argument) else iter(())
    if next(alone, None) is None:
        yield Failure(printable(naming.shown or argument), NOTHING, blind=True)


def _all(argument: str, naming: Naming, walk: "Walk") -> Iterator[Found | Failure]:
    if complaint := walk.roots.complaint_about(argument):
        yield Failure(printable(argument), complaint, blind=True)
    elif scheme(argument) in WEB:
        yield remote.web(argument, naming.root, naming.name, naming.attributes)
    elif not is_here(argument):
        yield from remote.find(argument, naming.root, naming.name, naming.attributes, walk.choice)
    elif not os.path.lexists(path := path_of(argument)) and glob.has_magic(path):
        fixed = fixed_part(path)
        for match in matches(path, walk.roots):
            yield from walk.at(match, os.path.relpath(match, fixed), naming, shown=match)
    else:
        yield from walk.at(path, "", naming, shown=naming.shown)


class Walk:
    """Goes through folders, each of them once, and only where `roots` let it.

    If it is known of all arguments that they hold files, one that does not is not mounted, say: a failure.
    """

    def __init__(self, choice: Choice, roots: Roots = ANYWHERE, *, all_hold_files: bool = False) -> None:
        self.choice = choice
        self.roots = roots
        self.all_hold_files = all_hold_files
        self._entered: set[tuple[int, int]] = set()

    def at(self, path: str, relative: str, naming: Naming, *, shown: str) -> Iterator[Found | Failure]:
        """A file, or what is below a folder. `relative` is its path for patterns, `shown` the one in reports."""
        if not self.roots.holds(path):
            yield Failure(printable(shown or path), OUTSIDE)
        elif os.path.isdir(path):
            yield from self._below(path, relative, naming, shown)
        elif not relative or self.choice.takes(printable(relative)):
            relative = relative or os.path.basename(path)
            yield _file(path, os.path.realpath(path), relative, shown or path, naming, lambda: os.stat(path))

    def _below(self, folder: str, relative: str, naming: Naming, shown: str) -> Iterator[Found | Failure]:
        waiting = [(folder, relative, shown)]  # a stack: folders may be nested deeper than calls can be
        while waiting:
            folder, relative, shown = waiting.pop()
            try:
                with self.roots.entered(folder) as (handle, real):
                    about = os.fstat(handle)
                    if (about.st_dev, about.st_ino) in self._entered:
                        continue
                    self._entered.add((about.st_dev, about.st_ino))
                    for entry in _entries(handle):
                        below, named_ = os.path.join(relative, entry.name), os.path.join(shown, entry.name)
                        if entry.name.startswith(".") or self.choice.skips(printable(below)):
                            continue
                        if is_folder(entry):
                            waiting.append((os.path.join(folder, entry.name), below, named_))
                        elif self.choice.takes(printable(below)):
                            yield self._entry(entry, real, below, named_, naming)
            except OSError as exc:
                yield Failure(printable(shown or folder), why(exc), blind=not isinstance(exc, Outside))

    def _entry(
        self, entry: "os.DirEntry[str]", folder: str, relative: str, shown: str, naming: Naming
    ) -> Found | Failure:
        at = os.path.join(folder, entry.name)
        if entry.is_symlink():
            at = os.path.realpath(at)
            if not self.roots.holds(at):
                return Failure(printable(shown), OUTSIDE)
        return _file(entry.name, at, relative, shown, naming, entry.stat)


def _entries(handle: int) -> Iterator["os.DirEntry[str]"]:
    """What is in an open folder; who looks at an entry looks at it there."""
    with os.scandir(handle) as entries:
        yield from entries


def _file(
    path: str, real: str, relative: str, shown: str, naming: Naming, about: Callable[[], os.stat_result]
) -> Found | Failure:
    try:
        found = about()
    except OSError as exc:
        # What is not there is not missed; what cannot be looked at may well be there.
        return Failure(printable(shown), why(exc), blind=exc.errno not in (errno.ENOENT, errno.ELOOP))
    # Opening a pipe would wait for its writer, reading a device might never end.
    if not stat.S_ISREG(found.st_mode):
        return Failure(printable(shown), "Not a regular file")
    return Found(
        address=real,
        relative=printable(relative),
        shown=printable(shown),
        name=printable(naming.name or os.path.basename(path)),
        root=naming.root,
        size=found.st_size,
        stamp=str(found.st_mtime_ns),
        attributes=naming.attributes,
    )

"""What a glob of this machine names."""

import glob
import os
from collections.abc import Iterator
from fnmatch import fnmatchcase

from ingest.imports.roots import Roots, fixed_part


def matches(pattern: str, roots: Roots) -> Iterator[str]:
    """What `glob.iglob` would name, but nothing that is not allowed; folders that are not are not even listed, whatever
    is done to their names meanwhile."""
    if roots.anywhere:
        yield from glob.iglob(pattern, recursive=True)
        return
    fixed = fixed_part(pattern)
    parts = pattern.removeprefix(fixed).lstrip("/").split("/")
    yield from filter(roots.holds, _below(fixed, parts, roots, frozenset()))


def is_folder(entry: "os.DirEntry[str]") -> bool:
    """Whether an entry is a folder, or a link to one."""
    try:
        return entry.is_dir()
    except OSError:  # a loop of links, or no right to look: told when it is read as a file
        return False


def _below(folder: str, parts: list[str], roots: Roots, above: frozenset[str]) -> Iterator[str]:
    """`above` are the folders on the way down through `**`: links must not lead round in circles."""
    if not parts:
        yield folder
        return
    part, *rest = parts
    if not glob.has_magic(part):
        if os.path.lexists(below := os.path.join(folder, part)):
            yield from _below(below, rest, roots, frozenset())
        return
    real, entries = _names(folder, roots)
    if part != "**":
        for name, _ in entries:
            if fnmatchcase(name, part) and (part.startswith(".") or not name.startswith(".")):
                yield from _below(os.path.join(folder, name), rest, roots, frozenset())
        return
    if not real or real in above:
        return
    yield from _below(folder, rest, roots, frozenset())
    for name, folders in entries:
        if name.startswith("."):
            continue
        if folders:
            yield from _below(os.path.join(folder, name), parts, roots, above | {real})
        elif not rest:
            yield os.path.join(folder, name)


def _names(folder: str, roots: Roots) -> tuple[str, list[tuple[str, bool]]]:
    """The real path of a folder, and what is in it, with whether that is a folder; nothing if it cannot be listed."""
    try:
        with roots.entered(folder) as (handle, real), os.scandir(handle) as entries:
            return real, [(entry.name, is_folder(entry)) for entry in entries]
    except OSError:
        return "", []

"""Globs over local paths that never list a folder outside the import roots."""

import glob
import os
from collections.abc import Iterator
from fnmatch import fnmatchcase

from ingest.imports.addresses import glob_base
from ingest.imports.import_roots import ImportRoots


def expand_glob(pattern: str, import_roots: ImportRoots) -> Iterator[str]:
    """Yield the paths that `glob.iglob` would yield, limited to the import roots.

    Folders outside the roots are not listed, even if a name is replaced by a link meanwhile.
    """
    if import_roots.is_unrestricted:
        yield from glob.iglob(pattern, recursive=True)
        return
    base = glob_base(pattern)
    parts = pattern.removeprefix(base).lstrip("/").split("/")
    yield from filter(import_roots.allows, _expand(base, parts, import_roots, frozenset()))


def is_folder(entry: "os.DirEntry[str]") -> bool:
    """Return whether an entry is a folder or a link to one."""
    try:
        return entry.is_dir()
    except OSError:  # a loop of links, or no permission: reading it as a file reports the problem
        return False


def _expand(folder: str, parts: list[str], import_roots: ImportRoots, ancestors: frozenset[str]) -> Iterator[str]:
    """Yield matches below a folder. `ancestors` are the real paths that `**` went through; they end loops of links."""
    if not parts:
        yield folder
        return
    part, *rest = parts
    if not glob.has_magic(part):
        if os.path.lexists(path := os.path.join(folder, part)):
            yield from _expand(path, rest, import_roots, frozenset())
        return
    real_path, entries = _list_folder(folder, import_roots)
    if part != "**":
        for name, _ in entries:
            if fnmatchcase(name, part) and (part.startswith(".") or not name.startswith(".")):
                yield from _expand(os.path.join(folder, name), rest, import_roots, frozenset())
        return
    if not real_path or real_path in ancestors:
        return
    yield from _expand(folder, rest, import_roots, frozenset())
    for name, has_children in entries:
        if name.startswith("."):
            continue
        if has_children:
            yield from _expand(os.path.join(folder, name), parts, import_roots, ancestors | {real_path})
        elif not rest:
            yield os.path.join(folder, name)


def _list_folder(folder: str, import_roots: ImportRoots) -> tuple[str, list[tuple[str, bool]]]:
    """Return a folder's real path and its (name, is a folder) entries; ("", []) if it cannot be listed."""
    try:
        with import_roots.open_folder(folder) as (handle, real_path), os.scandir(handle) as entries:
            return real_path, [(entry.name, is_folder(entry)) for entry in entries]
    except OSError:
        return "", []

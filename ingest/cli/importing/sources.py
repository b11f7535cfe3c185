"""Which files an import takes: the regular files at and below its arguments, each once."""

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """A file to upload; `shown` is its name in reports: relative to the folder given, if there was only one."""

    path: str
    shown: str
    size: int


@dataclass(frozen=True)
class Failure:
    """What became no part of the store, and why."""

    shown: str
    reason: str


def find(arguments: Sequence[Path]) -> Iterator[Source | Failure]:
    """Every file at or below the arguments, in the order of their names, and what cannot be read.

    Below an argument, names that begin with a dot are left out. Links are followed; what can be reached on several
    ways is found once, which also ends loops.
    """
    seen: set[str] = set()
    for argument in arguments:
        path = str(argument)
        if os.path.isdir(path):
            prefix = "" if len(arguments) == 1 else path
            yield from _below(path, prefix, seen)
        else:
            yield from _file(path, path, os.path.realpath(path), seen)


def printable(name: str) -> str:
    """A file name as it can be sent and printed, whatever bytes the file system holds."""
    decoded = os.fsencode(name).decode(errors="replace")
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in decoded)


def why(exc: OSError) -> str:
    """The operating system's words, without the path."""
    return exc.strerror or str(exc)


def _below(folder: str, shown: str, seen: set[str]) -> Iterator[Source | Failure]:
    real = os.path.realpath(folder)
    if real in seen:
        return
    seen.add(real)
    try:
        names = sorted(os.listdir(folder))
    except OSError as exc:
        yield Failure(printable(shown or folder), why(exc))
        return
    for name in names:
        if name.startswith("."):
            continue
        path, named = os.path.join(folder, name), os.path.join(shown, name)
        if os.path.isdir(path):
            yield from _below(path, named, seen)
        else:
            resolved = os.path.realpath(path) if os.path.islink(path) else os.path.join(real, name)
            yield from _file(path, named, resolved, seen)


def _file(path: str, shown: str, real: str, seen: set[str]) -> Iterator[Source | Failure]:
    if real in seen:
        return
    seen.add(real)
    try:
        found = os.stat(path)
    except OSError as exc:
        yield Failure(printable(shown), why(exc))
        return
    # Opening a pipe would wait for its writer, reading a device might never end.
    if stat.S_ISREG(found.st_mode):
        yield Source(path, printable(shown), found.st_size)
    else:
        yield Failure(printable(shown), "Not a regular file")

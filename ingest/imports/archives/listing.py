"""List the members of an archive, and those of archives inside it."""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

from ingest.imports.archives.addresses import is_archive_name
from ingest.imports.archives.formats import Archive, Entry, open_archive

MAX_DEPTH = 2
"""An archive, and the archives in it."""


@dataclass(frozen=True)
class Member:
    """A file in an archive. `name` is its path below the archive, with "/" between the parts."""

    name: str
    size: int
    fingerprint: str


@dataclass(frozen=True)
class MemberProblem:
    """A member that cannot be imported. `hides_files` says that it is an archive whose members are unknown."""

    name: str
    reason: str
    hides_files: bool = False


def list_members(path: str) -> Iterator[Member | MemberProblem] | None:
    """Return the files in an archive, or None if the file is none. Raises OSError, also while it is iterated."""
    archive = open_archive(path)
    return None if archive is None else _list(archive, "", 1)


def _list(archive: Archive, prefix: str, depth: int) -> Iterator[Member | MemberProblem]:
    with closing(archive):
        for entry in archive.entries.values():
            name = prefix + entry.name
            if entry.problem:
                yield MemberProblem(name, entry.problem)
            elif is_archive_name(entry.name):
                yield from _list_nested(archive, entry, name, depth)
            else:
                yield Member(name, entry.size, entry.fingerprint)


def _list_nested(archive: Archive, entry: Entry, name: str, depth: int) -> Iterator[Member | MemberProblem]:
    if depth >= MAX_DEPTH:
        yield MemberProblem(name, f"Archives are nested more than {MAX_DEPTH} levels deep", hides_files=True)
        return
    try:
        with tempfile.NamedTemporaryFile(prefix="ingest-import-") as file:
            archive.copy(entry, file)
            file.flush()
            nested = open_archive(file.name)
            if nested is None:
                yield Member(name, entry.size, entry.fingerprint)
            else:
                yield from _list(nested, f"{name}/", depth + 1)
    except OSError as exc:
        yield MemberProblem(name, exc.strerror or str(exc), hides_files=True)

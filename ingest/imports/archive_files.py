"""The files in an archive that a source names."""

import os
import posixpath
from collections.abc import Iterator
from dataclasses import replace

from ingest.imports.archives import Member, list_members
from ingest.imports.import_roots import ImportRoots
from ingest.imports.patterns import PathFilter
from ingest.imports.source_files import SourceFile, SourceProblem, os_error_message, to_printable

_SYSTEM_FOLDER = "__MACOSX"


def list_archive(
    archive: SourceFile, path_filter: PathFilter, import_roots: ImportRoots
) -> Iterator[SourceFile | SourceProblem]:
    """Yield the members of an archive that the filter accepts, or the file itself if it is no archive.

    Paths of members go on from the archive's. Names that begin with a dot are left out, as below a folder.
    """
    if path_filter.excludes(archive.relative_path):
        return
    try:
        with import_roots.open_file(archive.address) as path:
            members = list_members(path)
            if members is None:
                if path_filter.accepts(archive.relative_path):
                    yield archive
                return
            for member in members:
                display_path = to_printable(f"{archive.display_path}/{member.name}")
                if not _is_wanted(archive.relative_path, member.name, path_filter):
                    continue
                if isinstance(member, Member):
                    yield _describe_member(archive, member)
                else:
                    yield SourceProblem(display_path, member.reason, hides_files=member.hides_files)
    except OSError as exc:
        yield SourceProblem(archive.display_path, os_error_message(exc), hides_files=True)


def _describe_member(archive: SourceFile, member: Member) -> SourceFile:
    return replace(
        archive,
        address=os.path.join(archive.address, member.name),
        relative_path=to_printable(f"{archive.relative_path}/{member.name}"),
        display_path=to_printable(f"{archive.display_path}/{member.name}"),
        upload_name=to_printable(posixpath.basename(member.name)),
        size=member.size,
        fingerprint=member.fingerprint,
    )


def _is_wanted(archive: str, name: str, path_filter: PathFilter) -> bool:
    parts = name.split("/")
    if any(part.startswith(".") or part == _SYSTEM_FOLDER for part in parts):
        return False
    folders = (to_printable("/".join([archive, *parts[:end]])) for end in range(1, len(parts)))
    return not any(map(path_filter.excludes, folders)) and path_filter.accepts(to_printable(f"{archive}/{name}"))

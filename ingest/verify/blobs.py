"""Files against blobs, both ways: no file without its bytes, no bytes without a file.

Names are hashes, so 64 bits of each tell them apart: a million files take eight megabytes. What has no counterpart
is looked up again by its full name.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ingest import files
from ingest.blobs import part, raw, text
from ingest.db import audit
from ingest.db import files as file_rows
from ingest.steps.parse import PARSER_VERSION
from ingest.tools import Tools
from ingest.verify.report import Kind, Ledger

GRACE_SECONDS = 3_600.0
"""A blob without a file is an upload in progress, or was one that was cut off."""

DIGITS = 16
TOGETHER = 65_536

Marks = NDArray[np.uint64]


def check(tools: Tools, ledger: Ledger) -> int:
    """Compare; the number of blobs that files were uploaded as."""
    used = _sorted(blob for page in _files(tools) for _, _, blob in page)
    kept = _sorted(_hash(name) for name in tools.blobs.names("raw/"))
    _missing(tools, ledger, np.setdiff1d(used, kept, assume_unique=False))
    _left_over(tools, ledger, "raw/", "blob left over", "no file has these bytes", used)
    _left_over(tools, ledger, "text/", "text left over", "no file is read as this text", used)
    _parts(tools, ledger)
    return len(kept)


def _files(tools: Tools) -> Iterator[list[tuple[int, str, str]]]:
    last = 0
    while True:
        with tools.database.reading() as session:
            page = audit.blobs(session, last)
        if not page:
            return
        yield page
        last = page[-1][0]


def _sorted(hashes: Iterator[str]) -> Marks:
    parts = [np.zeros(0, np.uint64)]
    parts += [_marks(some) for some in _together(hashes)]
    return np.sort(np.concatenate(parts))


def _together(names: Iterator[str]) -> Iterator[list[str]]:
    while some := list(islice(names, TOGETHER)):
        yield some


def _marks(hashes: Sequence[str]) -> Marks:
    return np.array([_mark(each) for each in hashes], np.uint64)


def _mark(sha256: str) -> int:
    try:
        return int(sha256[:DIGITS], 16)
    except ValueError:  # nothing of ours is called so; the full name decides
        return 0


def _hash(name: str) -> str:
    """The hash in `raw/<hash>` or `text/<hash>-<version>-<extension>`."""
    return name.rpartition("/")[2].partition("-")[0]


def _missing(tools: Tools, ledger: Ledger, lost: Marks) -> None:
    if not len(lost):
        return
    for page in _files(tools):
        absent = np.isin(_marks([blob for _, _, blob in page]), lost)
        for (_, file_id, blob), gone in zip(page, absent, strict=True):
            if gone and not _exists(tools, raw(blob)) and _has(tools, file_id):
                ledger.found("blob missing", file_id, f"{raw(blob)}: upload the file again")


def _has(tools: Tools, file_id: str) -> bool:
    with tools.database.reading() as session:
        return audit.blob_of(session, file_id) is not None


def _left_over(tools: Tools, ledger: Ledger, prefix: str, kind: Kind, detail: str, used: Marks) -> None:
    outdated = 0
    for names in _together(tools.blobs.names(prefix)):
        known = np.isin(_marks([_hash(name) for name in names]), used)
        for name, has_file in zip(names, known, strict=True):
            if has_file and (prefix == "raw/" or name.startswith(text(_hash(name), PARSER_VERSION, ""))):
                continue
            if not _is_old(tools, name):
                continue
            if has_file:
                outdated += 1
                if ledger.repairing:
                    tools.blobs.delete(name)
            elif not _is_used(tools, _hash(name)):
                remove = partial(_dropped, tools, name) if prefix == "raw/" else partial(_deleted, tools, name)
                ledger.found(kind, name, detail, remove)
    if outdated:  # nobody did anything wrong: the parser is another one since
        what = "have been deleted" if ledger.repairing else "are deleted by a repair"
        ledger.hints.append(f"{outdated:,} texts of other versions of the parser, which nobody reads, {what}")


def _is_used(tools: Tools, blob: str) -> bool:
    with tools.database.reading() as session:
        return file_rows.blob_is_used(session, blob)


def _dropped(tools: Tools, name: str) -> str | None:
    files.drop_unused(tools, _hash(name))
    return None if _exists(tools, name) else "deleted"


def _deleted(tools: Tools, name: str) -> str:
    tools.blobs.delete(name)
    return "deleted"


def _parts(tools: Tools, ledger: Ledger) -> None:
    """The bytes of the parts of uploads, both ways."""
    kept = set(tools.blobs.names("part/"))
    with tools.database.reading() as session:
        known = audit.parts(session)
    names = {part(part_id) for part_id in known}
    for name in sorted(kept - names):
        if _is_old(tools, name):
            ledger.found("part left over", name, "no upload has this part", partial(_deleted, tools, name))
    absent = [part_id for part_id, needed in known.items() if needed and part(part_id) not in kept]
    for part_id in absent:
        if not _exists(tools, part(part_id)) and _still_needed(tools, part_id):
            ledger.found("part missing", part_id, "its upload can not be completed: send the part again")


def _still_needed(tools: Tools, part_id: str) -> bool:
    with tools.database.reading() as session:
        return audit.parts(session).get(part_id, False)


def _is_old(tools: Tools, name: str) -> bool:
    try:
        return tools.blobs.age_seconds(name) > GRACE_SECONDS
    except FileNotFoundError:
        return False


def _exists(tools: Tools, name: str) -> bool:
    try:
        tools.blobs.age_seconds(name)
    except FileNotFoundError:
        return False
    return True

"""Files against blobs, both ways: no file without its bytes, no bytes without a file.

Names are hashes, so 64 bits of each tell them apart: a million files take eight megabytes. What has no counterpart
is looked up again by its full name.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ingest.blobs import part, raw, text
from ingest.db.checks import expected_state
from ingest.db.content import files as file_rows
from ingest.services import Services
from ingest.steps.parse import PARSER_VERSION
from ingest.stores import files
from ingest.verify.report import Kind, Ledger

GRACE_SECONDS = 3_600.0
"""A blob without a file is an upload in progress, or was one that was cut off."""

DIGITS = 16
TOGETHER = 65_536

Marks = NDArray[np.uint64]


def check(services: Services, ledger: Ledger) -> int:
    """Compare; the number of blobs that files were uploaded as."""
    used = _sorted(blob for page in _files(services) for _, _, blob in page)
    kept = _sorted(_hash(name) for name in services.blobs.names("raw/"))
    _missing(services, ledger, np.setdiff1d(used, kept, assume_unique=False))
    _left_over(services, ledger, "raw/", "blob left over", "no file has these bytes", used)
    _left_over(services, ledger, "text/", "text left over", "no file is read as this text", used)
    _parts(services, ledger)
    return len(kept)


def _files(services: Services) -> Iterator[list[tuple[int, str, str]]]:
    last = 0
    while True:
        with services.database.reading() as session:
            page = expected_state.blobs(session, last)
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


def _missing(services: Services, ledger: Ledger, lost: Marks) -> None:
    if not len(lost):
        return
    for page in _files(services):
        absent = np.isin(_marks([blob for _, _, blob in page]), lost)
        for (_, file_id, blob), gone in zip(page, absent, strict=True):
            if gone and not _exists(services, raw(blob)) and _has(services, file_id):
                ledger.found("blob missing", file_id, f"{raw(blob)}: upload the file again")


def _has(services: Services, file_id: str) -> bool:
    with services.database.reading() as session:
        return expected_state.blob_of(session, file_id) is not None


def _left_over(services: Services, ledger: Ledger, prefix: str, kind: Kind, detail: str, used: Marks) -> None:
    outdated = 0
    for names in _together(services.blobs.names(prefix)):
        known = np.isin(_marks([_hash(name) for name in names]), used)
        for name, has_file in zip(names, known, strict=True):
            if has_file and (prefix == "raw/" or name.startswith(text(_hash(name), PARSER_VERSION, ""))):
                continue
            if not _is_old(services, name):
                continue
            if has_file:
                outdated += 1
                if ledger.repairing:
                    services.blobs.delete(name)
            elif not _is_used(services, _hash(name)):
                remove = partial(_dropped, services, name) if prefix == "raw/" else partial(_deleted, services, name)
                ledger.found(kind, name, detail, remove)
    if outdated:  # nobody did anything wrong: the parser is another one since
        what = "have been deleted" if ledger.repairing else "are deleted by a repair"
        ledger.hints.append(f"{outdated:,} texts of other versions of the parser, which nobody reads, {what}")


def _is_used(services: Services, blob: str) -> bool:
    with services.database.reading() as session:
        return file_rows.blob_is_used(session, blob)


def _dropped(services: Services, name: str) -> str | None:
    files.delete_blob_if_unreferenced(services, _hash(name))
    return None if _exists(services, name) else "deleted"


def _deleted(services: Services, name: str) -> str:
    services.blobs.delete(name)
    return "deleted"


def _parts(services: Services, ledger: Ledger) -> None:
    """The bytes of the parts of uploads, both ways."""
    kept = set(services.blobs.names("part/"))
    with services.database.reading() as session:
        known = expected_state.parts(session)
    names = {part(part_id) for part_id in known}
    for name in sorted(kept - names):
        if _is_old(services, name):
            ledger.found("part left over", name, "no upload has this part", partial(_deleted, services, name))
    absent = [part_id for part_id, needed in known.items() if needed and part(part_id) not in kept]
    for part_id in absent:
        if not _exists(services, part(part_id)) and _still_needed(services, part_id):
            ledger.found("part missing", part_id, "its upload can not be completed: send the part again")


def _still_needed(services: Services, part_id: str) -> bool:
    with services.database.reading() as session:
        return expected_state.parts(session).get(part_id, False)


def _is_old(services: Services, name: str) -> bool:
    try:
        return services.blobs.age_seconds(name) > GRACE_SECONDS
    except FileNotFoundError:
        return False


def _exists(services: Services, name: str) -> bool:
    try:
        services.blobs.age_seconds(name)
    except FileNotFoundError:
        return False
    return True

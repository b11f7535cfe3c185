"""Checks of files against blobs, in both directions: every file has its bytes, and every blob has a file.

Names of blobs are SHA-256 hashes. Comparing 64-bit prefixes needs 8 MB per million files. Mismatches are checked again by
the full name.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from ingest.blobs import part_key, raw_key, text_key
from ingest.db.checks import expected_state
from ingest.db.content import files as file_rows
from ingest.services import Services
from ingest.steps.parse import PARSER_VERSION
from ingest.stores import unclaimed_blobs
from ingest.verify.report import FindingKind, Ledger

GRACE_SECONDS = 3_600.0
"""Minimum age of an orphaned blob: a younger one may belong to an upload in progress."""

PREFIX_DIGITS = 16
PAGE_SIZE = 65_536
"""Names that are compared at a time."""

Prefixes = NDArray[np.uint64]
"""The first 64 bits of each hash."""


def check(services: Services, ledger: Ledger) -> int:
    """Record missing and orphaned blobs. Returns the number of uploaded blobs."""
    used = _sorted_prefixes(blob for page in _file_pages(services) for _, _, blob in page)
    stored = _sorted_prefixes(_hash_of(name) for name in services.blobs.list_keys("raw/"))
    _check_missing(services, ledger, np.setdiff1d(used, stored, assume_unique=False))
    _check_orphaned(services, ledger, "raw/", "blob_orphaned", "no file has these bytes", used)
    _check_orphaned(services, ledger, "text/", "text_orphaned", "no file has this text", used)
    _check_parts(services, ledger)
    return len(stored)


def _file_pages(services: Services) -> Iterator[list[tuple[int, str, str]]]:
    last_row = 0
    while True:
        with services.database.reading() as session:
            page = expected_state.list_blobs(session, last_row)
        if not page:
            return
        yield page
        last_row = page[-1][0]


def _sorted_prefixes(hashes: Iterator[str]) -> Prefixes:
    arrays = [np.zeros(0, np.uint64)]
    arrays += [_to_prefixes(page) for page in _pages(hashes)]
    return np.sort(np.concatenate(arrays))


def _pages(names: Iterator[str]) -> Iterator[list[str]]:
    while page := list(islice(names, PAGE_SIZE)):
        yield page


def _to_prefixes(hashes: Sequence[str]) -> Prefixes:
    return np.array([_to_prefix(sha256) for sha256 in hashes], np.uint64)


def _to_prefix(sha256: str) -> int:
    try:
        return int(sha256[:PREFIX_DIGITS], 16)
    except ValueError:  # no name of this service; the full name decides
        return 0


def _hash_of(name: str) -> str:
    """Return the hash in `raw/<hash>` or `text/<hash>-<version>-<extension>`."""
    return name.rpartition("/")[2].partition("-")[0]


def _check_missing(services: Services, ledger: Ledger, missing: Prefixes) -> None:
    if not len(missing):
        return
    for page in _file_pages(services):
        is_missing = np.isin(_to_prefixes([blob for _, _, blob in page]), missing)
        for (_, file_id, blob), is_gone in zip(page, is_missing, strict=True):
            if is_gone and not _blob_exists(services, raw_key(blob)) and _is_file(services, file_id):
                ledger.record("blob_missing", file_id, f"{raw_key(blob)} is lost: upload the file again")


def _is_file(services: Services, file_id: str) -> bool:
    with services.database.reading() as session:
        return expected_state.get_blob(session, file_id) is not None


def _check_orphaned(
    services: Services, ledger: Ledger, prefix: str, kind: FindingKind, detail: str, used: Prefixes
) -> None:
    outdated_texts = 0
    for names in _pages(services.blobs.list_keys(prefix)):
        are_used = np.isin(_to_prefixes([_hash_of(name) for name in names]), used)
        for name, is_used in zip(names, are_used, strict=True):
            if is_used and (prefix == "raw/" or name.startswith(text_key(_hash_of(name), PARSER_VERSION, ""))):
                continue
            if not _is_old(services, name):
                continue
            if is_used:
                outdated_texts += 1
                if ledger.repairing:
                    services.blobs.delete(name)
            elif not _blob_is_used(services, _hash_of(name)):
                repair = (
                    partial(_delete_unused_blob, services, name)
                    if prefix == "raw/"
                    else partial(_delete_blob, services, name)
                )
                ledger.record(kind, name, detail, repair)
    if outdated_texts:  # no finding: the parser version has changed
        action = "were deleted" if ledger.repairing else "can be deleted by a repair"
        ledger.hints.append(f"{outdated_texts:,} unused texts of other parser versions {action}")


def _blob_is_used(services: Services, blob: str) -> bool:
    with services.database.reading() as session:
        return file_rows.is_blob_used(session, blob)


def _delete_unused_blob(services: Services, name: str) -> str | None:
    unclaimed_blobs.delete_blob_if_unreferenced(services, _hash_of(name))
    return None if _blob_exists(services, name) else "deleted"


def _delete_blob(services: Services, name: str) -> str:
    services.blobs.delete(name)
    return "deleted"


def _check_parts(services: Services, ledger: Ledger) -> None:
    """Record missing and orphaned bytes of upload parts."""
    stored_names = set(services.blobs.list_keys("part/"))
    with services.database.reading() as session:
        is_needed_by_part = expected_state.list_parts(session)
    expected_names = {part_key(part_id) for part_id in is_needed_by_part}
    for name in sorted(stored_names - expected_names):
        if _is_old(services, name):
            ledger.record("part_orphaned", name, "no upload has this part", partial(_delete_blob, services, name))
    for part_id, is_needed in is_needed_by_part.items():
        if not is_needed or part_key(part_id) in stored_names:
            continue
        if not _blob_exists(services, part_key(part_id)) and _part_is_needed(services, part_id):
            ledger.record("part_missing", part_id, "its upload cannot be completed: send the part again")


def _part_is_needed(services: Services, part_id: str) -> bool:
    with services.database.reading() as session:
        return expected_state.list_parts(session).get(part_id, False)


def _is_old(services: Services, name: str) -> bool:
    try:
        return services.blobs.age_seconds(name) > GRACE_SECONDS
    except FileNotFoundError:
        return False


def _blob_exists(services: Services, name: str) -> bool:
    try:
        services.blobs.age_seconds(name)
    except FileNotFoundError:
        return False
    return True

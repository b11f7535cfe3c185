"""Checks of files against blobs, in both directions: every file has its bytes and as many as it had, and every blob has a file.

Names of blobs are SHA-256 hashes. Comparing 64-bit prefixes and sizes needs 16 MB per million files. Mismatches are checked
again by the full name. `blob_bytes.py` compares the bytes themselves.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from math import inf
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ingest.blobs import part_key, raw_key, text_key
from ingest.db.checks import expected_state
from ingest.db.checks.expected_state import FileBytes
from ingest.db.content import files as file_rows
from ingest.db.session import read_clock
from ingest.services import Services
from ingest.steps.parse import PARSER_VERSION
from ingest.stores import unclaimed_blobs
from ingest.verify.report import FindingKind, Ledger

GRACE_SECONDS = 3_600.0
"""Minimum age of an orphaned blob: a younger one may belong to an upload in progress."""

BACKUP_SECONDS = 3_600.0
"""A blob that is younger than the newest file by more than this may belong to a file that the database does not know, because
it was restored from an older backup."""

T = TypeVar("T")

PREFIX_DIGITS = 16
PAGE_SIZE = 65_536
"""Names that are compared at a time."""

Prefixes = NDArray[np.uint64]
"""The first 64 bits of each hash."""

Sizes = NDArray[np.int64]


def check(services: Services, ledger: Ledger) -> int:
    """Record missing and orphaned blobs. Returns the number of uploaded blobs."""
    used, sizes = _sorted_sizes((file.blob, file.size) for page in _file_pages(services) for file in page)
    stored, stored_sizes = _sorted_sizes((_hash_of(name), size) for name, size in services.blobs.list_sizes("raw/"))
    _check_used(services, ledger, _find_suspects(used, sizes, stored, stored_sizes))
    _check_orphaned(services, ledger, "raw/", "blob_orphaned", "no file has these bytes", used)
    _check_orphaned(services, ledger, "text/", "text_orphaned", "no file has this text", used)
    _check_parts(services, ledger)
    return len(stored)


def _find_suspects(used: Prefixes, sizes: Sizes, stored: Prefixes, stored_sizes: Sizes) -> Prefixes:
    """Return the blobs of files that are not stored, or with another size."""
    if not len(stored):
        return np.unique(used)
    slot = np.minimum(np.searchsorted(stored, used), len(stored) - 1)
    return np.unique(used[(stored[slot] != used) | (stored_sizes[slot] != sizes)])


def _file_pages(services: Services) -> Iterator[list[FileBytes]]:
    last_row = 0
    while True:
        with services.database.reading() as session:
            page = expected_state.list_blobs(session, last_row)
        if not page:
            return
        yield page
        last_row = page[-1].row


def _sorted_sizes(blobs: Iterator[tuple[str, int]]) -> tuple[Prefixes, Sizes]:
    """Return the prefixes of hashes in ascending order, and the size that belongs to each."""
    prefixes, sizes = [np.zeros(0, np.uint64)], [np.zeros(0, np.int64)]
    for page in _pages(blobs):
        prefixes.append(_to_prefixes([sha256 for sha256, _ in page]))
        sizes.append(np.array([size for _, size in page], np.int64))
    hashes = np.concatenate(prefixes)
    order = np.argsort(hashes)
    return hashes[order], np.concatenate(sizes)[order]


def _pages(names: Iterator[T]) -> Iterator[list[T]]:
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


def _check_used(services: Services, ledger: Ledger, suspects: Prefixes) -> None:
    """Record the files whose bytes are missing, or not as many as they had."""
    if not len(suspects):
        return
    for page in _file_pages(services):
        are_suspect = np.isin(_to_prefixes([file.blob for file in page]), suspects)
        for file, is_suspect in zip(page, are_suspect, strict=True):
            if not is_suspect or not _is_file(services, file.file_id):
                continue
            key, size = raw_key(file.blob), _size(services, raw_key(file.blob))
            if size is None:
                ledger.record("blob_missing", file.file_id, f"{key} is lost: upload the file again")
            elif size != file.size:
                detail = f"{key} has {size:,} bytes instead of {file.size:,}: upload the file again"
                ledger.record("blob_damaged", file.file_id, detail)


def _is_file(services: Services, file_id: str) -> bool:
    with services.database.reading() as session:
        return expected_state.get_file_bytes(session, file_id) is not None


def _check_orphaned(
    services: Services, ledger: Ledger, prefix: str, kind: FindingKind, detail: str, used: Prefixes
) -> None:
    outdated_texts = 0
    with services.database.reading() as session:
        newest_age = read_clock(session) - expected_state.last_created_at(session)
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
                if prefix == "raw/" and _age(services, name) < newest_age - BACKUP_SECONDS:
                    ledger.record(kind, name, f"{detail}, and they are newer than the newest file. {_KEPT}")
                    continue
                repair = (
                    partial(_delete_unused_blob, services, name)
                    if prefix == "raw/"
                    else partial(_delete_blob, services, name)
                )
                ledger.record(kind, name, detail, repair)
    if outdated_texts:  # no finding: the parser version has changed
        action = "were deleted" if ledger.repairing else "can be deleted by a repair"
        ledger.hints.append(f"{outdated_texts:,} unused texts of other parser versions {action}")


_KEPT = "The database may be an older backup, so a repair keeps them until newer files exist"


def _blob_is_used(services: Services, blob: str) -> bool:
    with services.database.reading() as session:
        return file_rows.is_blob_used(session, blob)


def _delete_unused_blob(services: Services, name: str) -> str | None:
    unclaimed_blobs.delete_blob_if_unreferenced(services, _hash_of(name))
    return "deleted" if _size(services, name) is None else None


def _delete_blob(services: Services, name: str) -> str:
    services.blobs.delete(name)
    return "deleted"


def _check_parts(services: Services, ledger: Ledger) -> None:
    """Record missing and orphaned bytes of upload parts."""
    stored_names = set(services.blobs.list_keys("part/"))
    with services.database.reading() as session:
        sizes = expected_state.list_parts(session)
    expected_names = {part_key(part_id) for part_id in sizes}
    for name in sorted(stored_names - expected_names):
        if _is_old(services, name):
            ledger.record("part_orphaned", name, "no upload has this part", partial(_delete_blob, services, name))
    for part_id, expected_size in sizes.items():
        size = None if expected_size is None else _size(services, part_key(part_id))
        if size == expected_size or not _part_is_needed(services, part_id):
            continue
        detail = "its upload cannot be completed: send the part again"
        if size is None:
            ledger.record("part_missing", part_id, detail)
        else:
            ledger.record("part_damaged", part_id, f"{size:,} bytes instead of {expected_size:,}; {detail}")


def _part_is_needed(services: Services, part_id: str) -> bool:
    with services.database.reading() as session:
        return expected_state.list_parts(session).get(part_id) is not None


def _is_old(services: Services, name: str) -> bool:
    return _age(services, name) > GRACE_SECONDS


def _age(services: Services, name: str) -> float:
    """Return the age of a blob in seconds; less than any other if it is gone."""
    try:
        return services.blobs.age_seconds(name)
    except FileNotFoundError:
        return -inf


def _size(services: Services, name: str) -> int | None:
    try:
        return services.blobs.size(name)
    except FileNotFoundError:
        return None

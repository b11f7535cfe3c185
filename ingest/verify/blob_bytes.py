"""The bytes of blobs: are they those that were stored? Reads them all, at a pace.

Uploaded files and parts of uploads are compared with their SHA-256, stored texts with the digest at their beginning.
"""

import hashlib

from ingest.blobs import part_key, raw_key
from ingest.db.checks import expected_state
from ingest.services import Services
from ingest.steps import parsed_text
from ingest.verify.pace import Pace
from ingest.verify.report import Ledger


def check(services: Services, ledger: Ledger, pace: Pace) -> None:
    """Record damaged blobs. Only texts can be repaired: they are deleted, and parsed again when they are needed."""
    for key in services.blobs.list_keys("raw/"):
        sha256 = key.removeprefix("raw/")
        if _hash(services, key, pace) not in (sha256, None):
            record_damaged_blob(services, ledger, sha256, "does not have the hash of the uploaded bytes")
    for key in services.blobs.list_keys("text/"):
        if _is_damaged_text(services, key, pace):
            ledger.record("text_damaged", key, "does not have the digest of the stored text", _Deletion(services, key))
    with services.database.reading() as session:
        sha256_by_part = expected_state.list_part_hashes(session)
    for part_id, sha256 in sha256_by_part.items():
        if _hash(services, part_key(part_id), pace) not in (sha256, None):
            ledger.record("part_damaged", part_id, "its upload cannot be completed: send the part again")


def is_intact(services: Services, sha256: str) -> bool:
    """Return whether an uploaded blob exists and has this hash."""
    return _hash(services, raw_key(sha256), Pace()) == sha256


def record_damaged_blob(services: Services, ledger: Ledger, sha256: str, what: str) -> None:
    """Record every file whose bytes are in a damaged blob; nothing else has them."""
    with services.database.reading() as session:
        file_ids = expected_state.list_files_of_blob(session, sha256)
    for file_id in file_ids:
        detail = f"{raw_key(sha256)} {what}: upload the file again, which replaces the bytes"
        ledger.record("blob_damaged", file_id, detail)


def _hash(services: Services, key: str, pace: Pace) -> str | None:
    """Return the SHA-256 of a blob in hex; None if it is gone, which another check reports."""
    digest = hashlib.sha256()
    try:
        for block in services.blobs.stream(key):
            digest.update(block)
            pace.spend(len(block))
    except FileNotFoundError:
        return None
    return digest.hexdigest()


def _is_damaged_text(services: Services, key: str, pace: Pace) -> bool:
    try:
        data = services.blobs.read(key)
    except FileNotFoundError:
        return False
    pace.spend(len(data))
    return parsed_text.is_damaged(data)


class _Deletion:
    """The repair of a damaged text."""

    def __init__(self, services: Services, key: str) -> None:
        self._services, self._key = services, key

    def __call__(self) -> str:
        self._services.blobs.delete(self._key)
        return "deleted; it is parsed again when it is needed"

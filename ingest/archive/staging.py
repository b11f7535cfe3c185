"""Staged parts of a restore: blobs and points that are written before their store exists.

They have ids and row numbers of their own. Until the store exists, its purge job and the reservations of the blobs list them
for deletion, so maintenance removes the parts of a restore that was killed.
"""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import IO, Any

from ingest import ids
from ingest.archive.format import FileRecord
from ingest.archive.reader import ArchiveReader
from ingest.blobs import raw_key
from ingest.caller import Caller
from ingest.db import row_numbers
from ingest.db.content import archives as rows
from ingest.db.content import unclaimed_blobs
from ingest.errors import DependencyDown, Refused, TooLarge
from ingest.services import Services
from ingest.steps.index import Index, PointOwner, add_checksums, chunk_checksum
from ingest.stores import files
from ingest.stores.unclaimed_blobs import release_reservation
from ingest.stores.uploads import MAX_UPLOAD_BYTES

LEASE_SECONDS = 3_600.0
"""Upper bound of the time that one file may take to be sent to a bucket."""

RENEW_SECONDS = 60.0

POINTS_PER_WRITE = 500

LEASE_LOST = "The import paused for longer than its lease. The service deletes what it had written. Run it again."


@dataclass
class Staging:
    """The staged parts of one restore. The list of files is in a temporary file: an archive may have millions."""

    services: Services
    store_id: str
    job: int
    """The purge job of the store, which is also the lease of the restore."""
    spool: IO[str]
    reservations: list[int] = field(default_factory=list)
    blobs: list[str] = field(default_factory=list)
    file_counts: Counter[str] = field(default_factory=Counter)
    """Files by status."""
    _renewed_at: float = field(default_factory=time.monotonic)

    def add_files(self, archive: ArchiveReader, caller: Caller, index: Index | None) -> None:
        """Write the blobs of all files of an archive, and their points if there is an index for them."""
        for number, record in archive.files():
            file_id = ids.new("file-")
            with self.services.database.transaction() as session:
                row = row_numbers.reserve(session)
            filename = files.clean_filename(record.filename)
            owner = PointOwner(row, 1, caller.project, self.store_id, file_id, filename, record.attributes)
            points, checksum = archive.points(number, record, archive.manifest.vectors), 0
            while page := list(islice(points, POINTS_PER_WRITE)):
                if index is not None:
                    index.upsert(owner, page)
                checksum = add_checksums(checksum, (chunk_checksum(point.number, point.text) for point in page))
                self._renew_lease()
            self._add_content(archive, number, record)
            self.file_counts[record.status] += 1
            added = {"id": file_id, "row": row, "text_checksum": checksum}
            self.spool.write(json.dumps({**record.model_dump(), **added}) + "\n")
            self._renew_lease()

    def files(self) -> Iterator[dict[str, Any]]:
        """Yield the record of each staged file, with its new `id` and `row`, and the checksum of its texts."""
        self.spool.seek(0)
        for line in self.spool:
            yield json.loads(line)

    def discard(self) -> None:
        """Delete the staged parts now. What cannot be deleted now is left to maintenance."""
        with suppress(DependencyDown):
            with self.services.database.transaction() as session:
                rows.abort_restore(session, self.job, self.store_id)
            for reservation, blob in zip(self.reservations, self.blobs, strict=False):
                release_reservation(self.services, reservation, blob)

    def _add_content(self, archive: ArchiveReader, number: int, record: FileRecord) -> None:
        try:
            content = self._renew_between_blocks(archive.content(number, record))
            with self.services.blobs.stage(content, max_bytes=MAX_UPLOAD_BYTES) as staged:
                with self.services.database.transaction() as session:
                    self.reservations.append(unclaimed_blobs.reserve(session, staged.sha256))
                self.blobs.append(staged.sha256)
                self.services.blobs.store(staged, raw_key(staged.sha256))
        except TooLarge as exc:
            raise Refused(f"{record.source} ({record.filename}) is larger than an upload may be.") from exc

    def _renew_between_blocks(self, blocks: Iterator[bytes]) -> Iterator[bytes]:
        """Yield the blocks, and renew the lease: reading them may take longer than the lease."""
        for block in blocks:
            yield block
            self._renew_lease()

    def _renew_lease(self) -> None:
        if time.monotonic() - self._renewed_at < RENEW_SECONDS:
            return
        with self.services.database.transaction() as session:
            if not rows.renew_restore(session, self.job, self.reservations, lease_seconds=LEASE_SECONDS):
                raise Refused(LEASE_LOST)
        self._renewed_at = time.monotonic()

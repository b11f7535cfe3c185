"""`ingest export`: writes a store to an archive."""

import base64
import hashlib
import io
import os
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from ingest.archive.format import (
    ABOUT,
    CONTENT,
    END,
    MANIFEST,
    POINTS,
    ArchiveEnd,
    Document,
    FileRecord,
    Manifest,
    PointRecord,
    StoreRecord,
    VectorSpec,
    entry_name,
)
from ingest.blobs import BLOCK_BYTES, raw_key
from ingest.db.content import archives as rows
from ingest.db.content.archives import ExportedFile
from ingest.db.session import read_clock
from ingest.errors import Refused
from ingest.services import Services
from ingest.steps import bm25
from ingest.steps.index import Point


@dataclass(frozen=True)
class ArchiveSummary:
    """Contents of a written archive."""

    store_id: str
    files: int
    points: int


def vector_spec(services: Services, model: str) -> VectorSpec:
    """Describe the vectors that this service makes with a model."""
    embedder = services.embedder_of(model)
    return VectorSpec(model=model, dimensions=embedder.dimensions, multivector=embedder.window_tokens is not None)


def export_store(services: Services, store: str, target: Path) -> ArchiveSummary:
    """Write the store with this id or name to a new file. The file appears only when it is complete.

    Raises Refused, also if a file of the store changes during the export, and DependencyDown.
    """
    if target.exists():
        raise Refused(f"{target} exists already.")
    descriptor, partial = tempfile.mkstemp(dir=target.absolute().parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as tar:
                summary = _write_entries(services, store, tar)
            file.flush()
            os.fsync(file.fileno())
        Path(partial).replace(target)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(partial)
    return summary


def _write_entries(services: Services, name: str, tar: tarfile.TarFile) -> ArchiveSummary:
    with services.database.reading() as session:
        store = rows.find_store(session, name)
        created_at = int(read_clock(session))
    if store is None:
        raise Refused(f"There is no store '{name}', or several have that name.")
    if store.in_progress:
        raise Refused(f"{store.in_progress:,} files of the store are in progress; wait for them, or cancel them.")
    if store.standby_state == "mixed":
        raise Refused("The store is migrating to another embedding model file by file; wait for it, or roll it back.")
    store_record = StoreRecord(
        name=store.name,
        description=store.description,
        metadata=store.meta,
        expires_after_days=store.expires_after_days,
        languages=list(bm25.languages_of_bits(store.languages)) if store.languages else [],
    )
    manifest = Manifest(
        created_at=created_at, source=store.id, vectors=vector_spec(services, store.model), store=store_record
    )
    digest = hashlib.sha256(_write_document(tar, MANIFEST, manifest))
    file_count = point_count = 0
    for file in _exported_files(services, store.id):
        digest.update(_write_file(services, tar, file_count, file, store.model))
        file_count, point_count = file_count + 1, point_count + file.chunks
    _write_document(tar, END, ArchiveEnd(files=file_count, sha256=digest.hexdigest()))
    return ArchiveSummary(store.id, file_count, point_count)


def _exported_files(services: Services, store_id: str) -> Iterator[ExportedFile]:
    last_row = 0
    while True:
        with services.database.reading() as session:
            page = rows.export_page(session, store_id, last_row)
        if not page:
            return
        yield from page
        last_row = page[-1].row


def _write_file(services: Services, tar: tarfile.TarFile, number: int, file: ExportedFile, model: str) -> bytes:
    if file.status not in ("completed", "failed", "cancelled"):
        raise Refused(f"{file.file_id} ({file.filename}) was queued during the export. Run it again.")
    with tempfile.TemporaryFile() as spool:
        digest, point_count = hashlib.sha256(), 0
        if file.generation is not None:
            if file.model != model:
                raise Refused("The store migrated to another embedding model during the export. Run it again.")
            for point in services.index_of(model).read_points(file.row, file.generation, file.file_id):
                line = _point_line(point)
                digest.update(line)
                spool.write(line)
                point_count += 1
        if point_count != file.chunks:
            raise Refused(
                f"{file.file_id} ({file.filename}) has {point_count:,} of its {file.chunks:,} points: it has just changed, or "
                "they are lost. Run it again, or run `ingest verify --repair`."
            )
        fields = {name: getattr(file, name) for name in FileRecord.model_fields if hasattr(file, name)}
        record = FileRecord(**fields, source=file.file_id, sha256=file.blob, points_sha256=digest.hexdigest())
        document = _write_document(tar, entry_name(number, ABOUT), record)
        size = spool.tell()
        spool.seek(0)
        _add_entry(tar, entry_name(number, POINTS), size, spool)
    try:
        _add_entry(
            tar, entry_name(number, CONTENT), file.bytes, _BlockReader(services.blobs.stream(raw_key(file.blob)))
        )
    except FileNotFoundError as exc:
        raise Refused(
            f"The bytes of {file.file_id} ({file.filename}) are lost. Run `ingest verify` for details."
        ) from exc
    return document


def _point_line(point: Point) -> bytes:
    windows = np.ascontiguousarray(point.dense, dtype="<f4").tobytes()
    record = PointRecord(
        number=point.number,
        text=point.text,
        location=None if point.location is None else dict(point.location),
        windows=base64.b64encode(windows).decode(),
        indices=np.asarray(point.sparse.indices, np.int64).tolist(),
        values=np.asarray(point.sparse.values, np.float64).tolist(),
    )
    return record.model_dump_json().encode() + b"\n"


def _write_document(tar: tarfile.TarFile, name: str, document: Document) -> bytes:
    data = document.model_dump_json().encode()
    _add_entry(tar, name, len(data), io.BytesIO(data))
    return data


def _add_entry(tar: tarfile.TarFile, name: str, size: int, file: "IO[bytes] | _BlockReader") -> None:
    entry = tarfile.TarInfo(name)
    entry.size = size
    tar.addfile(entry, file)


class _BlockReader:
    """A file-like object over an iterator of blocks, for `tarfile`."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = b""

    def read(self, size: int = BLOCK_BYTES) -> bytes:
        while len(self._rest) < size and (block := next(self._blocks, b"")):
            self._rest += block
        data, self._rest = self._rest[:size], self._rest[size:]
        return data

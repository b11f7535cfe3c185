"""`ingest export`: a store into an archive."""

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
    About,
    Document,
    End,
    Manifest,
    PointLine,
    Vectors,
    member,
)
from ingest.archive.format import Store as StoreForm
from ingest.blobs import BLOCK, raw
from ingest.db.content import archives as rows
from ingest.db.content.archives import Exported
from ingest.db.session import read_clock
from ingest.errors import Refused
from ingest.services import Services
from ingest.steps.index import Point


@dataclass(frozen=True)
class Written:
    """What an archive holds."""

    store_id: str
    files: int
    points: int


def vectors(services: Services, model: str) -> Vectors:
    """By what this service makes points of a model."""
    embedder = services.embedder_of(model)
    return Vectors(model=model, dimensions=embedder.dimensions, multivector=embedder.window_tokens is not None)


def write(services: Services, store: str, target: Path) -> Written:
    """Write the store with this id or name to a new file, which is there as a whole or not at all.

    Raises Refused, also when a file of the store changes meanwhile; DependencyDown.
    """
    if target.exists():
        raise Refused(f"{target} exists already.")
    descriptor, partial = tempfile.mkstemp(dir=target.absolute().parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as tar:
                written = _write(services, store, tar)
            file.flush()
            os.fsync(file.fileno())
        Path(partial).replace(target)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(partial)
    return written


def _write(services: Services, name: str, tar: tarfile.TarFile) -> Written:
    with services.database.reading() as session:
        store = rows.store(session, name)
        at = int(read_clock(session))
    if store is None:
        raise Refused(f"There is no store '{name}', or several have that name.")
    if store.in_progress:
        raise Refused(f"{store.in_progress:,} files of the store are in progress; wait for them, or cancel them.")
    if store.other_state == "mixed":
        raise Refused("The store goes over to another embedding model file by file; wait for it, or roll it back.")
    about = StoreForm(
        name=store.name, description=store.description, metadata=store.meta, expires_after_days=store.expires_after_days
    )
    manifest = Manifest(created_at=at, source=store.id, vectors=vectors(services, store.model), store=about)
    digest = hashlib.sha256(_document(tar, MANIFEST, manifest))
    count = points = 0
    for file in _files(services, store.id):
        digest.update(_file(services, tar, count, file, store.model))
        count, points = count + 1, points + file.chunks
    _document(tar, END, End(files=count, sha256=digest.hexdigest()))
    return Written(store.id, count, points)


def _files(services: Services, store_id: str) -> Iterator[Exported]:
    last = 0
    while True:
        with services.database.reading() as session:
            page = rows.exported(session, store_id, last)
        if not page:
            return
        yield from page
        last = page[-1].row


def _file(services: Services, tar: tarfile.TarFile, number: int, file: Exported, model: str) -> bytes:
    if file.status not in ("completed", "failed", "cancelled"):
        raise Refused(f"{file.file_id} ({file.filename}) went to work while the store was exported. Run it again.")
    with tempfile.TemporaryFile() as spool:
        digest, found = hashlib.sha256(), 0
        if file.generation is not None:
            if file.model != model:
                raise Refused("The store went over to another embedding model while it was exported. Run it again.")
            for point in services.index_of(model).read(file.row, file.generation):
                line = _line(point)
                digest.update(line)
                spool.write(line)
                found += 1
        if found != file.chunks:
            raise Refused(
                f"{file.file_id} ({file.filename}) has {found:,} of its {file.chunks:,} points: it has just changed, or "
                "they are lost. Run it again, or `ingest verify --repair`."
            )
        facts = {name: getattr(file, name) for name in About.model_fields if hasattr(file, name)}
        about = About(**facts, source=file.file_id, sha256=file.blob, points_sha256=digest.hexdigest())
        document = _document(tar, member(number, ABOUT), about)
        size = spool.tell()
        spool.seek(0)
        _add(tar, member(number, POINTS), size, spool)
    try:
        _add(tar, member(number, CONTENT), file.bytes, _Blocks(services.blobs.blocks(raw(file.blob))))
    except FileNotFoundError as exc:
        raise Refused(f"The bytes of {file.file_id} ({file.filename}) are lost. `ingest verify` tells more.") from exc
    return document


def _line(point: Point) -> bytes:
    windows = np.ascontiguousarray(point.dense, dtype="<f4").tobytes()
    line = PointLine(
        number=point.number,
        text=point.text,
        page=point.page,
        windows=base64.b64encode(windows).decode(),
        indices=np.asarray(point.sparse.indices, np.int64).tolist(),
        values=np.asarray(point.sparse.values, np.float64).tolist(),
    )
    return line.model_dump_json().encode() + b"\n"


def _document(tar: tarfile.TarFile, name: str, document: Document) -> bytes:
    data = document.model_dump_json().encode()
    _add(tar, name, len(data), io.BytesIO(data))
    return data


def _add(tar: tarfile.TarFile, name: str, size: int, file: "IO[bytes] | _Blocks") -> None:
    about = tarfile.TarInfo(name)
    about.size = size
    tar.addfile(about, file)


class _Blocks:
    """Blocks as a file."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = b""

    def read(self, size: int = BLOCK) -> bytes:
        while len(self._rest) < size and (block := next(self._blocks, b"")):
            self._rest += block
        given, self._rest = self._rest[:size], self._rest[size:]
        return given

"""`ingest import-archive`: a store out of an archive, as a whole or not at all.

Bytes and points are brought first, under ids and row numbers that nobody else has; while they belong to nothing, the
work lists that clean up after killed processes know of them. Then one transaction makes the store, its files and their
places in it. Killed before it, nothing is ever seen; the sweep removes what was brought.
"""

import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any

from ingest import ids
from ingest.archive.format import About, Manifest, Vectors
from ingest.archive.reader import Archive, opened
from ingest.archive.writer import vectors
from ingest.blobs import raw
from ingest.caller import Caller
from ingest.db.content import archives as rows
from ingest.db.content import unclaimed_blobs as loose_rows
from ingest.db.models import FileBatch, VectorStore
from ingest.db.queue import membership
from ingest.db.queue.membership import Member
from ingest.db.session import read_clock
from ingest.db.tenancy import keys as key_rows
from ingest.errors import DependencyDown, Refused, TooLarge
from ingest.services import Services
from ingest.steps.index import Index, PointOwner
from ingest.stores import files
from ingest.stores.uploads import MAX_UPLOAD_BYTES

LEASE_SECONDS = 3_600.0
"""One file may take so long to be sent to a bucket."""

RENEW_SECONDS = 60.0

LOOKS, LOOK_SECONDS = 30, 1.0
"""How often we ask a database that was lost in the last moment what it did, and how long after the time before."""

TOGETHER = 500
"""Rows, or points, that are written at once."""


@dataclass(frozen=True)
class Brought:
    """The new store, and how many files came out how; `batch` is the one in which they are embedded anew."""

    store_id: str
    source: str
    files: dict[str, int]
    batch: str | None


@dataclass
class _Cargo:
    """What has been brought so far and belongs to nothing yet. The list of files is on disk."""

    store_id: str
    job: int
    spool: IO[str]
    loose: list[int] = field(default_factory=list)
    blobs: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    renewed: float = field(default_factory=time.monotonic)


def bring(
    services: Services, path: Path, *, project: str, name: str | None, mapping: IO[str] | None, re_embed: bool
) -> Brought:
    """Make a store of an archive; `mapping` gets a line for each file: its id there and here.

    With `re_embed` the files are attached like new ones. Raises Refused or DependencyDown, and then nothing is there.
    """
    with services.database.reading() as session:
        owner = key_rows.project(session, project)
    if owner is None:
        raise Refused(f"There is no project '{project}'. Make it with `ingest projects create`.")
    caller = Caller(owner.id)
    with opened(path) as archive, tempfile.TemporaryFile("w+") as spool:
        model = services.settings.default_model if re_embed else _same(services, archive.manifest.vectors)
        store_id = ids.new("vs_")
        with services.database.transaction() as session:
            job = rows.begin(session, store_id, lease_seconds=LEASE_SECONDS)
        cargo = _Cargo(store_id, job, spool)
        try:
            _fetch(services, caller, archive, cargo, None if re_embed else services.index_of(model))
            batch = _made(services, caller, archive.manifest, cargo, name, model, re_embed)
        except BaseException:
            _drop(services, cargo)
            raise
        with suppress(DependencyDown), services.database.transaction() as session:  # the sweep would see the same
            rows.settle(session, cargo.loose)
        if mapping is not None:
            mapping.writelines(f"{each['source']}\t{each['id']}\n" for each in _listed(cargo))
    return Brought(store_id, archive.manifest.source, dict(cargo.counts), batch)


def _same(services: Services, there: Vectors) -> str:
    """The model here that makes the same vectors. Raises Refused."""
    if there.model not in services.settings.models:
        names = ", ".join(services.settings.models)
        raise Refused(
            f"The archive's vectors are of {there.model} ({there.dimensions}), this service's of {names}. "
            "--re-embed attaches the files and embeds them anew."
        )
    here = vectors(services, there.model)
    if here != there:
        raise Refused(
            f"The archive's vectors are of {there.model} ({there.dimensions}), this service's of {here.model} "
            f"({here.dimensions}). --re-embed attaches the files and embeds them anew."
        )
    return there.model


def _fetch(services: Services, caller: Caller, archive: Archive, cargo: _Cargo, index: Index | None) -> None:
    """Bring bytes, and points where there is an index for them."""
    for number, about in archive.files():
        file_id = ids.new("file-")
        with services.database.transaction() as session:
            row = rows.reserve(session)
        owner = PointOwner(
            row, 1, caller.project, cargo.store_id, file_id, files.clean_name(about.filename), about.attributes
        )
        points = archive.points(number, about, archive.manifest.vectors)
        while some := list(islice(points, TOGETHER)):
            if index is not None:
                index.upsert(owner, some)
            _renew(services, cargo)
        _keep(services, archive, number, about, cargo)
        cargo.counts[about.status] += 1
        cargo.spool.write(json.dumps({**about.model_dump(), "id": file_id, "row": row}) + "\n")
        _renew(services, cargo)


def _keep(services: Services, archive: Archive, number: int, about: About, cargo: _Cargo) -> None:
    try:
        content = _renewing(services, cargo, archive.content(number, about))
        with services.blobs.staged(content, max_bytes=MAX_UPLOAD_BYTES) as staged:
            with services.database.transaction() as session:
                cargo.loose.append(loose_rows.expect(session, staged.sha256))
            cargo.blobs.append(staged.sha256)
            services.blobs.keep(staged, raw(staged.sha256))
    except TooLarge as exc:
        raise Refused(f"{about.source} ({about.filename}) is larger than any upload may be.") from exc


def _renewing(services: Services, cargo: _Cargo, blocks: Iterator[bytes]) -> Iterator[bytes]:
    """The same blocks, which may take longer than a lease lasts."""
    for block in blocks:
        yield block
        _renew(services, cargo)


def _renew(services: Services, cargo: _Cargo) -> None:
    if time.monotonic() - cargo.renewed < RENEW_SECONDS:
        return
    with services.database.transaction() as session:
        if not rows.renew(session, cargo.job, cargo.loose, lease_seconds=LEASE_SECONDS):
            raise Refused("The import stood still for too long; what it had brought is being removed. Run it again.")
    cargo.renewed = time.monotonic()


def _made(
    services: Services, caller: Caller, manifest: Manifest, cargo: _Cargo, name: str | None, model: str, re_embed: bool
) -> str | None:
    """As `_make`, also when all was done and only the database's answer was lost."""
    try:
        return _make(services, caller, manifest, cargo, name, model, re_embed)
    except DependencyDown:
        for _ in range(LOOKS):
            time.sleep(LOOK_SECONDS)
            with suppress(DependencyDown), services.database.transaction() as session:
                if not rows.is_made(session, cargo.job, cargo.store_id):
                    break
                return rows.batch_of(session, cargo.store_id)
        raise


def _make(
    services: Services, caller: Caller, manifest: Manifest, cargo: _Cargo, name: str | None, model: str, re_embed: bool
) -> str | None:
    """The one transaction in which everything comes to be; the id of the batch, if there is one."""
    about = manifest.store
    batch = FileBatch(id=ids.new("vsfb_"), vector_store_id=cargo.store_id)
    with services.database.transaction() as session:
        if not rows.keep(session, cargo.job):
            raise Refused("The import stood still for too long; what it had brought is being removed. Run it again.")
        at = read_clock(session)
        session.add(
            VectorStore(
                id=cargo.store_id,
                project=caller.project,
                name=about.name if name is None else name,
                description=about.description,
                model=model,
                meta=about.metadata,
                created_at=int(at),
                last_active_at=int(at),
                expires_after_days=about.expires_after_days,
                **({} if re_embed else _sums(cargo)),
            )
        )
        session.flush()
        listed = _listed(cargo)
        members: list[Member] = []
        while some := list(islice(listed, TOGETHER)):
            made = [_file(each, caller.project, int(at)) for each in some]
            rows.add(session, made, [] if re_embed else [_member(each, cargo.store_id, model, at) for each in some])
            members += [_again(each) for each in some] if re_embed else []
        if not members:
            return None
        batch.created_at = int(at)
        membership.attach(session, cargo.store_id, members, batch)
    return batch.id


def _sums(cargo: _Cargo) -> dict[str, int]:
    """The counters of the store."""
    sums: Counter[str] = Counter(cargo.counts)
    for each in _listed(cargo):
        for name in ("chunks", "terms", "usage_bytes"):
            sums[name] += each[name]
    return dict(sums)


def _listed(cargo: _Cargo) -> Iterator[dict[str, Any]]:
    cargo.spool.seek(0)
    for line in cargo.spool:
        yield json.loads(line)


def _file(each: dict[str, Any], project: str, at: int) -> dict[str, Any]:
    return {
        "id": each["id"],
        "project": project,
        "filename": files.clean_name(each["filename"]),
        "bytes": each["bytes"],
        "purpose": each["purpose"],
        "blob": each["sha256"],
        "created_at": at,
        "expires_at": None,
    }


def _member(each: dict[str, Any], store_id: str, model: str, at: float) -> dict[str, Any]:
    same = ("row", "attributes", "chunk_tokens", "chunk_overlap", "status", "error_code", "error_message")
    sizes = ("chunks", "terms", "usage_bytes")
    return {name: each[name] for name in (*same, *sizes)} | {
        "vector_store_id": store_id,
        "file_id": each["id"],
        "created_at": int(at),
        "queued_at": at,
        "fence": 1,
        "generation": 1,
        "live_generation": 1 if each["status"] == "completed" else None,
        "model": model if each["status"] == "completed" else None,
    }


def _again(each: dict[str, Any]) -> Member:
    return Member(each["id"], each["attributes"], each["chunk_tokens"], each["chunk_overlap"])


def _drop(services: Services, cargo: _Cargo) -> None:
    """Remove at once what was brought in vain; what cannot be removed now, the sweep removes."""
    with suppress(DependencyDown):
        with services.database.transaction() as session:
            rows.give_up(session, cargo.job, cargo.store_id)
        for loose, blob in zip(cargo.loose, cargo.blobs, strict=False):
            files.discard_unclaimed_blob(services, loose, blob)

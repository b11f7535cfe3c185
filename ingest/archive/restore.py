"""`ingest import-archive`: restores a store from an archive, completely or not at all.

First the blobs and points are staged (staging.py). Then one transaction creates the store, its files and their membership.
If the process is killed before that transaction, the store is never visible, and maintenance deletes the staged parts.
"""

import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any

from ingest import ids
from ingest.archive.format import Manifest, VectorSpec
from ingest.archive.reader import open_archive
from ingest.archive.staging import LEASE_LOST, LEASE_SECONDS, Staging
from ingest.archive.writer import vector_spec
from ingest.caller import Caller
from ingest.db.content import archives as rows
from ingest.db.content import unclaimed_blobs
from ingest.db.models import FileBatch, VectorStore
from ingest.db.queue import membership
from ingest.db.queue.membership import Member
from ingest.db.session import read_clock
from ingest.db.tenancy import keys as key_rows
from ingest.errors import DependencyDown, Refused
from ingest.services import Services
from ingest.steps import bm25
from ingest.stores import files

OUTCOME_CHECKS, OUTCOME_CHECK_SECONDS = 30, 1.0
"""Number of checks, and time between them, whether the transaction of the restore was committed although its answer was
lost."""

ROWS_PER_INSERT = 500


@dataclass(frozen=True)
class RestoredStore:
    """The new store, and its files by status. `batch_id` names the batch that embeds the files again, if there is one."""

    store_id: str
    source: str
    """Id of the store that was exported."""
    file_counts: dict[str, int]
    batch_id: str | None


@dataclass(frozen=True)
class _StoreOptions:
    """How the new store differs from the exported one."""

    project: str
    model: str
    name: str | None
    """None keeps the name."""
    re_embed: bool


def restore_store(
    services: Services, path: Path, *, project: str, name: str | None, mapping: IO[str] | None, re_embed: bool
) -> RestoredStore:
    """Create a store from an archive. Raises Refused or DependencyDown, and then nothing was created.

    With `re_embed`, the files are queued like new ones and the points of the archive are not used. `mapping` receives a
    line per file: the exported id, a tab, the new id.
    """
    with services.database.reading() as session:
        owner = key_rows.get_project(session, project)
    if owner is None:
        raise Refused(f"There is no project '{project}'. Create it with `ingest projects create`.")
    caller = Caller(owner.id)
    with open_archive(path) as archive, tempfile.TemporaryFile("w+") as spool:
        model = services.settings.default_model if re_embed else _local_model(services, archive.manifest.vectors)
        store_id = ids.new("vs_")
        with services.database.transaction() as session:
            job = rows.begin_restore(session, store_id, lease_seconds=LEASE_SECONDS)
        staging = Staging(services, store_id, job, spool)
        try:
            staging.add_files(archive, caller, None if re_embed else services.index_of(model))
            options = _StoreOptions(caller.project, model, name, re_embed)
            batch_id = _create_store_once(services, archive.manifest, staging, options)
        except BaseException:
            staging.discard()
            raise
        with suppress(DependencyDown), services.database.transaction() as session:  # maintenance would do it later
            unclaimed_blobs.mark_all_claimed(session, staging.reservations)
        if mapping is not None:
            mapping.writelines(f"{file['source']}\t{file['id']}\n" for file in staging.files())
    return RestoredStore(store_id, archive.manifest.source, dict(staging.file_counts), batch_id)


def _local_model(services: Services, archived: VectorSpec) -> str:
    """Return the configured model that makes the same vectors. Raises Refused if there is none."""
    hint = "--re-embed attaches the files and embeds them again."
    if archived.model not in services.settings.models:
        names = ", ".join(services.settings.models)
        raise Refused(
            f"The vectors of the archive are from {archived.model} ({archived.dimensions}), "
            f"but this service has {names}. {hint}"
        )
    local = vector_spec(services, archived.model)
    if local != archived:
        raise Refused(
            f"The vectors of the archive are from {archived.model} ({archived.dimensions}), "
            f"but this service has {local.model} ({local.dimensions}). {hint}"
        )
    return archived.model


def _create_store_once(services: Services, manifest: Manifest, staging: Staging, options: _StoreOptions) -> str | None:
    """Create the store and return the id of its batch, also if only the answer to the commit was lost."""
    try:
        return _create_store(services, manifest, staging, options)
    except DependencyDown:
        for _ in range(OUTCOME_CHECKS):
            time.sleep(OUTCOME_CHECK_SECONDS)
            with suppress(DependencyDown), services.database.transaction() as session:
                if not rows.is_restored(session, staging.job, staging.store_id):
                    break
                return rows.batch_of_restored_store(session, staging.store_id)
        raise


def _create_store(services: Services, manifest: Manifest, staging: Staging, options: _StoreOptions) -> str | None:
    """Create store, files and members in one transaction. Returns the id of the batch that embeds the files, if any."""
    record = manifest.store
    known_languages = [language for language in record.languages if language in bm25.LANGUAGES]
    batch = FileBatch(id=ids.new("vsfb_"), vector_store_id=staging.store_id)
    with services.database.transaction() as session:
        if not rows.end_restore(session, staging.job):
            raise Refused(LEASE_LOST)
        now = read_clock(session)
        session.add(
            VectorStore(
                id=staging.store_id,
                project=options.project,
                name=record.name if options.name is None else options.name,
                description=record.description,
                model=options.model,
                meta=record.metadata,
                created_at=int(now),
                last_active_at=int(now),
                expires_after_days=record.expires_after_days,
                languages=bm25.bits_of_languages(known_languages),
                **({} if options.re_embed else _store_counters(staging)),
            )
        )
        session.flush()
        staged_files = staging.files()
        queued: list[Member] = []
        while page := list(islice(staged_files, ROWS_PER_INSERT)):
            file_rows = [_file_row(file, options.project, int(now)) for file in page]
            if options.re_embed:
                rows.insert_files(session, file_rows, [])
                queued += [_queued_member(file) for file in page]
            else:
                member_rows = [_finished_member_row(file, staging.store_id, options.model, now) for file in page]
                rows.insert_files(session, file_rows, member_rows)
        if not queued:
            return None
        batch.created_at = int(now)
        membership.attach(session, staging.store_id, queued, batch)
    return batch.id


def _store_counters(staging: Staging) -> dict[str, int]:
    counters: Counter[str] = Counter(staging.file_counts)
    for file in staging.files():
        for name in ("chunks", "terms", "usage_bytes"):
            counters[name] += file[name]
    return dict(counters)


def _file_row(file: dict[str, Any], project: str, now: int) -> dict[str, Any]:
    return {
        "id": file["id"],
        "project": project,
        "filename": files.clean_filename(file["filename"]),
        "bytes": file["bytes"],
        "purpose": file["purpose"],
        "blob": file["sha256"],
        "created_at": now,
        "expires_at": None,
    }


def _finished_member_row(file: dict[str, Any], store_id: str, model: str, now: float) -> dict[str, Any]:
    copied = ("row", "attributes", "chunk_tokens", "chunk_overlap", "status", "error_code", "error_message")
    sizes = ("chunks", "terms", "usage_bytes", "warnings")
    report = file["report"]
    return {name: file[name] for name in (*copied, *sizes)} | {
        "report": None if report is None else {name: value for name, value in report.items() if value},
        "vector_store_id": store_id,
        "file_id": file["id"],
        "created_at": int(now),
        "queued_at": now,
        "fence": 1,
        "generation": 1,
        "live_generation": 1 if file["status"] == "completed" else None,
        "model": model if file["status"] == "completed" else None,
        "text_checksum": file["text_checksum"] if file["status"] == "completed" else None,
    }


def _queued_member(file: dict[str, Any]) -> Member:
    return Member(file["id"], file["attributes"], file["chunk_tokens"], file["chunk_overlap"])

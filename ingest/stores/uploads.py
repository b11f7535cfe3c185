"""Files that arrive in parts, in parallel and in any order (contract section 3).

A part's row is made before its blob and removed after it, so whatever is killed, the sweep knows every blob there is.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ingest import blobs, ids
from ingest.blobs import Staged
from ingest.caller import Caller
from ingest.db.content import files as file_rows
from ingest.db.content import uploads as rows
from ingest.db.models import File, Upload, UploadPart
from ingest.db.session import read_clock
from ingest.db.tenancy import quotas
from ingest.errors import InvalidRequest, NotFound, QuotaExceeded, TooLarge
from ingest.services import Services
from ingest.stores import files

MAX_UPLOAD_BYTES = 8 * 2**30
MAX_PART_BYTES = 64 * 2**20
EXPIRES_AFTER_SECONDS = 3_600

PARTS_PER_PURGE = 256
"""Parts deleted between two looks at the list."""

UPLOADS_PER_SWEEP = 1_000
"""Uploads that one sweep ends; the next goes on."""

NAMED_PARTS = 10


@dataclass(frozen=True)
class UploadView:
    """An upload, and the file that it became unless that is gone again."""

    upload: Upload
    file: File | None


def create(
    services: Services,
    caller: Caller,
    *,
    filename: str,
    size: int,
    mime_type: str,
    purpose: str,
    file_expires_after: int | None,
) -> UploadView:
    """Announce a file of `size` bytes. Its parts have an hour to arrive."""
    with services.database.transaction() as session:
        quotas.store(session, caller, size)
        created_at = int(read_clock(session))
        upload = Upload(
            id=ids.new("upload_"),
            project=caller.project,
            filename=files.clean_name(filename),
            bytes=size,
            mime_type=mime_type,
            purpose=purpose,
            created_at=created_at,
            expires_at=created_at + EXPIRES_AFTER_SECONDS,
            file_expires_after=file_expires_after,
            status="pending",
            part_ids=[],
        )
        session.add(upload)
    return UploadView(upload, None)


def add_part(services: Services, caller: Caller, upload_id: str, blocks: Iterable[bytes]) -> UploadPart:
    """Store a part's bytes as they arrive. Raises NotFound, TooLarge; InvalidRequest when the upload has ended."""
    with services.database.transaction() as session:
        _open(_found(session, caller, upload_id))
        part = UploadPart(id=ids.new("part_"), upload_id=upload_id, created_at=int(read_clock(session)))
        session.add(part)
    try:
        with services.blobs.staged(blocks, max_bytes=MAX_PART_BYTES) as staged:
            services.blobs.keep(staged, blobs.part(part.id))
        with services.database.transaction() as session:
            quotas.store(session, caller, staged.size)
            rows.lock(session, upload_id)
            if not rows.arrived(session, part.id, size=staged.size, sha256=staged.sha256):
                raise InvalidRequest(_ENDED.format(_found(session, caller, upload_id).status), param="upload_id")
    except TooLarge as exc:
        _drop(services, [part.id])
        raise TooLarge(f"Part is too large: at most {MAX_PART_BYTES:,} bytes are accepted.", param="data") from exc
    except (InvalidRequest, QuotaExceeded):
        _drop(services, [part.id])
        raise
    return part


def complete(services: Services, caller: Caller, upload_id: str, part_ids: Sequence[str], md5: str | None) -> UploadView:
    """Make one file of the parts in this order. Done again with the same parts, it answers the same.

    Raises NotFound; InvalidRequest when the upload has ended otherwise, a part is not one of its own or named twice, or
    the bytes are not those that were announced.
    """
    with services.database.reading() as session:
        upload = _found(session, caller, upload_id)
        if upload.status == "completed":
            return _again(session, upload, part_ids)
        _check(_open(upload), part_ids, rows.parts(session, part_ids))
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with services.blobs.staged(_joined(services, part_ids, digest.update), max_bytes=MAX_UPLOAD_BYTES) as staged:
            if md5 is not None and digest.hexdigest() != md5.lower():
                raise InvalidRequest(
                    "Invalid 'md5': the parts in this order have another one.", param="md5", code="invalid_value"
                )
            with files.stored_as_unclaimed(services, staged) as loose:
                shown = _finish(services, caller, upload, staged, loose, part_ids)
            files.discard_unclaimed_blob(services, loose, staged.sha256)  # in case another completion was quicker
    except FileNotFoundError:  # another request completed, cancelled or outlived the upload meanwhile
        return _ended_otherwise(services, caller, upload_id, part_ids)
    _purge(services, upload_id)
    return shown


def cancel(services: Services, caller: Caller, upload_id: str) -> UploadView:
    """Give an upload up and forget its parts; again is the same. Raises NotFound; InvalidRequest when it has ended."""
    with services.database.transaction() as session:
        _found(session, caller, upload_id)  # first: nobody waits for what is not their own
        rows.lock(session, upload_id)
        session.expire_all()
        upload = _found(session, caller, upload_id)
        if upload.status != "cancelled":
            rows.cancel(session, _open(upload).id)
            session.refresh(upload)
    _purge(services, upload_id)
    return UploadView(upload, None)


def collect_garbage(services: Services) -> None:
    """End the uploads whose time is over, remove what those that have ended left, and forget them after a month."""
    with services.database.transaction() as session:
        rows.expire(session, UPLOADS_PER_SWEEP)
        rows.forget_ended(session, UPLOADS_PER_SWEEP)
    _purge(services)


def _finish(
    services: Services, caller: Caller, upload: Upload, staged: Staged, loose: int, part_ids: Sequence[str]
) -> UploadView:
    with services.database.transaction() as session:
        rows.lock(session, upload.id)
        current = _found(session, caller, upload.id)
        if current.status == "completed":
            return _again(session, current, part_ids)
        if not rows.hold(session, upload.id):
            raise InvalidRequest(_ENDED.format(current.status), param="upload_id")
        file = files.add_file(
            session,
            caller,
            staged,
            loose,
            filename=current.filename,
            purpose=current.purpose,
            expires_after=current.file_expires_after,
        )
        rows.complete(session, upload.id, file_id=file.id, part_ids=part_ids)
        session.refresh(current)
    return UploadView(current, file)


def _ended_otherwise(services: Services, caller: Caller, upload_id: str, part_ids: Sequence[str]) -> UploadView:
    with services.database.reading() as session:
        upload = _found(session, caller, upload_id)
        if upload.status == "completed":
            return _again(session, upload, part_ids)
    _open(upload)
    raise InvalidRequest("A part's content is missing on the server. Start the upload again.", param="part_ids")


def _again(session: Session, upload: Upload, part_ids: Sequence[str]) -> UploadView:
    """What a completed upload answers to another completion."""
    if upload.part_ids != list(part_ids):
        raise InvalidRequest(_ENDED.format("completed"), param="upload_id")
    return UploadView(upload, None if upload.file_id is None else file_rows.get(session, upload.project, upload.file_id))


def _check(upload: Upload, part_ids: Sequence[str], parts: Mapping[str, UploadPart]) -> None:
    repeated = [part_id for part_id, times in Counter(part_ids).items() if times > 1]
    if repeated:
        raise _wrong_parts("named more than once", repeated)
    foreign = [p for p in part_ids if p not in parts or parts[p].upload_id != upload.id or parts[p].bytes is None]
    if foreign:
        raise _wrong_parts(f"no part of upload '{upload.id}'", foreign)
    total = sum(parts[part_id].bytes or 0 for part_id in part_ids)
    if total != upload.bytes:
        raise InvalidRequest(
            f"The parts have {total:,} bytes together, but {upload.bytes:,} were announced.",
            param="part_ids",
            code="invalid_value",
        )


def _wrong_parts(what: str, part_ids: Sequence[str]) -> InvalidRequest:
    named = ", ".join(f"'{part_id}'" for part_id in part_ids[:NAMED_PARTS])
    return InvalidRequest(f"Invalid 'part_ids': {what}: {named}.", param="part_ids", code="invalid_value")


def _joined(services: Services, part_ids: Sequence[str], seen: Callable[[bytes], object]) -> Iterator[bytes]:
    for part_id in part_ids:
        for block in services.blobs.blocks(blobs.part(part_id)):
            seen(block)
            yield block


def _purge(services: Services, upload_id: str | None = None) -> None:
    """Remove the parts of an upload that has ended, or of all of them."""
    while True:
        with services.database.reading() as session:
            ended = rows.ended_parts(session, PARTS_PER_PURGE, upload_id)
        _drop(services, ended)
        if len(ended) < PARTS_PER_PURGE:
            return


def _drop(services: Services, part_ids: Sequence[str]) -> None:
    for part_id in part_ids:
        services.blobs.delete(blobs.part(part_id))
    if part_ids:
        with services.database.transaction() as session:
            rows.forget(session, part_ids)


def _found(session: Session, caller: Caller, upload_id: str) -> Upload:
    upload = rows.get(session, caller.project, upload_id)
    if upload is None:
        raise NotFound(f"No such Upload object: {upload_id}", param="upload_id")
    return upload


def _open(upload: Upload) -> Upload:
    if upload.status != "pending":
        raise InvalidRequest(_ENDED.format(upload.status), param="upload_id")
    return upload


_ENDED = "The upload has ended already: it is {}."

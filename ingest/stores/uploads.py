"""Uploads: files that arrive in parts, in parallel and in any order (deploy/docs/api-contract.md section 3).

The row of a part is created before its blob and deleted after it. So maintenance finds every blob, whatever crashes.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from ingest import blobs, ids
from ingest.blobs import StagedFile
from ingest.caller import Caller
from ingest.db.content import files as file_rows
from ingest.db.content import uploads as rows
from ingest.db.models import File, Upload, UploadPart
from ingest.db.session import read_clock
from ingest.db.tenancy import quotas
from ingest.errors import DamagedFile, InvalidRequest, NotFound, QuotaExceeded, TooLarge
from ingest.services import Services
from ingest.stores import files, unclaimed_blobs

MAX_UPLOAD_BYTES = 8 * 2**30
MAX_PART_BYTES = 64 * 2**20
UPLOAD_LIFETIME_SECONDS = 3_600
"""How long the parts of an upload may arrive."""

PARTS_PER_PAGE = 256

UPLOADS_PER_SWEEP = 1_000
"""How many uploads one maintenance run expires, and how many it forgets."""

MAX_NAMED_PARTS = 10


@dataclass(frozen=True)
class UploadView:
    """An upload, and its file; None while it has none, or after the file was deleted."""

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
    """Create an upload of `size` bytes. Raises QuotaExceeded."""
    with services.database.transaction() as session:
        quotas.check_stored_bytes(session, caller, size)
        created_at = int(read_clock(session))
        upload = Upload(
            id=ids.new("upload_"),
            project=caller.project,
            filename=files.clean_filename(filename),
            bytes=size,
            mime_type=mime_type,
            purpose=purpose,
            created_at=created_at,
            expires_at=created_at + UPLOAD_LIFETIME_SECONDS,
            file_expires_after=file_expires_after,
            status="pending",
            part_ids=[],
        )
        session.add(upload)
    return UploadView(upload, None)


def add_part(services: Services, caller: Caller, upload_id: str, blocks: Iterable[bytes]) -> UploadPart:
    """Store the bytes of a part as they arrive.

    Raises NotFound, TooLarge, QuotaExceeded, and InvalidRequest when the upload has ended.
    """
    with services.database.transaction() as session:
        _require_pending(_require_upload(session, caller, upload_id))
        part = UploadPart(id=ids.new("part_"), upload_id=upload_id, created_at=int(read_clock(session)))
        session.add(part)
    try:
        with services.blobs.stage(blocks, max_bytes=MAX_PART_BYTES) as staged:
            services.blobs.store(staged, blobs.part_key(part.id))
        with services.database.transaction() as session:
            quotas.check_stored_bytes(session, caller, staged.size)
            rows.lock(session, upload_id)
            if not rows.complete_part(session, part.id, size=staged.size, sha256=staged.sha256):
                raise _has_ended(_require_upload(session, caller, upload_id).status)
    except TooLarge as exc:
        _delete_parts(services, [part.id])
        raise TooLarge(f"Part is too large: at most {MAX_PART_BYTES:,} bytes are accepted.", param="data") from exc
    except (InvalidRequest, QuotaExceeded):
        _delete_parts(services, [part.id])
        raise
    return part


def complete(
    services: Services, caller: Caller, upload_id: str, part_ids: Sequence[str], md5: str | None
) -> UploadView:
    """Make one file of the parts, in this order. Idempotent: the same parts give the same result.

    Raises NotFound, and InvalidRequest when the upload has ended in another way, a part is not of this upload or is named
    twice, or the bytes differ from the announced size or MD5.
    """
    with services.database.reading() as session:
        upload = _require_upload(session, caller, upload_id)
        if upload.status == "completed":
            return _repeat_completion(session, upload, part_ids)
        parts = rows.get_parts(session, part_ids)
        _check_parts(_require_pending(upload), part_ids, parts)
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with services.blobs.stage(
            _stream_parts(services, [parts[part_id] for part_id in part_ids], digest.update),
            max_bytes=MAX_UPLOAD_BYTES,
        ) as staged:
            if md5 is not None and digest.hexdigest() != md5.lower():
                raise InvalidRequest(
                    "Invalid 'md5': the parts in this order have another one.", param="md5", code="invalid_value"
                )
            with unclaimed_blobs.store_reserved(services, staged) as reservation:
                view = _complete(services, caller, upload, staged, reservation, part_ids)
            # Does nothing, except if a concurrent completion made the file: then the reservation was not claimed.
            unclaimed_blobs.release_reservation(services, reservation, staged.sha256)
    except DamagedFile as exc:
        raise InvalidRequest(
            "A part's content is damaged on the server. Start the upload again.", param="part_ids"
        ) from exc
    except FileNotFoundError:  # a concurrent request ended the upload and deleted its parts
        return _answer_after_race(services, caller, upload_id, part_ids)
    _delete_ended_parts(services, upload_id)
    return view


def cancel(services: Services, caller: Caller, upload_id: str) -> UploadView:
    """Cancel an upload and delete its parts. Idempotent. Raises NotFound, and InvalidRequest when it has ended."""
    with services.database.transaction() as session:
        # Before the lock: a caller must not wait for an upload of another project.
        _require_upload(session, caller, upload_id)
        rows.lock(session, upload_id)
        session.expire_all()
        upload = _require_upload(session, caller, upload_id)
        if upload.status != "cancelled":
            rows.cancel(session, _require_pending(upload).id)
            session.refresh(upload)
    _delete_ended_parts(services, upload_id)
    return UploadView(upload, None)


def collect_garbage(services: Services) -> None:
    """Expire overdue uploads, delete the parts of ended ones, and forget those that ended a month ago."""
    with services.database.transaction() as session:
        rows.expire(session, UPLOADS_PER_SWEEP)
        rows.delete_ended(session, UPLOADS_PER_SWEEP)
    _delete_ended_parts(services)


def _complete(
    services: Services, caller: Caller, upload: Upload, staged: StagedFile, reservation: int, part_ids: Sequence[str]
) -> UploadView:
    with services.database.transaction() as session:
        rows.lock(session, upload.id)
        current = _require_upload(session, caller, upload.id)
        if current.status == "completed":
            return _repeat_completion(session, current, part_ids)
        if not rows.lock_pending(session, upload.id):
            raise _has_ended(current.status)
        file = files.add_file(
            session,
            caller,
            staged,
            reservation,
            filename=current.filename,
            purpose=current.purpose,
            expires_after=current.file_expires_after,
        )
        rows.complete(session, upload.id, file_id=file.id, part_ids=part_ids)
        session.refresh(current)
    return UploadView(current, file)


def _answer_after_race(services: Services, caller: Caller, upload_id: str, part_ids: Sequence[str]) -> UploadView:
    """Return the result of the concurrent completion, or raise InvalidRequest if there was none."""
    with services.database.reading() as session:
        upload = _require_upload(session, caller, upload_id)
        if upload.status == "completed":
            return _repeat_completion(session, upload, part_ids)
    _require_pending(upload)
    raise InvalidRequest("A part's content is missing on the server. Start the upload again.", param="part_ids")


def _repeat_completion(session: Session, upload: Upload, part_ids: Sequence[str]) -> UploadView:
    """Return the result of a completed upload. Raises InvalidRequest if it was completed with other parts."""
    if upload.part_ids != list(part_ids):
        raise _has_ended("completed")
    file = None if upload.file_id is None else file_rows.get(session, upload.project, upload.file_id)
    return UploadView(upload, file)


def _check_parts(upload: Upload, part_ids: Sequence[str], parts: Mapping[str, UploadPart]) -> None:
    """Raise InvalidRequest unless these are distinct, arrived parts of the upload with the announced total size."""
    repeated = [part_id for part_id, times in Counter(part_ids).items() if times > 1]
    if repeated:
        raise _invalid_parts("named more than once", repeated)
    foreign = [p for p in part_ids if p not in parts or parts[p].upload_id != upload.id or parts[p].bytes is None]
    if foreign:
        raise _invalid_parts(f"no part of upload '{upload.id}'", foreign)
    total = sum(parts[part_id].bytes or 0 for part_id in part_ids)
    if total != upload.bytes:
        raise InvalidRequest(
            f"The parts have {total:,} bytes together, but {upload.bytes:,} were announced.",
            param="part_ids",
            code="invalid_value",
        )


def _invalid_parts(problem: str, part_ids: Sequence[str]) -> InvalidRequest:
    named = ", ".join(f"'{part_id}'" for part_id in part_ids[:MAX_NAMED_PARTS])
    return InvalidRequest(f"Invalid 'part_ids': {problem}: {named}.", param="part_ids", code="invalid_value")


def _stream_parts(
    services: Services, parts: Sequence[UploadPart], on_block: Callable[[bytes], object]
) -> Iterator[bytes]:
    """Yield the blocks of all parts, and pass each one to `on_block`. Raises DamagedFile."""
    for part in parts:
        for block in blobs.verified(services.blobs.stream(blobs.part_key(part.id)), part.sha256 or ""):
            on_block(block)
            yield block


def _delete_ended_parts(services: Services, upload_id: str | None = None) -> None:
    """Delete the parts of one ended upload, or of all."""
    while True:
        with services.database.reading() as session:
            part_ids = rows.list_removable_parts(session, PARTS_PER_PAGE, upload_id)
        _delete_parts(services, part_ids)
        if len(part_ids) < PARTS_PER_PAGE:
            return


def _delete_parts(services: Services, part_ids: Sequence[str]) -> None:
    for part_id in part_ids:
        services.blobs.delete(blobs.part_key(part_id))
    if part_ids:
        with services.database.transaction() as session:
            rows.delete_parts(session, part_ids)


def _require_upload(session: Session, caller: Caller, upload_id: str) -> Upload:
    upload = rows.get(session, caller.project, upload_id)
    if upload is None:
        raise NotFound(f"No such Upload object: {upload_id}", param="upload_id")
    return upload


def _require_pending(upload: Upload) -> Upload:
    if upload.status != "pending":
        raise _has_ended(upload.status)
    return upload


def _has_ended(status: str) -> InvalidRequest:
    return InvalidRequest(f"The upload has ended already: it is {status}.", param="upload_id")

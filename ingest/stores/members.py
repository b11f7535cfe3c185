"""The files of a vector store (deploy/docs/api-contract.md section 5)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.exc import IntegrityError

from ingest.caller import Caller
from ingest.db.content import files as file_rows
from ingest.db.content import members as member_rows
from ingest.db.content import stores as rows
from ingest.db.content.members import FileView
from ingest.db.models import FileBatch, PointJob
from ingest.db.pages import Page, Window
from ingest.db.queue import membership, point_attributes, point_jobs
from ingest.db.queue.membership import Member
from ingest.db.session import after_commit
from ingest.db.tenancy import quotas
from ingest.errors import Abandoned, DamagedFile, DependencyDown, NotFound, OcrDeferred
from ingest.observability import logs
from ingest.services import Services
from ingest.status import FileStatus
from ingest.steps import parsed_text
from ingest.steps.index import PointOwner
from ingest.steps.parse import ParsedText
from ingest.stores.files import retrieve as retrieve_file
from ingest.stores.vector_stores import require_active_store, require_store

MAX_NAMED_IDS = 10

ATTRIBUTES_RETRY_SECONDS = 10.0
"""When maintenance may write attributes that a request did not: longer than one request to Qdrant takes."""

PARSER_WAIT_SECONDS = 8.0
"""How long a request waits for the parser while another request uses it. Clients time out soon after."""

_log = logs.get(__name__)


def attach(services: Services, caller: Caller, store_id: str, member: Member) -> FileView:
    """Add one file to a store and queue it. Raises NotFound, and InvalidRequest for an expired store."""
    attach_members(services, caller, store_id, [member], None)
    return retrieve(services, caller, store_id, member.file_id)


def attach_members(
    services: Services, caller: Caller, store_id: str, members: Sequence[Member], batch: FileBatch | None
) -> None:
    """Add files to a store and queue them, in one transaction, and publish them after its commit.

    A file that is in the store already is queued again, or only gets its new attributes. Raises NotFound if the store or
    any file does not exist, and InvalidRequest for an expired store; then nothing is changed.
    """
    try:
        with services.database.transaction() as session:
            require_active_store(rows.get(session, caller.project, store_id), store_id)
            param = "file_id" if batch is None else "file_ids"
            _require_known(file_rows.missing_ids(session, caller.project, [m.file_id for m in members]), param)
            changed_rows = membership.attach(session, store_id, members, batch)
            quotas.check_files_in_progress(session, caller, len(members))
            rows.touch(session, store_id)
            jobs = point_jobs.enqueue_attributes(
                session, store_id, changed_rows, after_seconds=ATTRIBUTES_RETRY_SECONDS
            )
            after_commit(session, services.publish_waiting)
    except (IntegrityError, Abandoned) as exc:  # the store or a file was deleted concurrently
        raise NotFound(f"No vector store found with id '{store_id}', or one of the files was deleted.") from exc
    if jobs:
        write_attributes_to_points(services, jobs)


def require_files(services: Services, caller: Caller, file_ids: Sequence[str]) -> None:
    """Raise NotFound, with the unknown ids, if any of these files does not exist."""
    with services.database.reading() as session:
        _require_known(file_rows.missing_ids(session, caller.project, file_ids), "file_ids")


def retrieve(services: Services, caller: Caller, store_id: str, file_id: str) -> FileView:
    """Return a file of a store. Raises NotFound."""
    with services.database.reading() as session:
        require_store(rows.get(session, caller.project, store_id), store_id)
        return _require_member(member_rows.get_file(session, store_id, file_id), store_id, file_id)


def list_page(
    services: Services,
    caller: Caller,
    store_id: str,
    window: Window,
    *,
    status: FileStatus | None,
    has_warnings: bool | None = None,
) -> Page[FileView]:
    """Return a page of a store's files. Raises NotFound."""
    with services.database.reading() as session:
        require_store(rows.get(session, caller.project, store_id), store_id)
        return member_rows.list_files(session, store_id, window, status=status, has_warnings=has_warnings)


def update_attributes(
    services: Services, caller: Caller, store_id: str, file_id: str, attributes: Mapping[str, Any]
) -> FileView:
    """Replace the attributes of a file; the next search filters by them. Raises NotFound."""
    with services.database.transaction() as session:
        require_active_store(rows.get(session, caller.project, store_id), store_id)
        row = point_attributes.replace_attributes(session, store_id, file_id, attributes)
        if row is None:
            return _require_member(None, store_id, file_id)
        rows.touch(session, store_id)
        jobs = point_jobs.enqueue_attributes(session, store_id, [row], after_seconds=ATTRIBUTES_RETRY_SECONDS)
    write_attributes_to_points(services, jobs)
    return retrieve(services, caller, store_id, file_id)


def write_attributes_to_points(services: Services, jobs: Sequence[PointJob]) -> None:
    """Copy the attributes of the files of these jobs to their points.

    Maintenance does it later if a dependency is down.
    """
    try:
        are_current = False
        while not are_current:  # a concurrent change may have written older attributes after ours
            with services.database.reading() as session:
                attributes = point_attributes.read_attributes(
                    session, [job.store_file for job in jobs if job.store_file is not None]
                )
            for points, _ in attributes:
                for index in services.indexes().values():
                    with services.breakers["qdrant"].guard():
                        index.set_attributes(PointOwner(**vars(points)))
            with services.database.transaction() as session:
                are_current = point_attributes.are_current(session, attributes)
                if are_current:
                    point_jobs.finish(session, jobs, again_after_seconds=0)
    except DependencyDown as exc:
        _log.warning("attributes_deferred", dependency=exc.dependency, reason=str(exc))


def delete(services: Services, caller: Caller, store_id: str, file_id: str) -> None:
    """Remove a file from a store; the uploaded file stays. Raises NotFound."""
    with services.database.transaction() as session:
        require_store(rows.get(session, caller.project, store_id), store_id)
        if not membership.remove(session, store_id, file_id):
            _require_member(None, store_id, file_id)


def read_parsed_text(services: Services, caller: Caller, store_id: str, file_id: str) -> ParsedText:
    """Return the parsed text of a file; parse it again if the stored text is gone.

    Raises NotFound, FileError when the file has no text, and DependencyDown when the parser stays busy.
    """
    retrieve(services, caller, store_id, file_id)
    file = retrieve_file(services, caller, file_id)
    if not services.parser_lock.acquire(timeout=PARSER_WAIT_SECONDS):
        raise DependencyDown("parser", "it is busy with another file")
    try:
        return parsed_text.load_or_parse_without_ocr(services.blobs, services.parser, file.blob, file.filename)
    except OcrDeferred as exc:
        raise DependencyDown(
            "parser", "the text of this file is gone, and OCR takes too long here: index it again"
        ) from exc
    except FileNotFoundError as exc:
        raise NotFound(f"The content of file '{file_id}' is gone.", param="file_id") from exc
    except DamagedFile as exc:
        raise NotFound(f"The content of file '{file_id}' is damaged: upload it again.", param="file_id") from exc
    finally:
        services.parser_lock.release()


def _require_member(file: FileView | None, store_id: str, file_id: str) -> FileView:
    if file is None:
        raise NotFound(f"No file found with id '{file_id}' in vector store '{store_id}'.", param="file_id")
    return file


def _require_known(unknown: Sequence[str], param: str) -> None:
    if not unknown:
        return
    named = ", ".join(f"'{file_id}'" for file_id in unknown[:MAX_NAMED_IDS])
    more = f" and {len(unknown) - MAX_NAMED_IDS} more" if len(unknown) > MAX_NAMED_IDS else ""
    plural = "s" if len(unknown) > 1 else ""
    raise NotFound(f"No file{plural} found with id{plural} {named}{more}.", param=param)

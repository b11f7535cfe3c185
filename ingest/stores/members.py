"""The files of a vector store (contract section 5)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.exc import IntegrityError

from ingest.caller import Caller
from ingest.db.content import files as file_rows
from ingest.db.content import stores as rows
from ingest.db.content.stores import Shown
from ingest.db.models import FileBatch, PointJob
from ingest.db.pages import Page, Window
from ingest.db.queue import membership, point_jobs
from ingest.db.queue.membership import Member
from ingest.db.tenancy import quotas
from ingest.errors import Abandoned, DependencyDown, NotFound
from ingest.observability import logs
from ingest.services import Services
from ingest.status import FileStatus
from ingest.steps import parsed_text
from ingest.steps.index import PointOwner
from ingest.stores.files import retrieve as retrieve_file
from ingest.stores.vector_stores import require_store, require_active_store

NAMED_UNKNOWN_IDS = 10

ATTRIBUTES_RETRY_SECONDS = 10.0
"""Past one Qdrant request; then the sweep does what a request that was cut off did not."""

PARSE_PATIENCE_SECONDS = 8.0
"""A request waits this long for another's file to be read again; clients lose patience soon after."""

_log = logs.get(__name__)


def attach(services: Services, caller: Caller, store_id: str, member: Member) -> Shown:
    """Put one file into a store and have it ingested. Raises NotFound; InvalidRequest for an expired store."""
    attach_members(services, caller, store_id, [member], None)
    return retrieve(services, caller, store_id, member.file_id)


def attach_members(
    services: Services, caller: Caller, store_id: str, members: Sequence[Member], batch: FileBatch | None
) -> None:
    """Put files into a store in one transaction, then tell the workers. Nothing is changed if a file is unknown."""
    try:
        with services.database.transaction() as session:
            require_active_store(rows.get(session, caller.project, store_id), store_id)
            param = "file_id" if batch is None else "file_ids"
            _all_known(file_rows.unknown(session, caller.project, [m.file_id for m in members]), param)
            restyled = membership.attach(session, store_id, members, batch)
            quotas.work(session, caller, len(members))
            rows.touch(session, store_id)
            jobs = point_jobs.plan_attributes(session, store_id, restyled, after_seconds=ATTRIBUTES_RETRY_SECONDS)
    except (IntegrityError, Abandoned) as exc:  # the store or a file was deleted at the same moment
        raise NotFound(f"No vector store found with id '{store_id}', or one of the files was deleted.") from exc
    if jobs:
        write_attributes(services, jobs)
    services.publish_waiting()


def require_files(services: Services, caller: Caller, file_ids: Sequence[str]) -> None:
    """Raises NotFound, naming them, when some ids name no file."""
    with services.database.reading() as session:
        _all_known(file_rows.unknown(session, caller.project, file_ids), "file_ids")


def retrieve(services: Services, caller: Caller, store_id: str, file_id: str) -> Shown:
    """Raises NotFound."""
    with services.database.reading() as session:
        require_store(rows.get(session, caller.project, store_id), store_id)
        return _found(rows.file(session, store_id, file_id), store_id, file_id)


def list_page(
    services: Services, caller: Caller, store_id: str, window: Window, *, status: FileStatus | None
) -> Page[Shown]:
    """A page of a store's files. Raises NotFound."""
    with services.database.reading() as session:
        require_store(rows.get(session, caller.project, store_id), store_id)
        return rows.files(session, store_id, window, status=status)


def update_attributes(
    services: Services, caller: Caller, store_id: str, file_id: str, attributes: Mapping[str, Any]
) -> Shown:
    """Replace a file's attributes; the next search filters by them. Raises NotFound."""
    with services.database.transaction() as session:
        require_active_store(rows.get(session, caller.project, store_id), store_id)
        row = membership.set_attributes(session, store_id, file_id, attributes)
        if row is None:
            return _found(None, store_id, file_id)
        rows.touch(session, store_id)
        jobs = point_jobs.plan_attributes(session, store_id, [row], after_seconds=ATTRIBUTES_RETRY_SECONDS)
    write_attributes(services, jobs)
    return retrieve(services, caller, store_id, file_id)


def write_attributes(services: Services, jobs: Sequence[PointJob]) -> None:
    """Bring the points' attributes up to date. What fails now is done by the sweep."""
    try:
        written = False
        while not written:  # another change may overtake this one on its way to the points
            with services.database.reading() as session:
                styled = point_jobs.attributes(session, [job.store_file for job in jobs if job.store_file is not None])
            for points, _ in styled:
                for index in services.indexes().values():
                    with services.breakers["qdrant"].guard():
                        index.set_attributes(PointOwner(**vars(points)))
            with services.database.transaction() as session:
                written = point_jobs.still(session, styled)
                if written:
                    point_jobs.done(session, jobs, again_after_seconds=0)
    except DependencyDown as exc:
        _log.warning("attributes_delayed", dependency=exc.dependency, reason=str(exc))


def delete(services: Services, caller: Caller, store_id: str, file_id: str) -> None:
    """Take a file out of a store; the File stays. Raises NotFound."""
    with services.database.transaction() as session:
        require_store(rows.get(session, caller.project, store_id), store_id)
        if not membership.remove(session, store_id, file_id):
            _found(None, store_id, file_id)


def read_text(services: Services, caller: Caller, store_id: str, file_id: str) -> str:
    """The text that was read from a file. Raises NotFound; FileError when there is none."""
    retrieve(services, caller, store_id, file_id)
    file = retrieve_file(services, caller, file_id)
    if not services.parser_lock.acquire(timeout=PARSE_PATIENCE_SECONDS):
        raise DependencyDown("parser", "it is busy with another file")
    try:
        return parsed_text.read(services.blobs, services.parser, file.blob, file.filename).text
    except FileNotFoundError as exc:
        raise NotFound(f"The content of file '{file_id}' is gone.", param="file_id") from exc
    finally:
        services.parser_lock.release()


def _found(file: Shown | None, store_id: str, file_id: str) -> Shown:
    if file is None:
        raise NotFound(f"No file found with id '{file_id}' in vector store '{store_id}'.", param="file_id")
    return file


def _all_known(unknown: Sequence[str], param: str) -> None:
    if not unknown:
        return
    named = ", ".join(f"'{file_id}'" for file_id in unknown[:NAMED_UNKNOWN_IDS])
    more = f" and {len(unknown) - NAMED_UNKNOWN_IDS} more" if len(unknown) > NAMED_UNKNOWN_IDS else ""
    plural = "s" if len(unknown) > 1 else ""
    raise NotFound(f"No file{plural} found with id{plural} {named}{more}.", param=param)

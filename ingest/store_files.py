"""The files of a vector store (contract section 5)."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.exc import IntegrityError

from ingest import logs, pipeline
from ingest.callers import Caller
from ingest.db import attachments, point_jobs, quotas
from ingest.db import files as file_rows
from ingest.db import stores as rows
from ingest.db.attachments import Member
from ingest.db.models import FileBatch, PointJob
from ingest.db.pages import Page, Window
from ingest.db.stores import Shown
from ingest.errors import Abandoned, DependencyDown, NotFound
from ingest.files import retrieve as retrieve_file
from ingest.status import FileStatus
from ingest.steps.index import Owner
from ingest.tools import Tools
from ingest.vector_stores import found, usable

NAMED_UNKNOWN_IDS = 10

ATTRIBUTES_RETRY_SECONDS = 10.0
"""Past one Qdrant request; then the sweep does what a request that was cut off did not."""

PARSE_PATIENCE_SECONDS = 8.0
"""A request waits this long for another's file to be read again; clients lose patience soon after."""

_log = logs.get(__name__)


def attach(tools: Tools, caller: Caller, store_id: str, member: Member) -> Shown:
    """Put one file into a store and have it ingested. Raises NotFound; InvalidRequest for an expired store."""
    attach_members(tools, caller, store_id, [member], None)
    return retrieve(tools, caller, store_id, member.file_id)


def attach_members(
    tools: Tools, caller: Caller, store_id: str, members: Sequence[Member], batch: FileBatch | None
) -> None:
    """Put files into a store in one transaction, then tell the workers. Nothing is changed if a file is unknown."""
    try:
        with tools.database.transaction() as session:
            usable(rows.get(session, caller.project, store_id), store_id)
            param = "file_id" if batch is None else "file_ids"
            _all_known(file_rows.unknown(session, caller.project, [m.file_id for m in members]), param)
            restyled = attachments.attach(session, store_id, members, batch)
            quotas.work(session, caller, len(members))
            rows.touch(session, store_id)
            jobs = point_jobs.plan_attributes(session, store_id, restyled, after_seconds=ATTRIBUTES_RETRY_SECONDS)
    except (IntegrityError, Abandoned) as exc:  # the store or a file was deleted at the same moment
        raise NotFound(f"No vector store found with id '{store_id}', or one of the files was deleted.") from exc
    if jobs:
        write_attributes(tools, jobs)
    tools.announce()


def require(tools: Tools, caller: Caller, file_ids: Sequence[str]) -> None:
    """Raises NotFound, naming them, when some ids name no file."""
    with tools.database.reading() as session:
        _all_known(file_rows.unknown(session, caller.project, file_ids), "file_ids")


def retrieve(tools: Tools, caller: Caller, store_id: str, file_id: str) -> Shown:
    """Raises NotFound."""
    with tools.database.reading() as session:
        found(rows.get(session, caller.project, store_id), store_id)
        return _found(rows.file(session, store_id, file_id), store_id, file_id)


def listed(tools: Tools, caller: Caller, store_id: str, window: Window, *, status: FileStatus | None) -> Page[Shown]:
    """A page of a store's files. Raises NotFound."""
    with tools.database.reading() as session:
        found(rows.get(session, caller.project, store_id), store_id)
        return rows.files(session, store_id, window, status=status)


def update_attributes(
    tools: Tools, caller: Caller, store_id: str, file_id: str, attributes: Mapping[str, Any]
) -> Shown:
    """Replace a file's attributes; the next search filters by them. Raises NotFound."""
    with tools.database.transaction() as session:
        usable(rows.get(session, caller.project, store_id), store_id)
        row = attachments.set_attributes(session, store_id, file_id, attributes)
        if row is None:
            return _found(None, store_id, file_id)
        rows.touch(session, store_id)
        jobs = point_jobs.plan_attributes(session, store_id, [row], after_seconds=ATTRIBUTES_RETRY_SECONDS)
    write_attributes(tools, jobs)
    return retrieve(tools, caller, store_id, file_id)


def write_attributes(tools: Tools, jobs: Sequence[PointJob]) -> None:
    """Bring the points' attributes up to date. What fails now is done by the sweep."""
    try:
        written = False
        while not written:  # another change may overtake this one on its way to the points
            with tools.database.reading() as session:
                styled = point_jobs.attributes(session, [job.store_file for job in jobs if job.store_file is not None])
            for points, _ in styled:
                for index in tools.indexes().values():
                    with tools.breakers["qdrant"].guard():
                        index.set_attributes(Owner(**vars(points)))
            with tools.database.transaction() as session:
                written = point_jobs.still(session, styled)
                if written:
                    point_jobs.done(session, jobs, again_after_seconds=0)
    except DependencyDown as exc:
        _log.warning("attributes_delayed", dependency=exc.dependency, reason=str(exc))


def delete(tools: Tools, caller: Caller, store_id: str, file_id: str) -> None:
    """Take a file out of a store; the File stays. Raises NotFound."""
    with tools.database.transaction() as session:
        found(rows.get(session, caller.project, store_id), store_id)
        if not attachments.remove(session, store_id, file_id):
            _found(None, store_id, file_id)


def content(tools: Tools, caller: Caller, store_id: str, file_id: str) -> str:
    """The text that was read from a file. Raises NotFound; FileError when there is none."""
    retrieve(tools, caller, store_id, file_id)
    file = retrieve_file(tools, caller, file_id)
    if not tools.parsing.acquire(timeout=PARSE_PATIENCE_SECONDS):
        raise DependencyDown("parser", "it is busy with another file")
    try:
        return pipeline.parse(tools, file.blob, file.filename).text
    except FileNotFoundError as exc:
        raise NotFound(f"The content of file '{file_id}' is gone.", param="file_id") from exc
    finally:
        tools.parsing.release()


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

"""The coverage reports of the files of a vector store: an extension of OpenAI's API (deploy/docs/text.md)."""

from sqlalchemy.orm import Session

from ingest.caller import Caller
from ingest.db.content import reports as rows
from ingest.db.content import stores
from ingest.db.content.reports import ReportView, WarningCounts
from ingest.db.models import FileBatch
from ingest.db.pages import Page, Window
from ingest.errors import NotFound
from ingest.services import Services
from ingest.stores.batches import require_batch
from ingest.stores.vector_stores import require_store


def retrieve(services: Services, caller: Caller, store_id: str, file_id: str) -> ReportView:
    """Return the report of a file of a store. Raises NotFound."""
    with services.database.reading() as session:
        require_store(stores.get(session, caller.project, store_id), store_id)
        report = rows.get_report(session, store_id, file_id)
    if report is None:
        raise NotFound(f"No file found with id '{file_id}' in vector store '{store_id}'.", param="file_id")
    return report


def list_page(
    services: Services,
    caller: Caller,
    store_id: str,
    window: Window,
    *,
    batch_id: str | None = None,
    filename: str | None = None,
    only_warnings: bool = False,
) -> Page[ReportView]:
    """Return a page of the reports of a store, or of one of its batches. Raises NotFound."""
    with services.database.reading() as session:
        batch = _require_batch(session, caller, store_id, batch_id)
        return rows.list_reports(session, store_id, window, batch=batch, filename=filename, only_warnings=only_warnings)


def count_warnings(services: Services, caller: Caller, store_id: str, batch_id: str | None) -> WarningCounts:
    """Count the files with warnings of a store, or of one of its batches. Raises NotFound."""
    with services.database.reading() as session:
        return rows.count_warnings(session, store_id, _require_batch(session, caller, store_id, batch_id))


def _require_batch(session: Session, caller: Caller, store_id: str, batch_id: str | None) -> FileBatch | None:
    """Return the batch, None if no id is given. Raises NotFound, also for an unknown store."""
    if batch_id is not None:
        return require_batch(session, caller, store_id, batch_id)
    require_store(stores.get(session, caller.project, store_id), store_id)
    return None

"""/v1/vector_stores/{id}/files/{file_id}/report and lists of reports, an extension of OpenAI's API: what was read of files.

Calls `retrieve`, `list_page` and `count_warnings` of ingest/stores/reports.py. A job (ingest/jobs/run.py) writes the report
to the row of the file.
"""

from typing import Annotated

from fastapi import APIRouter, Query

from api import deps
from api.openapi import errors
from api.schemas import reports as wire
from api.schemas.parts import Id, ListPage
from ingest.stores import reports

router = APIRouter(
    prefix="/v1/vector_stores/{vector_store_id}", tags=["Coverage reports (extension)"], responses=errors.NOT_FOUND
)

BatchQuery = Annotated[Id | None, Query(description="Only files of this batch.")]


@router.get("/files/{file_id}/report")
def retrieve_report(
    services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id, file_id: Id
) -> wire.FileReport:
    """Retrieve what was read of a file, and what was not."""
    return wire.FileReport.from_view(reports.retrieve(services, caller, vector_store_id, file_id))


@router.get("/file_reports")
def list_reports(
    services: deps.ServicesDep,
    caller: deps.CallerDep,
    vector_store_id: Id,
    window: deps.WindowDep,
    batch_id: BatchQuery = None,
    filename: Annotated[Id | None, Query(description="Only files with this name.")] = None,
    warnings: Annotated[bool, Query(description="Only files with warnings.")] = False,
) -> ListPage[wire.FileReport]:
    """List the reports of a vector store's files."""
    page = reports.list_page(
        services, caller, vector_store_id, window, batch_id=batch_id, filename=filename, only_warnings=warnings
    )
    return deps.to_list_page(page, [wire.FileReport.from_view(view) for view in page.items])


@router.get("/warnings")
def count_warnings(
    services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id, batch_id: BatchQuery = None
) -> wire.StoreWarnings:
    """Count the files with warnings, by code."""
    counts = reports.count_warnings(services, caller, vector_store_id, batch_id)
    return wire.StoreWarnings.from_counts(vector_store_id, batch_id, counts)

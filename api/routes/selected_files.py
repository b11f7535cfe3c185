"""/v1/vector_stores/{id}/files/delete and .../files/attributes: changes by filter, extensions of OpenAI's API.

Calls `delete_selected` and `update_selected` of ingest/stores/selected_files.py.
"""

from fastapi import APIRouter

from api import deps
from api.json_bodies.route import JsonRoute
from api.openapi import errors
from api.schemas import selected_files as wire
from api.schemas.parts import Id
from ingest.steps import filters
from ingest.stores import selected_files

router = APIRouter(
    prefix="/v1/vector_stores/{vector_store_id}/files",
    tags=["Vector store files by filter (extension)"],
    responses=errors.NOT_FOUND,
    route_class=JsonRoute,
)


@router.post("/delete")
def delete(
    services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id, body: wire.SelectFiles
) -> wire.SelectedFiles:
    """Remove the files that match a filter from a vector store. The uploaded files stay. The default is a dry run."""
    selection = selected_files.delete_selected(
        services,
        caller,
        vector_store_id,
        filters.parse_filter(body.filters),
        dry_run=body.dry_run,
        after=body.after,
    )
    return wire.SelectedFiles.from_selection(vector_store_id, body.dry_run, selection)


@router.post("/attributes")
def update_attributes(
    services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id, body: wire.UpdateSelectedFiles
) -> wire.SelectedFiles:
    """Set and remove attributes of the files that match a filter. The default is a dry run."""
    selection = selected_files.update_selected(
        services,
        caller,
        vector_store_id,
        filters.parse_filter(body.filters),
        body.changes(),
        dry_run=body.dry_run,
        after=body.after,
    )
    return wire.SelectedFiles.from_selection(vector_store_id, body.dry_run, selection)

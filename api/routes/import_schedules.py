"""/v1/vector_stores/{id}/import_schedules, an extension of OpenAI's API: scheduled imports into a store.

Calls `create`, `list_page`, `retrieve`, `update`, `run_now` and `delete` of ingest/imports/schedules.py.
"""

from fastapi import APIRouter

from api import deps
from api.json_bodies.route import JsonRoute
from api.openapi import errors
from api.schemas import import_schedules as wire
from api.schemas.parts import Deleted, Id, ListPage
from ingest.imports import schedules

router = APIRouter(
    prefix="/v1/vector_stores/{vector_store_id}/import_schedules",
    tags=["Scheduled imports (extension)"],
    responses=errors.NOT_FOUND,
    route_class=JsonRoute,
)


@router.post("")
def create(
    services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id, body: wire.CreateImportSchedule
) -> wire.ImportSchedule:
    """Create a schedule that imports sources into a store."""
    options = {name: getattr(body, name) for name in wire.IMPORT_FIELDS}
    schedule = schedules.create(
        services, caller, vector_store_id, cron=body.cron, timezone=body.timezone, paused=body.paused, options=options
    )
    return wire.ImportSchedule.from_row(schedule)


@router.get("")
def list_schedules(
    services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id, window: deps.WindowDep
) -> ListPage[wire.ImportSchedule]:
    """List a store's import schedules."""
    page = schedules.list_page(services, caller, vector_store_id, window)
    return deps.to_list_page(page, [wire.ImportSchedule.from_row(row) for row in page.items])


@router.get("/{import_schedule_id}")
def retrieve(
    services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id, import_schedule_id: Id
) -> wire.ImportSchedule:
    """Retrieve a schedule with its next and its last run."""
    return wire.ImportSchedule.from_row(schedules.retrieve(services, caller, vector_store_id, import_schedule_id))


@router.post("/{import_schedule_id}")
def update(
    services: deps.ServicesDep,
    caller: deps.CallerDep,
    vector_store_id: Id,
    import_schedule_id: Id,
    body: wire.UpdateImportSchedule,
) -> wire.ImportSchedule:
    """Change, pause or resume a schedule."""
    changes = {name: value for name, value in body if value is not None}
    schedule = schedules.update(services, caller, vector_store_id, import_schedule_id, changes)
    return wire.ImportSchedule.from_row(schedule)


@router.post("/{import_schedule_id}/run")
def run(
    services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id, import_schedule_id: Id
) -> wire.ImportSchedule:
    """Run a schedule as soon as a worker process is free, even if it is paused."""
    return wire.ImportSchedule.from_row(schedules.run_now(services, caller, vector_store_id, import_schedule_id))


@router.delete("/{import_schedule_id}")
def delete(services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id, import_schedule_id: Id) -> Deleted:
    """Delete a schedule and stop its run. The imported files stay."""
    schedules.delete(services, caller, vector_store_id, import_schedule_id)
    return Deleted(id=import_schedule_id, object="vector_store.import_schedule.deleted")

"""/v1/vector_stores/{id}/import_schedules, which are extensions of ours"""

from fastapi import APIRouter

from api import deps, errors
from api.schemas import import_schedules as wire
from api.schemas.parts import Deleted, Id, ListPage
from ingest.imports import schedules

router = APIRouter(
    prefix="/v1/vector_stores/{vector_store_id}/import_schedules",
    tags=["Scheduled imports (extension)"],
    responses=errors.MISSING,
)


@router.post("")
def create(
    services: deps.GivenTools, caller: deps.GivenCaller, vector_store_id: Id, body: wire.CreateImportSchedule
) -> wire.ImportSchedule:
    """Have sources imported into a store again and again."""
    wish = {name: getattr(body, name) for name in wire.WISH}
    made = schedules.create(
        services, caller, vector_store_id, cron=body.cron, timezone=body.timezone, paused=body.paused, wish=wish
    )
    return wire.ImportSchedule.of(made)


@router.get("")
def list_schedules(
    services: deps.GivenTools, caller: deps.GivenCaller, vector_store_id: Id, window: deps.GivenWindow
) -> ListPage[wire.ImportSchedule]:
    """List a store's import schedules."""
    page = schedules.list_page(services, caller, vector_store_id, window)
    return deps.list_page(page, [wire.ImportSchedule.of(row) for row in page.items])


@router.get("/{import_schedule_id}")
def retrieve(
    services: deps.GivenTools, caller: deps.GivenCaller, vector_store_id: Id, import_schedule_id: Id
) -> wire.ImportSchedule:
    """One schedule, with its next and its last run."""
    return wire.ImportSchedule.of(schedules.retrieve(services, caller, vector_store_id, import_schedule_id))


@router.post("/{import_schedule_id}")
def update(
    services: deps.GivenTools,
    caller: deps.GivenCaller,
    vector_store_id: Id,
    import_schedule_id: Id,
    body: wire.UpdateImportSchedule,
) -> wire.ImportSchedule:
    """Change a schedule, pause or resume it."""
    changes = {name: value for name, value in body if value is not None}
    changed = schedules.update(services, caller, vector_store_id, import_schedule_id, changes)
    return wire.ImportSchedule.of(changed)


@router.post("/{import_schedule_id}/run")
def run(
    services: deps.GivenTools, caller: deps.GivenCaller, vector_store_id: Id, import_schedule_id: Id
) -> wire.ImportSchedule:
    """Run a schedule as soon as a process is free, paused or not."""
    return wire.ImportSchedule.of(schedules.run_now(services, caller, vector_store_id, import_schedule_id))


@router.delete("/{import_schedule_id}")
def delete(services: deps.GivenTools, caller: deps.GivenCaller, vector_store_id: Id, import_schedule_id: Id) -> Deleted:
    """Delete a schedule and stop its run; the files that it imported stay."""
    schedules.delete(services, caller, vector_store_id, import_schedule_id)
    return Deleted(id=import_schedule_id, object="vector_store.import_schedule.deleted")

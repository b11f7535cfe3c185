"""/v1/vector_stores/{id}/reindex_schedules, which are extensions of ours"""

from typing import Any

from fastapi import APIRouter

from api import deps, errors
from api.schemas import schedules as wire
from api.schemas.parts import Deleted, Id, ListPage
from ingest.reindex import schedules

router = APIRouter(
    prefix="/v1/vector_stores/{vector_store_id}/reindex_schedules",
    tags=["Re-indexing (extension)"],
    responses=errors.MISSING,
)


@router.post("")
def create(
    services: deps.GivenTools, caller: deps.GivenCaller, vector_store_id: Id, body: wire.CreateSchedule
) -> wire.ReindexSchedule:
    """Have a store re-indexed again and again."""
    strategy = body.chunking_strategy
    made = schedules.create(
        services,
        caller,
        vector_store_id,
        cron=body.cron,
        timezone=body.timezone,
        only=body.only,
        chunking=None if strategy is None else strategy.chunking(),
        paused=body.paused,
    )
    return wire.ReindexSchedule.of(made)


@router.get("")
def list_schedules(
    services: deps.GivenTools, caller: deps.GivenCaller, vector_store_id: Id, window: deps.GivenWindow
) -> ListPage[wire.ReindexSchedule]:
    """List a store's schedules."""
    page = schedules.list_page(services, caller, vector_store_id, window)
    return deps.list_page(page, [wire.ReindexSchedule.of(row) for row in page.items])


@router.get("/{schedule_id}")
def retrieve(
    services: deps.GivenTools, caller: deps.GivenCaller, vector_store_id: Id, schedule_id: Id
) -> wire.ReindexSchedule:
    """One schedule, with its next and its last run."""
    return wire.ReindexSchedule.of(schedules.retrieve(services, caller, vector_store_id, schedule_id))


@router.post("/{schedule_id}")
def update(
    services: deps.GivenTools, caller: deps.GivenCaller, vector_store_id: Id, schedule_id: Id, body: wire.UpdateSchedule
) -> wire.ReindexSchedule:
    """Change a schedule, pause or resume it."""
    names = ("cron", "timezone", "only", "paused")
    changes: dict[str, Any] = {name: value for name in names if (value := getattr(body, name)) is not None}
    if "chunking_strategy" in body.model_fields_set:
        strategy = body.chunking_strategy
        changes["chunking"] = None if strategy is None else strategy.chunking()
    return wire.ReindexSchedule.of(schedules.update(services, caller, vector_store_id, schedule_id, changes))


@router.delete("/{schedule_id}")
def delete(services: deps.GivenTools, caller: deps.GivenCaller, vector_store_id: Id, schedule_id: Id) -> Deleted:
    """Delete a schedule; a re-index that it began goes on."""
    schedules.delete(services, caller, vector_store_id, schedule_id)
    return Deleted(id=schedule_id, object="vector_store.reindex_schedule.deleted")

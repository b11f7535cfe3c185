"""/v1/vector_stores/{id}/reindex_schedules, an extension of OpenAI's API.

Calls `create`, `list_page`, `retrieve`, `update` and `delete` of ingest/reindex/schedules.py.
"""

from typing import Any

from fastapi import APIRouter

from api import deps
from api.json_bodies.route import JsonRoute
from api.openapi import errors
from api.schemas import schedules as wire
from api.schemas.parts import Deleted, Id, ListPage
from ingest.reindex import schedules

router = APIRouter(
    prefix="/v1/vector_stores/{vector_store_id}/reindex_schedules",
    tags=["Re-indexing (extension)"],
    responses=errors.NOT_FOUND,
    route_class=JsonRoute,
)


@router.post("")
def create(
    services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id, body: wire.CreateSchedule
) -> wire.ReindexSchedule:
    """Create a schedule that re-indexes a store."""
    strategy = body.chunking_strategy
    schedule = schedules.create(
        services,
        caller,
        vector_store_id,
        cron=body.cron,
        timezone=body.timezone,
        only=body.only,
        chunk_sizes=None if strategy is None else strategy.chunk_sizes(),
        paused=body.paused,
    )
    return wire.ReindexSchedule.from_row(schedule)


@router.get("")
def list_schedules(
    services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id, window: deps.WindowDep
) -> ListPage[wire.ReindexSchedule]:
    """List the re-index schedules of a store."""
    page = schedules.list_page(services, caller, vector_store_id, window)
    return deps.to_list_page(page, [wire.ReindexSchedule.from_row(row) for row in page.items])


@router.get("/{schedule_id}")
def retrieve(
    services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id, schedule_id: Id
) -> wire.ReindexSchedule:
    """Retrieve a schedule with its next and its last run."""
    return wire.ReindexSchedule.from_row(schedules.retrieve(services, caller, vector_store_id, schedule_id))


@router.post("/{schedule_id}")
def update(
    services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id, schedule_id: Id, body: wire.UpdateSchedule
) -> wire.ReindexSchedule:
    """Change, pause or resume a schedule."""
    names = ("cron", "timezone", "only", "paused")
    changes: dict[str, Any] = {name: value for name in names if (value := getattr(body, name)) is not None}
    if "chunking_strategy" in body.model_fields_set:
        strategy = body.chunking_strategy
        changes["chunk_sizes"] = None if strategy is None else strategy.chunk_sizes()
    return wire.ReindexSchedule.from_row(schedules.update(services, caller, vector_store_id, schedule_id, changes))


@router.delete("/{schedule_id}")
def delete(services: deps.ServicesDep, caller: deps.CallerDep, vector_store_id: Id, schedule_id: Id) -> Deleted:
    """Delete a schedule. A re-index that it started goes on."""
    schedules.delete(services, caller, vector_store_id, schedule_id)
    return Deleted(id=schedule_id, object="vector_store.reindex_schedule.deleted")

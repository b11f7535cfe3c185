"""Rows of webhook endpoints and of the events to be delivered to them.

A transaction locks an endpoint before its deliveries, because the deletion of an endpoint does so.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.orm import Session

from ingest.db.execute import changed_row, execute
from ingest.db.models import (
    BatchFile,
    FileBatch,
    ImportResult,
    ImportSchedule,
    ReindexGate,
    StoreFile,
    VectorStore,
    WebhookDelivery,
    WebhookEndpoint,
)
from ingest.db.pages import Page, Window, page
from ingest.db.session import now, read_clock


@dataclass(frozen=True)
class EndedRun:
    """A run of a scheduled import that has ended."""

    row: int
    schedule_id: str
    run_id: str
    result: ImportResult
    began_at: int
    ended_at: int
    counts: Mapping[str, int]
    """The counts that the run reported, and its `uploaded` and `removed` files."""


@dataclass(frozen=True)
class Ending:
    """The end of a batch or of a scheduled import, the verdict of a gate, or the expiry of a store (`subject` is None)."""

    project: str
    """Empty when the store was deleted: nobody is notified then."""
    store_id: str
    subject: FileBatch | EndedRun | ReindexGate | None = None


@dataclass(frozen=True)
class Delivery:
    """One event for one endpoint, which its taker is to deliver."""

    row: int
    endpoint: int
    url: str
    secrets: tuple[str, ...]
    event_id: str
    type: str
    body: str
    attempts: int
    age_seconds: float


def get(session: Session, project: str, endpoint_id: str) -> WebhookEndpoint | None:
    """Return the project's endpoint with this id."""
    is_endpoint = (WebhookEndpoint.id == endpoint_id, WebhookEndpoint.project == project)
    return session.scalar(select(WebhookEndpoint).where(*is_endpoint))


def list_page(session: Session, project: str, window: Window) -> Page[WebhookEndpoint]:
    """Return a page of a project's endpoints."""
    of_project = WebhookEndpoint.project == project
    cursor = select(WebhookEndpoint.row).where(of_project, WebhookEndpoint.id == bindparam("id"))
    key = WebhookEndpoint.row.expression
    statement = select(WebhookEndpoint).where(of_project)
    return page(session, statement, key, window, cursor, f"webhooks:{project}", lambda row: row[0])


def count(session: Session, project: str) -> int:
    """Return the number of a project's endpoints."""
    return session.scalar(select(func.count()).where(WebhookEndpoint.project == project)) or 0


def update_columns(session: Session, row: int, values: dict[str, object]) -> None:
    """Set columns of an endpoint."""
    execute(session, update(WebhookEndpoint).where(WebhookEndpoint.row == row).values(values))


def rotate_secret(session: Session, row: int, secret: str, *, keep_seconds: float) -> None:
    """Replace an endpoint's secret. The old one also signs for `keep_seconds`; any older one is dropped."""
    until = now(session) + keep_seconds if keep_seconds > 0 else None
    old = {"old_secret": WebhookEndpoint.secret if until is not None else None, "old_secret_until": until}
    update_columns(session, row, {**old, "secret": secret, "updated_at": int(read_clock(session))})


def delete_old_secrets(session: Session) -> None:
    """Delete old secrets whose time is over."""
    is_over = WebhookEndpoint.old_secret_until <= now(session)
    execute(session, update(WebhookEndpoint).where(is_over).values(old_secret=None, old_secret_until=None))


def signing_secrets(endpoint: WebhookEndpoint, at: float) -> tuple[str, ...]:
    """Return the secrets that sign events for an endpoint at a time, the newest first."""
    if endpoint.old_secret is None or endpoint.old_secret_until is None or endpoint.old_secret_until <= at:
        return (endpoint.secret,)
    return (endpoint.secret, endpoint.old_secret)


def delete(session: Session, project: str, endpoint_id: str) -> bool:
    """Delete an endpoint and its deliveries. Returns False when there is no such endpoint."""
    is_endpoint = (WebhookEndpoint.id == endpoint_id, WebhookEndpoint.project == project)
    return changed_row(session, sql_delete(WebhookEndpoint).where(*is_endpoint))


def count_pending(session: Session, endpoint: int) -> int:
    """Return the number of events that are to be delivered to an endpoint."""
    return session.scalar(select(func.count()).where(WebhookDelivery.endpoint == endpoint)) or 0


def take_unannounced(session: Session, limit: int) -> list[Ending]:
    """Return what ended and was not announced, at most `limit` of each kind, and mark it as announced."""
    endings = [*_ended_batches(session, limit), *_ended_imports(session, limit), *_expired_stores(session, limit)]
    endings += _decided_gates(session, limit)
    batches = [each.subject.row for each in endings if isinstance(each.subject, FileBatch)]
    imports = [each.subject.row for each in endings if isinstance(each.subject, EndedRun)]
    stores = [each.store_id for each in endings if each.subject is None]
    if batches:
        execute(session, update(FileBatch).where(FileBatch.row.in_(batches)).values(announced=True))
    if imports:
        execute(session, update(ImportSchedule).where(ImportSchedule.row.in_(imports)).values(announced=True))
    if stores:
        execute(session, update(VectorStore).where(VectorStore.id.in_(stores)).values(announced=True))
    for gate in (each.subject for each in endings if isinstance(each.subject, ReindexGate)):
        is_gate = (ReindexGate.vector_store_id == gate.vector_store_id, ReindexGate.model == gate.model)
        execute(session, update(ReindexGate).where(*is_gate).values(announced=True))
    return endings


def count_files_with_warnings(session: Session, batch_rows: Sequence[int]) -> Mapping[int, int]:
    """Return the number of files with warnings of each batch that has some."""
    counts = (
        select(BatchFile.batch, func.count().label("files"))
        .join(StoreFile, StoreFile.row == BatchFile.store_file)
        .where(BatchFile.batch.in_(batch_rows), StoreFile.has_warnings)
        .group_by(BatchFile.batch)
    )
    return {row.batch: row.files for row in session.execute(counts)}


def list_active_endpoints(session: Session, projects: set[str]) -> dict[str, list[WebhookEndpoint]]:
    """Return the endpoints of some projects that are not paused, by project."""
    by_project: dict[str, list[WebhookEndpoint]] = {}
    is_listening = (WebhookEndpoint.project.in_(projects), ~WebhookEndpoint.paused)
    for endpoint in session.scalars(select(WebhookEndpoint).where(*is_listening)):
        by_project.setdefault(endpoint.project, []).append(endpoint)
    return by_project


def take_due(
    session: Session, *, endpoints: int, per_endpoint: int, retry_after_seconds: float, busy_endpoints: Sequence[int]
) -> dict[int, list[Delivery]]:
    """Return due deliveries by endpoint, the longest-waiting endpoints first, with at most `per_endpoint` of each.

    They become due again after `retry_after_seconds`, unless their outcome was recorded by then.
    """
    due = (
        WebhookDelivery.next_try <= now(session),
        ~WebhookEndpoint.paused,
        WebhookEndpoint.row.not_in(busy_endpoints),
    )
    is_its_delivery = WebhookEndpoint.row == WebhookDelivery.endpoint
    longest_waiting = func.min(WebhookDelivery.next_try)
    due_endpoints = (
        select(WebhookEndpoint.row).join(WebhookDelivery, is_its_delivery).where(*due).group_by(WebhookEndpoint.row)
    )
    taken: dict[int, list[Delivery]] = {}
    for endpoint in session.scalars(due_endpoints.order_by(longest_waiting).limit(endpoints)).all():
        deliveries = list(_take_of_endpoint(session, endpoint, per_endpoint))
        if deliveries:
            taken[endpoint] = deliveries
    rows = [delivery.row for deliveries in taken.values() for delivery in deliveries]
    if rows:
        later = {"next_try": now(session) + retry_after_seconds}
        execute(session, update(WebhookDelivery).where(WebhookDelivery.row.in_(rows)).values(later))
    return taken


def record_delivered(session: Session, delivery: Delivery) -> None:
    """Record that the endpoint received the event."""
    _record_outcome(session, delivery, lambda: {"delivered": WebhookEndpoint.delivered + 1, "last_error": None})


def record_given_up(session: Session, delivery: Delivery, error: str) -> None:
    """Record that the event is given up, and why."""
    _record_outcome(session, delivery, lambda: {"given_up": WebhookEndpoint.given_up + 1, "last_error": error})


def record_failed(session: Session, delivery: Delivery, error: str, *, retry_after_seconds: float) -> None:
    """Record a failed attempt; the next one is due after `retry_after_seconds`."""
    later = {"attempts": WebhookDelivery.attempts + 1, "next_try": now(session) + retry_after_seconds}
    update_columns(session, delivery.endpoint, {"last_error": error})  # before the delivery: the lock order
    execute(session, update(WebhookDelivery).where(WebhookDelivery.row == delivery.row).values(later))


def postpone(session: Session, deliveries: Sequence[Delivery], *, seconds: float) -> None:
    """Postpone other deliveries of an endpoint that has just failed, without counting an attempt."""
    rows = [delivery.row for delivery in deliveries]
    later = {"next_try": now(session) + seconds}
    execute(session, update(WebhookDelivery).where(WebhookDelivery.row.in_(rows)).values(later))


def _ended_batches(session: Session, limit: int) -> Iterator[Ending]:
    # Locked in the one order (ingest/db/locks.py). The next sweep announces what others have locked.
    ended = select(FileBatch).where(FileBatch.in_progress == 0, ~FileBatch.announced)
    batches = session.scalars(ended.order_by(FileBatch.row).limit(limit).with_for_update(skip_locked=True)).all()
    stores = {batch.vector_store_id for batch in batches}
    is_undeleted = (VectorStore.id.in_(stores), ~VectorStore.is_deleted)
    found = session.execute(select(VectorStore.id, VectorStore.project).where(*is_undeleted))
    projects: dict[str, str] = {row.id: row.project for row in found}
    for batch in batches:
        yield Ending(projects.get(batch.vector_store_id, ""), batch.vector_store_id, batch)


def _ended_imports(session: Session, limit: int) -> Iterator[Ending]:
    run = (ImportSchedule.run_id, ImportSchedule.result, ImportSchedule.began_at, ImportSchedule.ended_at)
    counts = (ImportSchedule.counts, ImportSchedule.uploaded, ImportSchedule.removed)
    rows = session.execute(
        select(ImportSchedule.row, ImportSchedule.id, *run, *counts)
        .add_columns(VectorStore.id.label("store"), VectorStore.project, VectorStore.is_deleted.label("is_deleted"))
        .join(VectorStore, VectorStore.id == ImportSchedule.vector_store_id)
        .where(ImportSchedule.ended_at.is_not(None), ~ImportSchedule.announced)
        .order_by(ImportSchedule.row)
        .limit(limit)
        .with_for_update(of=ImportSchedule, skip_locked=True)
    )
    for row in rows:
        all_counts = {**row.counts, "uploaded": row.uploaded, "removed": row.removed}
        ended = EndedRun(row.row, row.id, row.run_id, row.result, row.began_at, row.ended_at, all_counts)
        yield Ending("" if row.is_deleted else row.project, row.store, ended)


def _expired_stores(session: Session, limit: int) -> list[Ending]:
    expired = select(VectorStore.id, VectorStore.project).where(
        VectorStore.expired_at.is_not(None), ~VectorStore.announced
    )
    found = session.execute(expired.order_by(VectorStore.row).limit(limit).with_for_update(skip_locked=True))
    return [Ending(row.project, row.id) for row in found]


def _decided_gates(session: Session, limit: int) -> list[Ending]:
    decided = (
        select(ReindexGate, VectorStore.project, VectorStore.is_deleted.label("is_deleted"))
        .join(VectorStore, VectorStore.id == ReindexGate.vector_store_id)
        .where(~ReindexGate.announced)
        .order_by(ReindexGate.vector_store_id, ReindexGate.model)
        .limit(limit)
        .with_for_update(of=ReindexGate, skip_locked=True)
    )
    found = session.execute(decided)
    return [Ending("" if row.is_deleted else row.project, row[0].vector_store_id, row[0]) for row in found]


def _take_of_endpoint(session: Session, endpoint: int, limit: int) -> Iterator[Delivery]:
    due = (WebhookDelivery.endpoint == endpoint, WebhookDelivery.next_try <= now(session))
    found = session.execute(
        select(WebhookDelivery, WebhookEndpoint, now(session).label("at"))
        .join(WebhookEndpoint, WebhookEndpoint.row == WebhookDelivery.endpoint)
        .where(*due)
        .order_by(WebhookDelivery.row)
        .limit(limit)
        .with_for_update(of=WebhookDelivery, skip_locked=True)
    )
    for row in found:
        delivery: WebhookDelivery = row[0]
        webhook: WebhookEndpoint = row[1]
        yield Delivery(
            row=delivery.row,
            endpoint=endpoint,
            url=webhook.url,
            secrets=signing_secrets(webhook, row.at),
            event_id=delivery.event_id,
            type=delivery.type,
            body=delivery.body,
            attempts=delivery.attempts,
            age_seconds=row.at - delivery.created_at,
        )


def _record_outcome(session: Session, delivery: Delivery, values: Callable[[], dict[str, object]]) -> None:
    """Delete the delivery, and set the endpoint's values unless another process has recorded an outcome."""
    session.execute(select(WebhookEndpoint.row).where(WebhookEndpoint.row == delivery.endpoint).with_for_update())
    if changed_row(session, sql_delete(WebhookDelivery).where(WebhookDelivery.row == delivery.row)):
        update_columns(session, delivery.endpoint, values())

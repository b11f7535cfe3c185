"""Webhook endpoints and the events on their way to them, as rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, func, select, update
from sqlalchemy import delete as sql_delete
from sqlalchemy.orm import Session

from ingest.db.execute import changed, run
from ingest.db.models import FileBatch, ImportResult, ImportSchedule, VectorStore, WebhookDelivery, WebhookEndpoint
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
    """What the run told, and how many files it uploaded and removed."""


@dataclass(frozen=True)
class Happened:
    """Something to tell a project: a batch or a scheduled import that has ended, or (None) a store that has expired."""

    project: str
    store_id: str
    what: FileBatch | EndedRun | None = None


@dataclass(frozen=True)
class Parcel:
    """One event for one endpoint, taken to be delivered."""

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
    """The project's endpoint with this id."""
    mine = (WebhookEndpoint.id == endpoint_id, WebhookEndpoint.project == project)
    return session.scalar(select(WebhookEndpoint).where(*mine))


def listed(session: Session, project: str, window: Window) -> Page[WebhookEndpoint]:
    """A page of a project's endpoints."""
    mine = WebhookEndpoint.project == project
    cursor = select(WebhookEndpoint.row).where(mine, WebhookEndpoint.id == bindparam("id"))
    key = WebhookEndpoint.row.expression
    wanted = select(WebhookEndpoint).where(mine)
    return page(session, wanted, key, window, cursor, f"webhooks:{project}", lambda row: row[0])


def count(session: Session, project: str) -> int:
    """How many endpoints a project has."""
    return session.scalar(select(func.count()).where(WebhookEndpoint.project == project)) or 0


def change(session: Session, row: int, values: dict[str, object]) -> None:
    """Change an endpoint's columns."""
    run(session, update(WebhookEndpoint).where(WebhookEndpoint.row == row).values(values))


def rotate(session: Session, row: int, secret: str, *, keep_seconds: float) -> None:
    """Give an endpoint another secret; the one it had signs beside it for a while, any older one no longer."""
    until = now(session) + keep_seconds if keep_seconds > 0 else None
    old = {"old_secret": WebhookEndpoint.secret if until is not None else None, "old_secret_until": until}
    change(session, row, {**old, "secret": secret, "updated_at": int(read_clock(session))})


def forget_old_secrets(session: Session) -> None:
    """Those that sign no longer."""
    over = WebhookEndpoint.old_secret_until <= now(session)
    run(session, update(WebhookEndpoint).where(over).values(old_secret=None, old_secret_until=None))


def secrets(endpoint: WebhookEndpoint, at: float) -> tuple[str, ...]:
    """With which events for an endpoint are signed at a time, the newest first."""
    if endpoint.old_secret is None or endpoint.old_secret_until is None or endpoint.old_secret_until <= at:
        return (endpoint.secret,)
    return (endpoint.secret, endpoint.old_secret)


def delete(session: Session, project: str, endpoint_id: str) -> bool:
    """Forget an endpoint and what is on its way to it; False when there is none."""
    mine = (WebhookEndpoint.id == endpoint_id, WebhookEndpoint.project == project)
    return changed(session, sql_delete(WebhookEndpoint).where(*mine))


def waiting(session: Session, endpoint: int) -> int:
    """How many events are on their way to an endpoint."""
    return session.scalar(select(func.count()).where(WebhookDelivery.endpoint == endpoint)) or 0


def happened(session: Session, limit: int) -> list[Happened]:
    """What ended and has not been announced, now marked as announced: for nobody else, and in this transaction only."""
    found = [*_ended_batches(session, limit), *_ended_imports(session, limit), *_expired_stores(session, limit)]
    batches = [each.what.row for each in found if isinstance(each.what, FileBatch)]
    imports = [each.what.row for each in found if isinstance(each.what, EndedRun)]
    stores = [each.store_id for each in found if each.what is None]
    if batches:
        run(session, update(FileBatch).where(FileBatch.row.in_(batches)).values(announced=True))
    if imports:
        run(session, update(ImportSchedule).where(ImportSchedule.row.in_(imports)).values(announced=True))
    if stores:
        run(session, update(VectorStore).where(VectorStore.id.in_(stores)).values(announced=True))
    return found


def listeners(session: Session, projects: set[str]) -> dict[str, list[WebhookEndpoint]]:
    """The endpoints of some projects that are not paused."""
    heard: dict[str, list[WebhookEndpoint]] = {}
    mine = (WebhookEndpoint.project.in_(projects), ~WebhookEndpoint.paused)
    for endpoint in session.scalars(select(WebhookEndpoint).where(*mine)):
        heard.setdefault(endpoint.project, []).append(endpoint)
    return heard


def take(
    session: Session, *, endpoints: int, each: int, for_seconds: float, busy: Sequence[int]
) -> dict[int, list[Parcel]]:
    """Events that are due, oldest first, of a few endpoints and a few of each; nobody else takes them for a while."""
    due = (WebhookDelivery.next_try <= now(session), ~WebhookEndpoint.paused, WebhookEndpoint.row.not_in(busy))
    owner = WebhookEndpoint.row == WebhookDelivery.endpoint
    first = func.min(WebhookDelivery.next_try)
    ripe = select(WebhookEndpoint.row).join(WebhookDelivery, owner).where(*due).group_by(WebhookEndpoint.row)
    taken: dict[int, list[Parcel]] = {}
    for endpoint in session.scalars(ripe.order_by(first).limit(endpoints)).all():
        parcels = list(_take(session, endpoint, each))
        if parcels:
            taken[endpoint] = parcels
    rows = [parcel.row for parcels in taken.values() for parcel in parcels]
    if rows:
        later = {"next_try": now(session) + for_seconds}
        run(session, update(WebhookDelivery).where(WebhookDelivery.row.in_(rows)).values(later))
    return taken


def arrived(session: Session, parcel: Parcel) -> None:
    """The endpoint has it."""
    _counted(session, parcel, lambda: {"delivered": WebhookEndpoint.delivered + 1, "last_error": None})


def given_up(session: Session, parcel: Parcel, error: str) -> None:
    """It is not tried again; the endpoint shows that."""
    _counted(session, parcel, lambda: {"given_up": WebhookEndpoint.given_up + 1, "last_error": error})


def failed(session: Session, parcel: Parcel, error: str, *, again_after_seconds: float) -> None:
    """It is tried again after a while."""
    later = {"attempts": WebhookDelivery.attempts + 1, "next_try": now(session) + again_after_seconds}
    change(session, parcel.endpoint, {"last_error": error})  # first: who deletes an endpoint locks it first, too
    run(session, update(WebhookDelivery).where(WebhookDelivery.row == parcel.row).values(later))


def put_off(session: Session, parcels: Sequence[Parcel], *, seconds: float) -> None:
    """Have others of an endpoint that just failed wait as well; that is no attempt."""
    rows = [parcel.row for parcel in parcels]
    later = {"next_try": now(session) + seconds}
    run(session, update(WebhookDelivery).where(WebhookDelivery.row.in_(rows)).values(later))


def _ended_batches(session: Session, limit: int) -> Iterator[Happened]:
    # Locked in the order that everybody keeps, and never waited for: what others hold the next sweep announces.
    ended = select(FileBatch).where(FileBatch.in_progress == 0, ~FileBatch.announced)
    batches = session.scalars(ended.order_by(FileBatch.row).limit(limit).with_for_update(skip_locked=True)).all()
    stores = {batch.vector_store_id for batch in batches}
    alive = (VectorStore.id.in_(stores), VectorStore.deleted_at.is_(None))
    known = session.execute(select(VectorStore.id, VectorStore.project).where(*alive))
    projects: dict[str, str] = {row.id: row.project for row in known}
    for batch in batches:
        # Of a deleted store nobody is told; the batch goes with it.
        yield Happened(projects.get(batch.vector_store_id, ""), batch.vector_store_id, batch)


def _ended_imports(session: Session, limit: int) -> Iterator[Happened]:
    about = (ImportSchedule.run_id, ImportSchedule.result, ImportSchedule.began_at, ImportSchedule.ended_at)
    done = (ImportSchedule.counts, ImportSchedule.uploaded, ImportSchedule.removed)
    found = session.execute(
        select(ImportSchedule.row, ImportSchedule.id, *about, *done)
        .add_columns(VectorStore.id.label("store"), VectorStore.project, VectorStore.deleted_at)
        .join(VectorStore, VectorStore.id == ImportSchedule.vector_store_id)
        .where(ImportSchedule.ended_at.is_not(None), ~ImportSchedule.announced)
        .order_by(ImportSchedule.row)
        .limit(limit)
        .with_for_update(of=ImportSchedule, skip_locked=True)
    )
    for row in found:
        counts = {**row.counts, "uploaded": row.uploaded, "removed": row.removed}
        ended = EndedRun(row.row, row.id, row.run_id, row.result, row.began_at, row.ended_at, counts)
        yield Happened(row.project if row.deleted_at is None else "", row.store, ended)


def _expired_stores(session: Session, limit: int) -> list[Happened]:
    expired = select(VectorStore.id, VectorStore.project).where(
        VectorStore.expired_at.is_not(None), ~VectorStore.announced
    )
    found = session.execute(expired.order_by(VectorStore.row).limit(limit).with_for_update(skip_locked=True))
    return [Happened(row.project, row.id) for row in found]


def _take(session: Session, endpoint: int, limit: int) -> Iterator[Parcel]:
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
        one: WebhookDelivery = row[0]
        to: WebhookEndpoint = row[1]
        yield Parcel(
            row=one.row,
            endpoint=endpoint,
            url=to.url,
            secrets=secrets(to, row.at),
            event_id=one.event_id,
            type=one.type,
            body=one.body,
            attempts=one.attempts,
            age_seconds=row.at - one.created_at,
        )


def _counted(session: Session, parcel: Parcel, values: Callable[[], dict[str, object]]) -> None:
    """The event is over: counted once, whoever else delivered it too."""
    session.execute(select(WebhookEndpoint.row).where(WebhookEndpoint.row == parcel.endpoint).with_for_update())
    if changed(session, sql_delete(WebhookDelivery).where(WebhookDelivery.row == parcel.row)):
        change(session, parcel.endpoint, values())

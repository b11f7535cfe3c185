"""Webhooks: who wants to be told of what, and what there is to tell (deploy/decisions/0010).

Delivered by ingest/webhooks/delivery.py.
"""

import base64
import hashlib
import hmac
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_bytes
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from ingest import ids
from ingest.caller import Caller
from ingest.db import webhooks as rows
from ingest.db.models import FileBatch, ImportResult, WebhookDelivery, WebhookEndpoint
from ingest.db.pages import Page, Window
from ingest.db.session import alone, read_clock, serialise
from ingest.db.webhooks import EndedRun, Happened
from ingest.errors import InvalidRequest, NotFound
from ingest.observability import logs, metrics
from ingest.services import Services
from ingest.status import of_batch

EventType = Literal[
    "vector_store.file_batch.completed",
    "vector_store.file_batch.cancelled",
    "vector_store.file_batch.failed",
    "vector_store.expired",
    "vector_store.import_run.completed",
    "vector_store.import_run.incomplete",
    "vector_store.import_run.failed",
]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)

MOST_ENDPOINTS = 20
"""Of one project."""

AT_ONCE = 500
"""Batches, runs of imports, and stores, that one transaction announces."""

BATCH_COUNTS = ("in_progress", "completed", "failed", "cancelled", "total")
IMPORT_COUNTS = ("uploaded", "removed", *BATCH_COUNTS[:-1], "not_uploaded", "total")

MARK = "whsec_"
SECRET_BYTES = 32

OLD_SECRET_SECONDS = 86_400.0
"""For which a secret that was replaced signs beside the new one, if that is asked for."""

_log = logs.get(__name__)


@dataclass(frozen=True)
class Shown:
    """An endpoint, and how many events are on their way to it."""

    endpoint: WebhookEndpoint
    waiting: int

    @property
    def id(self) -> str:
        return self.endpoint.id


def create(
    services: Services, caller: Caller, *, name: str, url: str, event_types: Sequence[EventType], paused: bool
) -> Shown:
    """A new endpoint of the project, with a secret of its own. Raises InvalidRequest."""
    _check(url)
    with services.database.transaction() as session:
        serialise(session, f"webhooks:{caller.project}")
        if rows.count(session, caller.project) >= MOST_ENDPOINTS:
            raise InvalidRequest(f"A project has at most {MOST_ENDPOINTS} webhook endpoints.")
        at = int(read_clock(session))
        endpoint = WebhookEndpoint(
            id=ids.new("wh_"),
            project=caller.project,
            name=name,
            url=url,
            event_types=sorted(set(event_types)),
            secret=_secret(),
            paused=paused,
            created_at=at,
            updated_at=at,
        )
        session.add(endpoint)
    return Shown(endpoint, 0)


def retrieve(services: Services, caller: Caller, endpoint_id: str) -> Shown:
    """Raises NotFound."""
    with services.database.reading() as session:
        return _shown(session, _found(rows.get(session, caller.project, endpoint_id), endpoint_id))


def list_page(services: Services, caller: Caller, window: Window) -> Page[Shown]:
    """A page of the project's endpoints."""
    with services.database.reading() as session:
        found = rows.listed(session, caller.project, window)
        return Page([_shown(session, endpoint) for endpoint in found.items], found.has_more)


def update(services: Services, caller: Caller, endpoint_id: str, changes: dict[str, Any]) -> Shown:
    """Change what is named: name, url, event_types, paused. Raises NotFound, InvalidRequest."""
    if "url" in changes:
        _check(changes["url"])
    if "event_types" in changes:
        changes = changes | {"event_types": sorted(set(changes["event_types"]))}
    with services.database.transaction() as session:
        endpoint = _found(rows.get(session, caller.project, endpoint_id), endpoint_id)
        if changes:
            rows.change(session, endpoint.row, changes | {"updated_at": int(read_clock(session))})
            session.refresh(endpoint)
        return _shown(session, endpoint)


def rotate(services: Services, caller: Caller, endpoint_id: str, *, keep_old: bool) -> Shown:
    """Give an endpoint a new secret; with `keep_old` the old one signs beside it for a day. Raises NotFound."""
    with services.database.transaction() as session:
        endpoint = _found(rows.get(session, caller.project, endpoint_id), endpoint_id)
        rows.rotate(session, endpoint.row, _secret(), keep_seconds=OLD_SECRET_SECONDS if keep_old else 0)
        session.refresh(endpoint)
        return _shown(session, endpoint)


def delete(services: Services, caller: Caller, endpoint_id: str) -> None:
    """Forget an endpoint; what was on its way is not delivered. Raises NotFound."""
    with services.database.transaction() as session:
        if not rows.delete(session, caller.project, endpoint_id):
            _found(None, endpoint_id)


def enqueue(services: Services) -> None:
    """Write down an event for every endpoint that wants to hear of what has ended, exactly once (for the sweep).

    And count the scheduled imports among it, and forget the secrets that were replaced a while ago.
    """
    with services.database.transaction() as session:
        rows.forget_old_secrets(session)
    count = AT_ONCE
    while count >= AT_ONCE:
        with services.database.transaction() as session:
            found = _enqueue(session) if alone(session, "webhooks") else []
        runs = [each.what.result for each in found if isinstance(each.what, EndedRun)]
        for result in runs:
            metrics.import_runs.labels(result).inc()
        count = max(Counter(type(each.what) for each in found).values(), default=0)


def event(session: Session, kind: EventType, data: dict[str, Any]) -> tuple[str, str]:
    """A new event: its id and its body."""
    event_id = ids.new("evt_")
    about = {"id": event_id, "object": "event", "created_at": int(read_clock(session)), "type": kind, "data": data}
    return event_id, json.dumps(about, separators=(",", ":"))


def sample(kind: EventType) -> dict[str, Any]:
    """The data of an event that did not happen, for tests of an endpoint."""
    if kind == "vector_store.expired":
        return {"id": "vs_test", "test": True}
    if kind.startswith("vector_store.import_run."):
        about = {"id": "imp_test", "vector_store_id": "vs_test", "import_schedule_id": "isch_test"}
        times = {"began_at": 0, "ended_at": 0}
        return about | times | {"file_counts": dict.fromkeys(IMPORT_COUNTS, 0), "test": True}
    counts = dict.fromkeys(BATCH_COUNTS, 0)
    return {"id": "vsfb_test", "vector_store_id": "vs_test", "file_counts": counts, "test": True}


def signed(secrets: Sequence[str], event_id: str, timestamp: int, body: str) -> dict[str, str]:
    """The headers by which a receiver knows who sent this, as Standard Webhooks and the `openai` client have it.

    With one signature for each secret: a receiver accepts what any of them verifies.
    """
    content = f"{event_id}.{timestamp}.{body}".encode()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_signature(secret, content) for secret in secrets),
    }


def _secret() -> str:
    return MARK + base64.b64encode(token_bytes(SECRET_BYTES)).decode()


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(MARK))
    return f"v1,{base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()}"


def _enqueue(session: Session) -> list[Happened]:
    found = rows.happened(session, AT_ONCE)
    heard = rows.listeners(session, {each.project for each in found})
    at = read_clock(session)
    for each in found:
        kind, object_id, data = _told(each)
        wanted = [endpoint for endpoint in heard.get(each.project, []) if kind in endpoint.event_types]
        if not wanted:
            continue
        event_id, body = event(session, kind, data)
        session.add_all(
            WebhookDelivery(
                endpoint=endpoint.row, event_id=event_id, type=kind, object_id=object_id,
                body=body, created_at=at, next_try=at,
            )
            for endpoint in wanted
        )  # fmt: skip
        _log.info("webhook_queued", type=kind, object=object_id, endpoints=len(wanted))
    return found


def _told(happened: Happened) -> tuple[EventType, str, dict[str, Any]]:
    match happened.what:
        case None:
            return "vector_store.expired", happened.store_id, {"id": happened.store_id}
        case EndedRun() as ended:
            return _RUNS[ended.result], ended.run_id, _of_run(ended, happened.store_id)
        case batch:
            counts = {name: getattr(batch, name) for name in BATCH_COUNTS[:-1]}
            counts["total"] = sum(counts.values())
            data = {"id": batch.id, "vector_store_id": happened.store_id, "file_counts": counts}
            return _ended(batch), batch.id, data


_RUNS: dict[ImportResult, EventType] = {
    "completed": "vector_store.import_run.completed",
    "incomplete": "vector_store.import_run.incomplete",
    "failed": "vector_store.import_run.failed",
}


def _of_run(ended: EndedRun, store_id: str) -> dict[str, Any]:
    # Without its error and reasons: they name paths, which are for who may read the schedule.
    return {
        "id": ended.run_id,
        "vector_store_id": store_id,
        "import_schedule_id": ended.schedule_id,
        "began_at": ended.began_at,
        "ended_at": ended.ended_at,
        "file_counts": {name: ended.counts.get(name, 0) for name in IMPORT_COUNTS},
    }


def _ended(batch: FileBatch) -> EventType:
    status = of_batch(0, cancelled=batch.cancelled_at is not None, expired=batch.expired)
    if status == "failed":
        return "vector_store.file_batch.failed"
    return "vector_store.file_batch.cancelled" if status == "cancelled" else "vector_store.file_batch.completed"


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.username is None and parts.port != 0
    except ValueError:
        good = False
    if not good or any(c <= " " or c == "\x7f" for c in url):
        raise InvalidRequest("Invalid 'url': expected an http or https address without credentials.", param="url")


def _shown(session: Session, endpoint: WebhookEndpoint) -> Shown:
    return Shown(endpoint, rows.waiting(session, endpoint.row))


def _found(endpoint: WebhookEndpoint | None, endpoint_id: str) -> WebhookEndpoint:
    if endpoint is None:
        raise NotFound(f"No webhook endpoint found with id '{endpoint_id}'.", param="webhook_endpoint_id")
    return endpoint

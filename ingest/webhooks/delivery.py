"""Delivers events to webhook endpoints: at least once, within bounds, and never in the way of the sweep."""

import asyncio
import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx

from ingest.caller import Caller
from ingest.db import webhooks as rows
from ingest.db.session import read_clock
from ingest.db.webhooks import Parcel
from ingest.errors import InvalidRequest
from ingest.net.egress_guard import Pinned, Resolve, Unreachable, pinned, resolve
from ingest.observability import logs, metrics
from ingest.services import Services
from ingest.webhooks import endpoints
from ingest.webhooks.endpoints import EventType

ENDPOINTS_AT_ONCE = 8
EVENTS_AT_ONCE = 16
"""Of one endpoint, one after the other."""

FIRST_PAUSE_SECONDS = 5.0
LONGEST_PAUSE_SECONDS = 3 * 3600.0
GIVE_UP_SECONDS = 86_400.0

PERMIT = "INGEST_WEBHOOKS_ALLOW_PRIVATE"

_log = logs.get(__name__)


class Undelivered(Exception):
    """Why a receiver has not got an event, in words for the project: nothing about our own network."""


class Courier(threading.Thread):
    """Looks for events that are due and delivers those of different endpoints side by side."""

    def __init__(self, services: Services, *, resolver: Resolve = resolve) -> None:
        super().__init__(name="courier", daemon=True)
        self._tools = services
        self._resolve = resolver
        self._stopped = threading.Event()
        self._busy: set[int] = set()
        self._lock = threading.Lock()
        self._threads = ThreadPoolExecutor(ENDPOINTS_AT_ONCE, thread_name_prefix="courier")

    def run(self) -> None:
        while not self._stopped.wait(self._tools.settings.sweep_seconds):
            try:
                self.round()
            except Exception as exc:  # noqa: BLE001 - written down; the next round may do better
                _log.warning("courier_held_up", reason=str(exc))

    def stop(self) -> None:
        """Begin nothing more; what was taken is taken again by another courier."""
        self._stopped.set()
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self.is_alive():
            self.join(5)

    def round(self) -> int:
        """Begin what is due, as far as there are free hands; how many endpoints. Waits for no receiver."""
        with self._lock:
            busy = sorted(self._busy)
        room = ENDPOINTS_AT_ONCE - len(busy)
        if room <= 0:
            return 0
        patience = 2 * EVENTS_AT_ONCE * self._tools.settings.webhook_timeout_seconds
        with self._tools.database.transaction() as session:
            taken = rows.take(session, endpoints=room, each=EVENTS_AT_ONCE, for_seconds=patience, busy=busy)
        for endpoint, parcels in taken.items():
            with self._lock:
                self._busy.add(endpoint)
            self._threads.submit(self._work, endpoint, parcels)
        return len(taken)

    def wait(self) -> None:
        """Until what was begun has ended (tests)."""
        while True:
            with self._lock:
                if not self._busy:
                    return
            self._stopped.wait(0.01)

    def _work(self, endpoint: int, parcels: Sequence[Parcel]) -> None:
        try:
            for position, parcel in enumerate(parcels):
                if self._stopped.is_set() or not self._deliver(parcel, parcels[position + 1 :]):
                    return
        except Exception as exc:  # noqa: BLE001 - written down; what was taken is due again later
            _log.warning("courier_stopped_at", endpoint=endpoint, reason=str(exc))
        finally:
            with self._lock:
                self._busy.discard(endpoint)

    def _deliver(self, parcel: Parcel, others: Sequence[Parcel]) -> bool:
        """Try once and write down how it went; False when the endpoint shall be left alone for a while."""
        try:
            status = post(self._tools, parcel.url, parcel.secrets, parcel.event_id, parcel.body, self._resolve)
            if not 200 <= status < 300:
                raise Undelivered(f"The receiver answered {status}.")
        except Undelivered as exc:
            self._failed(parcel, others, str(exc))
            return False
        with self._tools.database.transaction() as session:
            rows.arrived(session, parcel)
        metrics.webhook_deliveries.labels("delivered").inc()
        return True

    def _failed(self, parcel: Parcel, others: Sequence[Parcel], reason: str) -> None:
        about = {"event_id": parcel.event_id, "type": parcel.type, "attempt": parcel.attempts + 1, "reason": reason}
        seconds = pause(parcel.attempts)
        with self._tools.database.transaction() as session:
            if parcel.age_seconds >= GIVE_UP_SECONDS:
                outcome = "given_up"
                rows.given_up(session, parcel, reason)
                _log.error("webhook_given_up", **about)
            else:
                outcome = "failed"
                rows.failed(session, parcel, reason, again_after_seconds=seconds)
                _log.warning("webhook_failed", **about)
            if others:
                rows.put_off(session, others, seconds=seconds)
        metrics.webhook_deliveries.labels(outcome).inc()


def try_out(services: Services, caller: Caller, endpoint_id: str, kind: EventType, resolver: Resolve = resolve) -> int:
    """Send a made-up event at once; the status of the answer. Raises NotFound; InvalidRequest when there was none."""
    shown = endpoints.retrieve(services, caller, endpoint_id)
    with services.database.reading() as session:
        event_id, body = endpoints.event(session, kind, endpoints.sample(kind))
        secrets = rows.secrets(shown.endpoint, read_clock(session))
    try:
        return post(services, shown.endpoint.url, secrets, event_id, body, resolver)
    except Undelivered as exc:
        raise InvalidRequest(f"The test event was not delivered: {exc}") from exc


def pause(attempts: int) -> float:
    """Seconds until the next try, after so many: doubled each time up to three hours, and never all at once."""
    longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(attempts, 20))
    return longest * random.uniform(0.5, 1.0)


def post(
    services: Services, url: str, secrets: Sequence[str], event_id: str, body: str, resolver: Resolve = resolve
) -> int:
    """Send an event and say what status came back; of the answer nothing else is read. Raises Undelivered."""
    settings = services.settings
    try:
        to = pinned(httpx.URL(url), resolver, allow_private=settings.webhooks_allow_private, permit=PERMIT)
    except (Unreachable, httpx.InvalidURL, UnicodeError, ValueError) as exc:
        _log.warning("webhook_refused", event_id=event_id, reason=str(exc))
        raise Undelivered("The address cannot be resolved, or is not public.") from exc
    headers = endpoints.signed(secrets, event_id, int(time.time()), body)
    try:
        return asyncio.run(_post(to, headers, body, settings.webhook_timeout_seconds))
    except TimeoutError as exc:
        raise Undelivered(f"No answer within {settings.webhook_timeout_seconds:g} s.") from exc
    except (httpx.HTTPError, OSError) as exc:
        raise Undelivered(f"The receiver could not be reached ({type(exc).__name__}).") from exc


async def _post(to: Pinned, headers: dict[str, str], body: str, seconds: float) -> int:
    # One deadline over everything: a receiver that sends a byte now and then is no better than a silent one.
    async with asyncio.timeout(seconds), httpx.AsyncClient(trust_env=False, timeout=seconds) as client:
        asked = {**to.headers, **headers, "Content-Type": "application/json"}
        request = client.build_request("POST", to.url, headers=asked, content=body, extensions=to.extensions)
        answer = await client.send(request, stream=True, follow_redirects=False)
        await answer.aclose()
        return answer.status_code

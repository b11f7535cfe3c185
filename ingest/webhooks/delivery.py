"""Delivery of webhook events to their endpoints: at least once, with back-off, until an event is a day old.

Decision: deploy/docs/decisions/0010-webhooks.md.
"""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import httpx

from ingest.caller import Caller
from ingest.db import clock_readings
from ingest.db import webhooks as rows
from ingest.db.session import read_clock
from ingest.db.webhooks import Delivery
from ingest.errors import InvalidRequest, Refused, SecretUnreadable
from ingest.net.egress_guard import AddressRefused, EgressPolicy, OutOfTime, Resolver, Unreachable, resolve
from ingest.net.guarded_http import open_response
from ingest.observability import logs, metrics
from ingest.runtime.backoff import Backoff
from ingest.runtime.periodic import PeriodicThread
from ingest.services import Services
from ingest.webhooks import endpoints, secrets_at_rest
from ingest.webhooks.events import EventType, build_event, sample_data
from ingest.webhooks.signing import signature_headers

MAX_CONCURRENT_ENDPOINTS = 8

EVENTS_PER_ENDPOINT = 16
"""How many events of one endpoint are claimed at once. They are sent one after the other."""

RETRY_BACKOFF = Backoff(first_seconds=5.0, longest_seconds=3 * 3600.0, jitter=0.5)

GIVE_UP_AFTER_SECONDS = 86_400.0
"""The age of an event at which a failed attempt is its last one."""

PERMITTING_SETTING = "INGEST_WEBHOOKS_ALLOW_PRIVATE"

_log = logs.get(__name__)


class DeliveryFailed(Exception):
    """A receiver did not accept an event. The message is shown to the project, so it names no internal address."""


class DeliveryWorker:
    """Claims due events and sends those of different endpoints in parallel."""

    def __init__(self, services: Services, *, resolver: Resolver = resolve) -> None:
        self._services = services
        self._resolver = resolver
        self._thread = PeriodicThread("webhook_delivery", services.settings.sweep_seconds, self.deliver_due)
        self._busy_endpoints: set[int] = set()
        self._has_encrypted_secrets = False
        self._lock = threading.Lock()
        self._executor = ThreadPoolExecutor(MAX_CONCURRENT_ENDPOINTS, thread_name_prefix="webhook_delivery")

    def start(self) -> None:
        """Deliver due events every `sweep_seconds`, in a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Start no more deliveries. Another process delivers what this one claimed, when the claims run out."""
        self._thread.stop()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def deliver_due(self) -> int:
        """Claim due events of as many endpoints as there are idle threads, and start to send them.

        Returns the number of endpoints. Waits for no receiver.
        """
        self._encrypt_secrets_once()
        with self._lock:
            busy = sorted(self._busy_endpoints)
        idle_threads = MAX_CONCURRENT_ENDPOINTS - len(busy)
        if idle_threads <= 0:
            return 0
        claim_seconds = 2 * EVENTS_PER_ENDPOINT * self._services.settings.webhook_timeout_seconds
        with self._services.database.transaction() as session:
            claimed = rows.take_due(
                session,
                endpoints=idle_threads,
                per_endpoint=EVENTS_PER_ENDPOINT,
                retry_after_seconds=claim_seconds,
                busy_endpoints=busy,
            )
        for endpoint, deliveries in claimed.items():
            with self._lock:
                self._busy_endpoints.add(endpoint)
            self._executor.submit(self._deliver_to_endpoint, endpoint, deliveries)
        return len(claimed)

    def _encrypt_secrets_once(self) -> None:
        """Encrypt what an earlier release or an older key left, when the database answers for the first time."""
        if self._has_encrypted_secrets:
            return
        try:
            secrets_at_rest.encrypt_stored(self._services.database, self._services.secret_box)
        except Refused as exc:  # each delivery says so as well
            _log.error("webhook_secret_unreadable", reason=str(exc))
        self._has_encrypted_secrets = True

    def wait_until_idle(self) -> None:
        """Wait until all started deliveries have ended. Only tests call this."""
        while True:
            with self._lock:
                if not self._busy_endpoints:
                    return
            time.sleep(0.01)

    def _deliver_to_endpoint(self, endpoint: int, deliveries: Sequence[Delivery]) -> None:
        """Send events one after the other, until one fails or the worker stops."""
        try:
            for position, delivery in enumerate(deliveries):
                if self._thread.is_stopping or not self._deliver(delivery, deliveries[position + 1 :]):
                    return
        except Exception as exc:  # noqa: BLE001 - logged; the claimed events are due again later
            _log.warning("webhook_delivery_interrupted", endpoint=endpoint, reason=str(exc))
        finally:
            with self._lock:
                self._busy_endpoints.discard(endpoint)

    def _deliver(self, delivery: Delivery, later: Sequence[Delivery]) -> bool:
        """Make one attempt and record its outcome. Return False if it failed, which also defers the `later` events."""
        try:
            status = post_event(
                self._services, delivery.url, delivery.secrets, delivery.event_id, delivery.body, self._resolver
            )
            if not 200 <= status < 300:
                raise DeliveryFailed(f"The receiver answered {status}.")
        except DeliveryFailed as exc:
            self._record_failure(delivery, later, str(exc))
            return False
        with self._services.database.transaction() as session:
            rows.record_delivered(session, delivery)
        metrics.webhook_deliveries.labels("delivered").inc()
        return True

    def _record_failure(self, delivery: Delivery, later: Sequence[Delivery], reason: str) -> None:
        about = {
            "event_id": delivery.event_id,
            "type": delivery.type,
            "attempt": delivery.attempts + 1,
            "reason": reason,
        }
        seconds = RETRY_BACKOFF.pause_seconds(delivery.attempts)
        with self._services.database.transaction() as session:
            # After a jump of the clock every event looks old.
            if delivery.age_seconds >= GIVE_UP_AFTER_SECONDS and clock_readings.last_jump(session) is None:
                outcome = "given_up"
                rows.record_given_up(session, delivery, reason)
                _log.error("webhook_given_up", **about)
            else:
                outcome = "failed"
                rows.record_failed(session, delivery, reason, retry_after_seconds=seconds)
                _log.warning("webhook_failed", **about)
            if later:
                rows.postpone(session, later, seconds=seconds)
        metrics.webhook_deliveries.labels(outcome).inc()


def send_test_event(
    services: Services, caller: Caller, endpoint_id: str, event_type: EventType, resolver: Resolver = resolve
) -> int:
    """Send a made-up event now and return the HTTP status of the response.

    Raises NotFound, and InvalidRequest when there was no response.
    """
    endpoint = endpoints.retrieve(services, caller, endpoint_id).endpoint
    with services.database.reading() as session:
        event_id, body = build_event(session, event_type, sample_data(event_type))
        secrets = rows.signing_secrets(endpoint, read_clock(session))
    try:
        return post_event(services, endpoint.url, secrets, event_id, body, resolver)
    except DeliveryFailed as exc:
        raise InvalidRequest(f"The test event was not delivered: {exc}") from exc


def post_event(
    services: Services, url: str, secrets: Sequence[str], event_id: str, body: str, resolver: Resolver = resolve
) -> int:
    """Send a signed event and return the HTTP status of the response; its body is not read. Raises DeliveryFailed."""
    settings = services.settings
    policy = EgressPolicy(settings.webhooks_allow_private, PERMITTING_SETTING, resolver)
    deadline = time.monotonic() + settings.webhook_timeout_seconds
    try:
        readable = secrets_at_rest.open_all(services, secrets)
    except SecretUnreadable as exc:
        _log.error("webhook_secret_unreadable", event_id=event_id, reason=str(exc))
        raise DeliveryFailed(f"{exc}.") from exc
    headers = {"Content-Type": "application/json", **signature_headers(readable, event_id, int(time.time()), body)}
    try:
        with open_response(
            policy, "POST", httpx.URL(url), headers=headers, body=body.encode(), deadline=deadline
        ) as response:
            return response.status
    except OutOfTime as exc:
        raise DeliveryFailed(f"No answer within {settings.webhook_timeout_seconds:g} s.") from exc
    except (AddressRefused, httpx.InvalidURL, UnicodeError) as exc:
        _log.warning("webhook_address_refused", event_id=event_id, reason=str(exc))
        raise DeliveryFailed("The address cannot be resolved, or is not public.") from exc
    except Unreachable as exc:
        _log.warning("webhook_receiver_unreachable", event_id=event_id, reason=exc.strerror)
        cause = type(exc.__cause__ or exc).__name__
        raise DeliveryFailed(f"The receiver could not be reached ({cause}).") from exc

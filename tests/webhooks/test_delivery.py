"""Delivery of webhook events: at least once, with back-off, and only to public addresses."""

import threading

import pytest

from ingest.config import Settings
from ingest.db.session import Database
from ingest.errors import InvalidRequest
from ingest.jobs.maintenance import run_maintenance
from ingest.services import Services
from ingest.webhooks import delivery, endpoints
from ingest.webhooks.delivery import DeliveryWorker
from tests.conftest import Clock
from tests.fakes import CALLER, FakeServices
from tests.raw_server import Peer, raw_server
from tests.receivers import Receiver, receiving
from tests.webhooks.scenes import (
    COMPLETED,
    DAY,
    EXPIRED,
    create_ended_batch,
    deliver,
    delivery_count,
    received_events,
    subscribe,
    waiting_deliveries,
)


def test_a_delivered_event_is_deleted_and_not_sent_again(
    services: FakeServices, receiver: Receiver, worker: DeliveryWorker
) -> None:
    endpoint, _ = subscribe(services, receiver.url)
    batch, _ = create_ended_batch(services)

    for _ in range(3):
        run_maintenance(services)
        deliver(worker)

    assert received_events(receiver) == [(COMPLETED, batch)]
    assert waiting_deliveries(services) == []
    view = endpoints.retrieve(services, CALLER, endpoint)
    assert (view.endpoint.delivered, view.endpoint.given_up, view.endpoint.last_error) == (1, 0, None)


def test_two_concurrent_delivery_workers_deliver_each_event_once(
    services: FakeServices, receiver: Receiver, worker: DeliveryWorker
) -> None:
    subscribe(services, receiver.url)
    batches = [create_ended_batch(services)[0] for _ in range(5)]
    run_maintenance(services)
    other = DeliveryWorker(services)

    worker.deliver_due()
    other.deliver_due()
    worker.wait_until_idle()
    other.wait_until_idle()
    other.stop()

    assert sorted(received_events(receiver)) == sorted((COMPLETED, batch) for batch in batches)


def test_a_refused_event_is_retried_with_growing_backoff_under_the_same_id(
    services: FakeServices, receiver: Receiver, worker: DeliveryWorker, clock: Clock
) -> None:
    endpoint, _ = subscribe(services, receiver.url)
    create_ended_batch(services)
    run_maintenance(services)
    receiver.status = 500
    failed, delivered = delivery_count("failed"), delivery_count("delivered")

    pauses = []
    for _ in range(8):
        deliver(worker)
        deliver(worker)  # not due
        (delivery,) = waiting_deliveries(services)
        pauses.append(delivery.next_try - clock())
        clock.advance(pauses[-1])

    assert len(receiver.received) == 8
    assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 1
    assert all(5 * 2**n / 2 <= seconds <= 5 * 2**n for n, seconds in enumerate(pauses))
    assert endpoints.retrieve(services, CALLER, endpoint).endpoint.last_error == "The receiver answered 500."
    receiver.status = 204
    deliver(worker)
    view = endpoints.retrieve(services, CALLER, endpoint)
    assert (view.waiting_events, view.endpoint.delivered, view.endpoint.last_error) == (0, 1, None)
    assert (delivery_count("failed") - failed, delivery_count("delivered") - delivered) == (8, 1)


def test_an_event_is_given_up_after_a_day_and_counted_as_given_up(
    services: FakeServices, receiver: Receiver, worker: DeliveryWorker, clock: Clock
) -> None:
    endpoint, _ = subscribe(services, receiver.url)
    create_ended_batch(services)
    run_maintenance(services)
    receiver.status = 503
    given_up = delivery_count("given_up")
    end = clock() + 2 * DAY

    while clock() < end and waiting_deliveries(services):
        deliver(worker)
        clock.advance(600)

    view = endpoints.retrieve(services, CALLER, endpoint)
    assert clock() >= end - DAY
    assert (view.waiting_events, view.endpoint.delivered, view.endpoint.given_up) == (0, 0, 1)
    assert delivery_count("given_up") - given_up == 1
    assert view.endpoint.last_error == "The receiver answered 503."


def test_a_silent_receiver_delays_neither_maintenance_nor_other_receivers(
    services: FakeServices, receiver: Receiver, worker: DeliveryWorker
) -> None:
    receiver.is_silent = True
    services.settings = services.settings.model_copy(update={"webhook_timeout_seconds": 2.0})
    silent, _ = subscribe(services, receiver.url)
    with receiving() as quick:
        subscribe(services, quick.url)
        batch, _ = create_ended_batch(services)

        run_maintenance(services)
        worker.deliver_due()
        while not quick.received:
            threading.Event().wait(0.01)

        assert received_events(quick) == [(COMPLETED, batch)]
    worker.wait_until_idle()
    assert endpoints.retrieve(services, CALLER, silent).endpoint.last_error == "No answer within 2 s."


def test_a_redirect_is_not_followed(services: FakeServices, receiver: Receiver, worker: DeliveryWorker) -> None:
    with receiving() as elsewhere:
        receiver.status, receiver.location = 307, elsewhere.url
        endpoint, _ = subscribe(services, receiver.url)
        create_ended_batch(services)
        run_maintenance(services)

        deliver(worker)

        assert elsewhere.received == []
    assert endpoints.retrieve(services, CALLER, endpoint).endpoint.last_error == "The receiver answered 307."


def test_a_private_address_gets_no_request_and_is_not_disclosed(
    settings: Settings, database: Database, receiver: Receiver
) -> None:
    services = FakeServices(settings.model_copy(update={"webhooks_allow_private": False}), database)
    endpoint, _ = subscribe(services, receiver.url)

    with pytest.raises(InvalidRequest) as refused:
        delivery.send_test_event(services, CALLER, endpoint, EXPIRED, lambda *_: ["127.0.0.1"])

    assert "cannot be resolved, or is not public" in str(refused.value)
    assert "127.0.0.1" not in str(refused.value)
    assert receiver.received == []


def test_a_receiver_that_trickles_its_headers_is_left_at_the_timeout(settings: Settings) -> None:
    def trickle(peer: Peer) -> None:
        peer.read_request()
        peer.trickle(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 9999, 0.05)

    hurried = settings.model_copy(update={"webhook_timeout_seconds": 0.5, "webhooks_allow_private": True})
    services = Services(hurried)
    with raw_server(trickle) as server, pytest.raises(delivery.DeliveryFailed, match=r"No answer within 0\.5 s"):
        delivery.post_event(services, server.url, ["whsec_" + "A" * 32], "evt_1", "{}")

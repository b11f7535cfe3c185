"""Signatures and secrets of webhooks, verified by the `openai` client."""

import json
from typing import Any

import openai
import pytest

from ingest.jobs.maintenance import run_maintenance
from ingest.webhooks import delivery, endpoints
from ingest.webhooks.delivery import DeliveryWorker
from ingest.webhooks.signing import generate_secret, signature_headers
from tests.conftest import Clock
from tests.fakes import CALLER, FakeServices
from tests.receivers import Receiver
from tests.webhooks.scenes import (
    COMPLETED,
    DAY,
    create_ended_batch,
    deliver,
    subscribe,
)


def test_the_openai_client_verifies_the_event_of_a_completed_batch(
    services: FakeServices, receiver: Receiver, worker: DeliveryWorker
) -> None:
    _, secret = subscribe(services, receiver.url)
    batch, store = create_ended_batch(services)

    run_maintenance(services)
    deliver(worker)

    ((headers, body),) = receiver.received
    client = openai.OpenAI(api_key="none", base_url="http://127.0.0.1:1", webhook_secret=secret)
    event: Any = client.webhooks.unwrap(body, headers)
    assert event.type == COMPLETED
    assert headers["webhook-id"] == event.id
    counts = {"in_progress": 0, "completed": 1, "failed": 0, "cancelled": 0, "total": 1}
    assert json.loads(body)["data"] == {"id": batch, "vector_store_id": store, "file_counts": counts, "warnings": 0}
    with pytest.raises(openai.InvalidWebhookSignatureError):
        client.webhooks.unwrap(body.replace(b'"total":1', b'"total":2'), headers)
    with pytest.raises(openai.InvalidWebhookSignatureError):
        client.webhooks.unwrap(body, headers, secret=f"whsec_{'A' * 44}")


def verifies(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Return whether the `openai` client accepts the signature with this secret."""
    client = openai.OpenAI(api_key="none", base_url="http://127.0.0.1:1", webhook_secret=secret)
    try:
        client.webhooks.unwrap(body, headers)
    except openai.InvalidWebhookSignatureError:
        return False
    return True


def test_a_replaced_secret_verifies_for_a_day_beside_the_new_one(
    services: FakeServices, receiver: Receiver, worker: DeliveryWorker, clock: Clock
) -> None:
    endpoint, old = subscribe(services, receiver.url, COMPLETED)
    new = endpoints.rotate_secret(services, CALLER, endpoint, keep_old=True).new_secret or ""

    for seconds in (0, DAY - 1, 1):
        clock.advance(seconds)
        create_ended_batch(services)
        run_maintenance(services)
        deliver(worker)

    assert [verifies(new, *sent) for sent in receiver.received] == [True, True, True]
    assert [verifies(old, *sent) for sent in receiver.received] == [True, True, False]
    row = endpoints.retrieve(services, CALLER, endpoint).endpoint
    assert (services.secret_box.open(row.secret), row.old_secret, row.old_secret_until) == (new, None, None)


@pytest.mark.parametrize("kept", [False, True])
def test_a_test_event_is_signed_with_the_old_secret_only_if_it_was_kept(
    services: FakeServices, receiver: Receiver, kept: bool
) -> None:
    endpoint, old = subscribe(services, receiver.url)
    new = endpoints.rotate_secret(services, CALLER, endpoint, keep_old=kept).new_secret or ""

    delivery.send_test_event(services, CALLER, endpoint, COMPLETED)

    assert verifies(new, *receiver.received[0])
    assert verifies(old, *receiver.received[0]) is kept


def test_a_second_rotation_revokes_the_first_secret(services: FakeServices, receiver: Receiver) -> None:
    endpoint, first = subscribe(services, receiver.url)
    second = endpoints.rotate_secret(services, CALLER, endpoint, keep_old=True).new_secret or ""
    third = endpoints.rotate_secret(services, CALLER, endpoint, keep_old=True).new_secret or ""

    delivery.send_test_event(services, CALLER, endpoint, COMPLETED)

    assert [verifies(secret, *receiver.received[0]) for secret in (first, second, third)] == [False, True, True]


def test_a_test_event_is_sent_at_once_and_signed(services: FakeServices, receiver: Receiver) -> None:
    endpoint, secret = subscribe(services, receiver.url)
    receiver.status = 202

    assert delivery.send_test_event(services, CALLER, endpoint, COMPLETED) == 202

    ((headers, body),) = receiver.received
    openai.OpenAI(api_key="none", webhook_secret=secret).webhooks.verify_signature(body, headers)
    assert json.loads(body)["data"]["test"] is True


def test_there_is_one_signature_for_each_secret() -> None:
    secrets = [generate_secret() for _ in range(2)]

    headers = signature_headers(secrets, "evt_1", 1_800_000_000, "{}")

    first, second = headers["webhook-signature"].split(" ")
    assert first.startswith("v1,")
    assert second.startswith("v1,")
    assert first != second
    assert (headers["webhook-id"], headers["webhook-timestamp"]) == ("evt_1", "1800000000")
    assert signature_headers(secrets[1:], "evt_1", 1_800_000_000, "{}")["webhook-signature"] == second

"""Webhooks: written down exactly once, delivered at least once, and signed as the real client verifies it."""

import json
import threading
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select

from ingest import courier, file_batches, vector_stores, webhooks
from ingest.config import Settings
from ingest.courier import Courier
from ingest.db.attachments import Member
from ingest.db.models import WebhookDelivery
from ingest.db.session import Database
from ingest.errors import InvalidRequest
from ingest.sweep import sweep
from ingest.webhooks import EVENT_TYPES
from tests.conftest import Clock
from tests.fakes import CALLER, FakeTools
from tests.receivers import Receiver, receiving
from tests.test_jobs import run_all, upload

COMPLETED, CANCELLED, FAILED, EXPIRED = EVENT_TYPES
DAY = 86_400.0


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Receivers are on this machine."""
    return settings.model_copy(update={"webhooks_allow_private": True, "webhook_timeout_seconds": 2.0})


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def carrier(tools: FakeTools) -> Iterator[Courier]:
    """A courier that does a round when it is told."""
    carrier = Courier(tools)
    yield carrier
    carrier.stop()


def listen(tools: FakeTools, url: str, *kinds: Any) -> tuple[str, str]:
    """A new endpoint: its id and its secret."""
    made = webhooks.create(tools, CALLER, name="", url=url, event_types=kinds or EVENT_TYPES, paused=False)
    return made.id, made.endpoint.secret


def ended_batch(tools: FakeTools) -> tuple[str, str]:
    """A batch that is completed, and its store."""
    store = vector_stores.create(tools, CALLER, name="s", description=None, metadata={}, expires_after_days=1).id
    batch = file_batches.create(tools, CALLER, store, [Member(upload(tools, "a heron"), {}, 800, 400)])
    run_all(tools)
    return batch.id, store


def carry(carrier: Courier) -> None:
    """One round, to its end."""
    carrier.round()
    carrier.wait()


def waiting(tools: FakeTools) -> list[WebhookDelivery]:
    with tools.database.reading() as session:
        return list(session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.row)))


def counted(outcome: str) -> float:
    """How many tries the metrics know of, by how they ended."""
    return REGISTRY.get_sample_value("ingest_webhook_deliveries_total", {"outcome": outcome}) or 0.0


def told(receiver: Receiver) -> list[tuple[str, str]]:
    """The types and objects of the events that came."""
    bodies = [json.loads(body) for _, body in receiver.got]
    return [(body["type"], body["data"]["id"]) for body in bodies]


def test_the_real_client_verifies_what_a_batch_that_ended_sends(
    tools: FakeTools, receiver: Receiver, carrier: Courier
) -> None:
    _, secret = listen(tools, receiver.url)
    batch, store = ended_batch(tools)

    sweep(tools)
    carry(carrier)

    ((headers, body),) = receiver.got
    client = openai.OpenAI(api_key="none", base_url="http://127.0.0.1:1", webhook_secret=secret)
    event: Any = client.webhooks.unwrap(body, headers)
    assert event.type == COMPLETED
    assert headers["webhook-id"] == event.id
    counts = {"in_progress": 0, "completed": 1, "failed": 0, "cancelled": 0, "total": 1}
    assert json.loads(body)["data"] == {"id": batch, "vector_store_id": store, "file_counts": counts}
    with pytest.raises(openai.InvalidWebhookSignatureError):
        client.webhooks.unwrap(body.replace(b'"total":1', b'"total":2'), headers)
    with pytest.raises(openai.InvalidWebhookSignatureError):
        client.webhooks.unwrap(body, headers, secret=f"whsec_{'A' * 44}")


def verifies(secret: str, headers: dict[str, str], body: bytes) -> bool:
    """Whether the real client takes this for sent by who has the secret."""
    client = openai.OpenAI(api_key="none", base_url="http://127.0.0.1:1", webhook_secret=secret)
    try:
        client.webhooks.unwrap(body, headers)
    except openai.InvalidWebhookSignatureError:
        return False
    return True


def test_for_a_day_after_a_rotation_who_has_either_secret_verifies_and_then_only_who_has_the_new_one(
    tools: FakeTools, receiver: Receiver, carrier: Courier, clock: Clock
) -> None:
    endpoint, old = listen(tools, receiver.url, COMPLETED)
    new = webhooks.rotate(tools, CALLER, endpoint, keep_old=True).endpoint.secret

    for seconds in (0, DAY - 1, 1):
        clock.advance(seconds)
        ended_batch(tools)
        sweep(tools)
        carry(carrier)

    assert [verifies(new, *sent) for sent in receiver.got] == [True, True, True]
    assert [verifies(old, *sent) for sent in receiver.got] == [True, True, False]
    row = webhooks.retrieve(tools, CALLER, endpoint).endpoint
    assert (row.secret, row.old_secret, row.old_secret_until) == (new, None, None)


@pytest.mark.parametrize("kept", [False, True])
def test_a_test_event_has_the_old_signature_only_if_the_old_secret_was_kept(
    tools: FakeTools, receiver: Receiver, kept: bool
) -> None:
    endpoint, old = listen(tools, receiver.url)
    new = webhooks.rotate(tools, CALLER, endpoint, keep_old=kept).endpoint.secret

    courier.try_out(tools, CALLER, endpoint, COMPLETED)

    assert verifies(new, *receiver.got[0])
    assert verifies(old, *receiver.got[0]) is kept


def test_a_second_rotation_ends_the_first_secret(tools: FakeTools, receiver: Receiver) -> None:
    endpoint, first = listen(tools, receiver.url)
    second = webhooks.rotate(tools, CALLER, endpoint, keep_old=True).endpoint.secret
    third = webhooks.rotate(tools, CALLER, endpoint, keep_old=True).endpoint.secret

    courier.try_out(tools, CALLER, endpoint, COMPLETED)

    assert [verifies(secret, *receiver.got[0]) for secret in (first, second, third)] == [False, True, True]


def test_an_event_is_delivered_once_and_then_forgotten(tools: FakeTools, receiver: Receiver, carrier: Courier) -> None:
    endpoint, _ = listen(tools, receiver.url)
    batch, _ = ended_batch(tools)

    for _ in range(3):
        sweep(tools)
        carry(carrier)

    assert told(receiver) == [(COMPLETED, batch)]
    assert waiting(tools) == []
    shown = webhooks.retrieve(tools, CALLER, endpoint)
    assert (shown.endpoint.delivered, shown.endpoint.given_up, shown.endpoint.last_error) == (1, 0, None)


def test_a_batch_in_progress_and_one_without_listeners_tell_nothing(tools: FakeTools, receiver: Receiver) -> None:
    ended_batch(tools)
    sweep(tools)
    listen(tools, receiver.url)  # comes too late for that one
    store = vector_stores.create(tools, CALLER, name="s", description=None, metadata={}, expires_after_days=None).id
    file_batches.create(tools, CALLER, store, [Member(upload(tools, "a heron"), {}, 800, 400)])

    sweep(tools)

    assert waiting(tools) == []


def test_a_cancelled_batch_an_expired_store_and_the_batch_that_it_cut_short(
    tools: FakeTools, receiver: Receiver, carrier: Courier, clock: Clock
) -> None:
    listen(tools, receiver.url)
    store = vector_stores.create(tools, CALLER, name="s", description=None, metadata={}, expires_after_days=1).id
    cancelled, cut = (
        file_batches.create(tools, CALLER, store, [Member(upload(tools, "a heron"), {}, 800, 400)]).id for _ in range(2)
    )
    file_batches.cancel(tools, CALLER, store, cancelled)
    clock.advance(DAY)

    sweep(tools)
    sweep(tools)
    carry(carrier)

    assert sorted(told(receiver)) == sorted([(CANCELLED, cancelled), (FAILED, cut), (EXPIRED, store)])


def test_only_what_was_asked_for_and_not_while_paused(tools: FakeTools, receiver: Receiver) -> None:
    listen(tools, receiver.url, EXPIRED)
    paused, _ = listen(tools, receiver.url)
    webhooks.update(tools, CALLER, paused, {"paused": True})
    ended_batch(tools)

    sweep(tools)

    assert waiting(tools) == []


def test_two_sweepers_at_once_write_each_event_once(database_url: str, settings: Settings, clock: Clock) -> None:
    databases = [Database(database_url, clock=clock) for _ in range(2)]
    first, second = (FakeTools(settings, database) for database in databases)
    listen(first, "http://127.0.0.1:9/")
    listen(first, "http://127.0.0.1:9/other")
    batches = [ended_batch(first)[0] for _ in range(10)]
    begin = threading.Barrier(2)

    def announce(tools: FakeTools) -> None:
        begin.wait(10)
        for _ in range(5):
            webhooks.enqueue(tools)

    threads = [threading.Thread(target=announce, args=(each,)) for each in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    found = [(row.endpoint, row.object_id) for row in waiting(first)]
    assert sorted(found) == sorted((endpoint, batch) for endpoint in {e for e, _ in found} for batch in batches)
    assert len(found) == 20
    for database in databases:
        database.dispose()


def test_two_couriers_at_once_deliver_each_event_once(tools: FakeTools, receiver: Receiver, carrier: Courier) -> None:
    listen(tools, receiver.url)
    batches = [ended_batch(tools)[0] for _ in range(5)]
    sweep(tools)
    other = Courier(tools)

    carrier.round()
    other.round()
    carrier.wait()
    other.wait()
    other.stop()

    assert sorted(told(receiver)) == sorted((COMPLETED, batch) for batch in batches)


def test_a_refused_event_is_tried_again_ever_later_under_the_same_id(
    tools: FakeTools, receiver: Receiver, carrier: Courier, clock: Clock
) -> None:
    endpoint, _ = listen(tools, receiver.url)
    ended_batch(tools)
    sweep(tools)
    receiver.status = 500
    failed, delivered = counted("failed"), counted("delivered")

    pauses = []
    for _ in range(8):
        carry(carrier)
        carry(carrier)  # not due
        (delivery,) = waiting(tools)
        pauses.append(delivery.next_try - clock())
        clock.advance(pauses[-1])

    assert len(receiver.got) == 8
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert all(5 * 2**n / 2 <= seconds <= 5 * 2**n for n, seconds in enumerate(pauses))
    assert webhooks.retrieve(tools, CALLER, endpoint).endpoint.last_error == "The receiver answered 500."
    receiver.status = 204
    carry(carrier)
    shown = webhooks.retrieve(tools, CALLER, endpoint)
    assert (shown.waiting, shown.endpoint.delivered, shown.endpoint.last_error) == (0, 1, None)
    assert (counted("failed") - failed, counted("delivered") - delivered) == (8, 1)


def test_after_a_day_an_event_is_given_up_and_that_is_seen(
    tools: FakeTools, receiver: Receiver, carrier: Courier, clock: Clock
) -> None:
    endpoint, _ = listen(tools, receiver.url)
    ended_batch(tools)
    sweep(tools)
    receiver.status = 503
    given_up = counted("given_up")
    end = clock() + 2 * DAY

    while clock() < end and waiting(tools):
        carry(carrier)
        clock.advance(600)

    shown = webhooks.retrieve(tools, CALLER, endpoint)
    assert clock() >= end - DAY
    assert (shown.waiting, shown.endpoint.delivered, shown.endpoint.given_up) == (0, 0, 1)
    assert counted("given_up") - given_up == 1
    assert shown.endpoint.last_error == "The receiver answered 503."


def test_a_silent_receiver_holds_up_neither_the_sweep_nor_others(
    tools: FakeTools, receiver: Receiver, carrier: Courier
) -> None:
    receiver.silent = True
    silent, _ = listen(tools, receiver.url)
    with receiving() as quick:
        listen(tools, quick.url)
        batch, _ = ended_batch(tools)

        sweep(tools)
        carrier.round()
        while not quick.got:
            threading.Event().wait(0.01)

        assert told(quick) == [(COMPLETED, batch)]
    carrier.wait()
    assert webhooks.retrieve(tools, CALLER, silent).endpoint.last_error == "No answer within 2 s."


def test_redirects_are_not_followed(tools: FakeTools, receiver: Receiver, carrier: Courier) -> None:
    with receiving() as elsewhere:
        receiver.status, receiver.location = 307, elsewhere.url
        endpoint, _ = listen(tools, receiver.url)
        ended_batch(tools)
        sweep(tools)

        carry(carrier)

        assert elsewhere.got == []
    assert webhooks.retrieve(tools, CALLER, endpoint).endpoint.last_error == "The receiver answered 307."


def test_what_is_not_public_is_never_asked_and_its_address_not_told(
    settings: Settings, database: Database, receiver: Receiver
) -> None:
    tools = FakeTools(settings.model_copy(update={"webhooks_allow_private": False}), database)
    endpoint, _ = listen(tools, receiver.url)

    with pytest.raises(InvalidRequest) as refused:
        courier.try_out(tools, CALLER, endpoint, EXPIRED, lambda *_: ["127.0.0.1"])

    assert "cannot be resolved, or is not public" in str(refused.value)
    assert "127.0.0.1" not in str(refused.value)
    assert receiver.got == []


def test_a_test_event_is_sent_at_once_and_signed(tools: FakeTools, receiver: Receiver) -> None:
    endpoint, secret = listen(tools, receiver.url)
    receiver.status = 202

    assert courier.try_out(tools, CALLER, endpoint, COMPLETED) == 202

    ((headers, body),) = receiver.got
    openai.OpenAI(api_key="none", webhook_secret=secret).webhooks.verify_signature(body, headers)
    assert json.loads(body)["data"]["test"] is True


@pytest.mark.parametrize("url", ["ftp://a.example/", "http://", "/hook", "http://me:secret@a.example/", "http://a b/"])
def test_addresses_that_can_never_work_are_refused(tools: FakeTools, url: str) -> None:
    with pytest.raises(InvalidRequest, match="http or https"):
        listen(tools, url)

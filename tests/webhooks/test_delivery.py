"""Webhooks: written down exactly once, delivered at least once, and signed as the real client verifies it."""

import json
import threading
from collections.abc import Iterator
from typing import Any, get_args

import openai
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select, update

from ingest import ids
from ingest.config import Settings
from ingest.db.models import ImportResult, ImportSchedule, WebhookDelivery
from ingest.db.queue.membership import Member
from ingest.db.schedules import import_schedules as schedule_rows
from ingest.db.session import Database
from ingest.errors import InvalidRequest
from ingest.imports import schedules
from ingest.jobs.maintenance import sweep
from ingest.stores import batches as file_batches
from ingest.stores import vector_stores
from ingest.webhooks import delivery as courier
from ingest.webhooks import endpoints
from ingest.webhooks.delivery import Courier
from ingest.webhooks.endpoints import EVENT_TYPES
from tests.conftest import Clock
from tests.fakes import CALLER, FakeServices
from tests.jobs.test_run import run_all, upload
from tests.receivers import Receiver, receiving

COMPLETED, CANCELLED, FAILED, EXPIRED, *RUNS = EVENT_TYPES
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
def carrier(services: FakeServices) -> Iterator[Courier]:
    """A courier that does a round when it is told."""
    carrier = Courier(services)
    yield carrier
    carrier.stop()


def listen(services: FakeServices, url: str, *kinds: Any) -> tuple[str, str]:
    """A new endpoint: its id and its secret."""
    made = endpoints.create(services, CALLER, name="", url=url, event_types=kinds or EVENT_TYPES, paused=False)
    return made.id, made.endpoint.secret


def ended_batch(services: FakeServices) -> tuple[str, str]:
    """A batch that is completed, and its store."""
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=1).id
    batch = file_batches.create(services, CALLER, store, [Member(upload(services, "a heron"), {}, 800, 400)])
    run_all(services)
    return batch.id, store


def ended_import(services: FakeServices, result: ImportResult = "completed", **outcome: Any) -> ImportSchedule:
    """A schedule of imports, the only one with a run that nobody holds, whose run has ended."""
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=None).id
    wish: dict[str, Any] = {
        "sources": ["https://docs.example/a.txt"], "manifests": [], "include": [], "exclude": [], "attributes": {},
        "attributes_from_path": [], "delete_missing": False, "retry_failed": False,
    }  # fmt: skip
    made = schedules.create(services, CALLER, store, cron="0 3 * * *", timezone="UTC", paused=False, wish=wish)
    run_again(services, made, result, **outcome)
    return schedules.retrieve(services, CALLER, store, made.id)


def run_again(
    services: FakeServices, schedule: ImportSchedule, result: ImportResult = "completed", **outcome: Any
) -> None:
    """Run a schedule to its end."""
    schedules.run_now(services, CALLER, schedule.vector_store_id, schedule.id)
    with services.database.transaction() as session:
        run = schedule_rows.take(session, "test/1", ids.new("imp_"), 30.0)
        assert run is not None
        assert run.id == schedule.id
        schedule_rows.add_up(session, run.row, run.fence, uploaded=3, removed=1)
        assert schedule_rows.end(session, run.row, run.fence, result, **outcome)


def carry(carrier: Courier) -> None:
    """One round, to its end."""
    carrier.round()
    carrier.wait()


def waiting(services: FakeServices) -> list[WebhookDelivery]:
    with services.database.reading() as session:
        return list(session.scalars(select(WebhookDelivery).order_by(WebhookDelivery.row)))


def runs(result: str) -> float:
    """How many runs of imports the metrics know of, by how they ended."""
    return REGISTRY.get_sample_value("ingest_import_runs_total", {"result": result}) or 0.0


def counted(outcome: str) -> float:
    """How many tries the metrics know of, by how they ended."""
    return REGISTRY.get_sample_value("ingest_webhook_deliveries_total", {"outcome": outcome}) or 0.0


def told(receiver: Receiver) -> list[tuple[str, str]]:
    """The types and objects of the events that came."""
    bodies = [json.loads(body) for _, body in receiver.got]
    return [(body["type"], body["data"]["id"]) for body in bodies]


def test_the_real_client_verifies_what_a_batch_that_ended_sends(
    services: FakeServices, receiver: Receiver, carrier: Courier
) -> None:
    _, secret = listen(services, receiver.url)
    batch, store = ended_batch(services)

    sweep(services)
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
    services: FakeServices, receiver: Receiver, carrier: Courier, clock: Clock
) -> None:
    endpoint, old = listen(services, receiver.url, COMPLETED)
    new = endpoints.rotate(services, CALLER, endpoint, keep_old=True).endpoint.secret

    for seconds in (0, DAY - 1, 1):
        clock.advance(seconds)
        ended_batch(services)
        sweep(services)
        carry(carrier)

    assert [verifies(new, *sent) for sent in receiver.got] == [True, True, True]
    assert [verifies(old, *sent) for sent in receiver.got] == [True, True, False]
    row = endpoints.retrieve(services, CALLER, endpoint).endpoint
    assert (row.secret, row.old_secret, row.old_secret_until) == (new, None, None)


@pytest.mark.parametrize("kept", [False, True])
def test_a_test_event_has_the_old_signature_only_if_the_old_secret_was_kept(
    services: FakeServices, receiver: Receiver, kept: bool
) -> None:
    endpoint, old = listen(services, receiver.url)
    new = endpoints.rotate(services, CALLER, endpoint, keep_old=kept).endpoint.secret

    courier.try_out(services, CALLER, endpoint, COMPLETED)

    assert verifies(new, *receiver.got[0])
    assert verifies(old, *receiver.got[0]) is kept


def test_a_second_rotation_ends_the_first_secret(services: FakeServices, receiver: Receiver) -> None:
    endpoint, first = listen(services, receiver.url)
    second = endpoints.rotate(services, CALLER, endpoint, keep_old=True).endpoint.secret
    third = endpoints.rotate(services, CALLER, endpoint, keep_old=True).endpoint.secret

    courier.try_out(services, CALLER, endpoint, COMPLETED)

    assert [verifies(secret, *receiver.got[0]) for secret in (first, second, third)] == [False, True, True]


def test_an_event_is_delivered_once_and_then_forgotten(
    services: FakeServices, receiver: Receiver, carrier: Courier
) -> None:
    endpoint, _ = listen(services, receiver.url)
    batch, _ = ended_batch(services)

    for _ in range(3):
        sweep(services)
        carry(carrier)

    assert told(receiver) == [(COMPLETED, batch)]
    assert waiting(services) == []
    shown = endpoints.retrieve(services, CALLER, endpoint)
    assert (shown.endpoint.delivered, shown.endpoint.given_up, shown.endpoint.last_error) == (1, 0, None)


def test_a_batch_in_progress_and_one_without_listeners_tell_nothing(services: FakeServices, receiver: Receiver) -> None:
    ended_batch(services)
    sweep(services)
    listen(services, receiver.url)  # comes too late for that one
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=None).id
    file_batches.create(services, CALLER, store, [Member(upload(services, "a heron"), {}, 800, 400)])

    sweep(services)

    assert waiting(services) == []


def test_a_cancelled_batch_an_expired_store_and_the_batch_that_it_cut_short(
    services: FakeServices, receiver: Receiver, carrier: Courier, clock: Clock
) -> None:
    listen(services, receiver.url)
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=1).id
    cancelled, cut = (
        file_batches.create(services, CALLER, store, [Member(upload(services, "a heron"), {}, 800, 400)]).id
        for _ in range(2)
    )
    file_batches.cancel(services, CALLER, store, cancelled)
    clock.advance(DAY)

    sweep(services)
    sweep(services)
    carry(carrier)

    assert sorted(told(receiver)) == sorted([(CANCELLED, cancelled), (FAILED, cut), (EXPIRED, store)])


@pytest.mark.parametrize(("result", "kind"), [*zip(get_args(ImportResult), RUNS, strict=True)])
def test_a_scheduled_import_tells_how_its_run_ended_and_what_it_did_but_no_path(
    services: FakeServices, receiver: Receiver, carrier: Courier, result: ImportResult, kind: str
) -> None:
    _, secret = listen(services, receiver.url)
    told_counts = {"completed": 8, "failed": 1, "cancelled": 0, "not_uploaded": 2, "in_progress": 0, "total": 11}
    before = runs(result)
    why = [{"reason": "It is empty", "files": 2, "first": ["/srv/a.txt"]}]
    ended = ended_import(services, result, counts=told_counts, reasons=why, error="There is no /srv.")

    for _ in range(2):
        sweep(services)
        carry(carrier)

    ((headers, body),) = receiver.got
    event: Any = openai.OpenAI(api_key="none", webhook_secret=secret).webhooks.unwrap(body, headers)
    assert event.type == kind
    assert json.loads(body)["data"] == {
        "id": ended.run_id, "vector_store_id": ended.vector_store_id, "import_schedule_id": ended.id,
        "began_at": ended.began_at, "ended_at": ended.ended_at,
        "file_counts": told_counts | {"uploaded": 3, "removed": 1},
    }  # fmt: skip
    assert runs(result) == before + 1


def test_each_run_of_a_schedule_is_told_and_the_next_waits_for_that(
    services: FakeServices, receiver: Receiver, carrier: Courier
) -> None:
    listen(services, receiver.url)
    schedule = ended_import(services)
    schedules.run_now(services, CALLER, schedule.vector_store_id, schedule.id)
    with services.database.transaction() as session:
        assert schedule_rows.take(session, "test/1", ids.new("imp_"), 30.0) is None

    sweep(services)
    run_again(services, schedule, "failed")
    sweep(services)
    carry(carrier)

    second = schedules.retrieve(services, CALLER, schedule.vector_store_id, schedule.id)
    completed, _, failed = RUNS
    assert sorted(told(receiver)) == sorted([(completed, str(schedule.run_id)), (failed, str(second.run_id))])


def test_of_a_run_under_way_and_of_what_was_deleted_nobody_is_told(services: FakeServices, receiver: Receiver) -> None:
    listen(services, receiver.url, *RUNS)
    of_deleted_store, deleted, under_way = (ended_import(services) for _ in range(3))
    vector_stores.delete(services, CALLER, of_deleted_store.vector_store_id)
    schedules.delete(services, CALLER, deleted.vector_store_id, deleted.id)
    with services.database.transaction() as session:
        session.execute(update(ImportSchedule).where(ImportSchedule.row == under_way.row).values(announced=True))
    schedules.run_now(services, CALLER, under_way.vector_store_id, under_way.id)
    with services.database.transaction() as session:
        assert schedule_rows.take(session, "test/1", ids.new("imp_"), 30.0) is not None

    sweep(services)

    assert waiting(services) == []


@pytest.mark.parametrize("kind", EVENT_TYPES)
def test_a_test_event_looks_like_a_real_one(
    services: FakeServices, receiver: Receiver, carrier: Courier, kind: Any
) -> None:
    endpoint, _ = listen(services, receiver.url)
    ended_import(services, "failed")
    ended_batch(services)
    sweep(services)
    carry(carrier)
    real = {
        body["type"].rpartition(".")[0]: body["data"] for body in map(json.loads, (each[1] for each in receiver.got))
    }
    assert len(real) == 2

    courier.try_out(services, CALLER, endpoint, kind)

    data = json.loads(receiver.got[-1][1])["data"]
    like = real.get(kind.rpartition(".")[0], {"id": "vs_1"})
    assert data.keys() - {"test"} == like.keys()
    assert data.get("file_counts", {}).keys() == like.get("file_counts", {}).keys()


def test_only_what_was_asked_for_and_not_while_paused(services: FakeServices, receiver: Receiver) -> None:
    listen(services, receiver.url, EXPIRED)
    paused, _ = listen(services, receiver.url)
    endpoints.update(services, CALLER, paused, {"paused": True})
    ended_batch(services)

    sweep(services)

    assert waiting(services) == []


def test_two_sweepers_at_once_write_each_event_once(database_url: str, settings: Settings, clock: Clock) -> None:
    databases = [Database(database_url, clock=clock) for _ in range(2)]
    first, second = (FakeServices(settings, database) for database in databases)
    listen(first, "http://127.0.0.1:9/")
    listen(first, "http://127.0.0.1:9/other")
    batches = [ended_batch(first)[0] for _ in range(10)]
    imports = [str(ended_import(first).run_id) for _ in range(5)]
    before = runs("completed")
    begin = threading.Barrier(2)

    def announce(services: FakeServices) -> None:
        begin.wait(10)
        for _ in range(5):
            endpoints.enqueue(services)

    threads = [threading.Thread(target=announce, args=(each,)) for each in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)

    found = [(row.endpoint, row.object_id) for row in waiting(first)]
    assert sorted(found) == sorted((endpoint, each) for endpoint in {e for e, _ in found} for each in batches + imports)
    assert len(found) == 30
    assert runs("completed") == before + 5
    for database in databases:
        database.dispose()


def test_two_couriers_at_once_deliver_each_event_once(
    services: FakeServices, receiver: Receiver, carrier: Courier
) -> None:
    listen(services, receiver.url)
    batches = [ended_batch(services)[0] for _ in range(5)]
    sweep(services)
    other = Courier(services)

    carrier.round()
    other.round()
    carrier.wait()
    other.wait()
    other.stop()

    assert sorted(told(receiver)) == sorted((COMPLETED, batch) for batch in batches)


def test_a_refused_event_is_tried_again_ever_later_under_the_same_id(
    services: FakeServices, receiver: Receiver, carrier: Courier, clock: Clock
) -> None:
    endpoint, _ = listen(services, receiver.url)
    ended_batch(services)
    sweep(services)
    receiver.status = 500
    failed, delivered = counted("failed"), counted("delivered")

    pauses = []
    for _ in range(8):
        carry(carrier)
        carry(carrier)  # not due
        (delivery,) = waiting(services)
        pauses.append(delivery.next_try - clock())
        clock.advance(pauses[-1])

    assert len(receiver.got) == 8
    assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    assert all(5 * 2**n / 2 <= seconds <= 5 * 2**n for n, seconds in enumerate(pauses))
    assert endpoints.retrieve(services, CALLER, endpoint).endpoint.last_error == "The receiver answered 500."
    receiver.status = 204
    carry(carrier)
    shown = endpoints.retrieve(services, CALLER, endpoint)
    assert (shown.waiting, shown.endpoint.delivered, shown.endpoint.last_error) == (0, 1, None)
    assert (counted("failed") - failed, counted("delivered") - delivered) == (8, 1)


def test_after_a_day_an_event_is_given_up_and_that_is_seen(
    services: FakeServices, receiver: Receiver, carrier: Courier, clock: Clock
) -> None:
    endpoint, _ = listen(services, receiver.url)
    ended_batch(services)
    sweep(services)
    receiver.status = 503
    given_up = counted("given_up")
    end = clock() + 2 * DAY

    while clock() < end and waiting(services):
        carry(carrier)
        clock.advance(600)

    shown = endpoints.retrieve(services, CALLER, endpoint)
    assert clock() >= end - DAY
    assert (shown.waiting, shown.endpoint.delivered, shown.endpoint.given_up) == (0, 0, 1)
    assert counted("given_up") - given_up == 1
    assert shown.endpoint.last_error == "The receiver answered 503."


def test_a_silent_receiver_holds_up_neither_the_sweep_nor_others(
    services: FakeServices, receiver: Receiver, carrier: Courier
) -> None:
    receiver.silent = True
    silent, _ = listen(services, receiver.url)
    with receiving() as quick:
        listen(services, quick.url)
        batch, _ = ended_batch(services)

        sweep(services)
        carrier.round()
        while not quick.got:
            threading.Event().wait(0.01)

        assert told(quick) == [(COMPLETED, batch)]
    carrier.wait()
    assert endpoints.retrieve(services, CALLER, silent).endpoint.last_error == "No answer within 2 s."


def test_redirects_are_not_followed(services: FakeServices, receiver: Receiver, carrier: Courier) -> None:
    with receiving() as elsewhere:
        receiver.status, receiver.location = 307, elsewhere.url
        endpoint, _ = listen(services, receiver.url)
        ended_batch(services)
        sweep(services)

        carry(carrier)

        assert elsewhere.got == []
    assert endpoints.retrieve(services, CALLER, endpoint).endpoint.last_error == "The receiver answered 307."


def test_what_is_not_public_is_never_asked_and_its_address_not_told(
    settings: Settings, database: Database, receiver: Receiver
) -> None:
    services = FakeServices(settings.model_copy(update={"webhooks_allow_private": False}), database)
    endpoint, _ = listen(services, receiver.url)

    with pytest.raises(InvalidRequest) as refused:
        courier.try_out(services, CALLER, endpoint, EXPIRED, lambda *_: ["127.0.0.1"])

    assert "cannot be resolved, or is not public" in str(refused.value)
    assert "127.0.0.1" not in str(refused.value)
    assert receiver.got == []


def test_a_test_event_is_sent_at_once_and_signed(services: FakeServices, receiver: Receiver) -> None:
    endpoint, secret = listen(services, receiver.url)
    receiver.status = 202

    assert courier.try_out(services, CALLER, endpoint, COMPLETED) == 202

    ((headers, body),) = receiver.got
    openai.OpenAI(api_key="none", webhook_secret=secret).webhooks.verify_signature(body, headers)
    assert json.loads(body)["data"]["test"] is True


@pytest.mark.parametrize("url", ["ftp://a.example/", "http://", "/hook", "http://me:secret@a.example/", "http://a b/"])
def test_addresses_that_can_never_work_are_refused(services: FakeServices, url: str) -> None:
    with pytest.raises(InvalidRequest, match="http or https"):
        listen(services, url)

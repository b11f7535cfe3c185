"""Rows of webhooks: announcements, deliveries and their outcomes."""

import pytest
from sqlalchemy import select, update

from ingest import ids
from ingest.caller import DEFAULT_PROJECT
from ingest.db import webhooks
from ingest.db.models import FileBatch, VectorStore, WebhookDelivery, WebhookEndpoint
from ingest.db.session import Database
from ingest.db.webhooks import Delivery, Ending
from tests.conftest import Clock
from tests.db import rows
from tests.db.schedules.scenes import create_import_schedule


@pytest.fixture
def endpoint(database: Database) -> WebhookEndpoint:
    return create_endpoint(database)


def create_endpoint(database: Database) -> WebhookEndpoint:
    endpoint = WebhookEndpoint(
        id=ids.new("wh_"), project=DEFAULT_PROJECT, name="w", url="https://a.example", event_types=[], secret="new",
        created_at=1, updated_at=1,
    )  # fmt: skip
    with database.transaction() as session:
        session.add(endpoint)
    return endpoint


def enqueue(database: Database, endpoint: WebhookEndpoint, count: int, clock: Clock) -> None:
    with database.transaction() as session:
        for number in range(count):
            session.add(
                WebhookDelivery(
                    endpoint=endpoint.row, event_id=f"evt_{number}", type="t", object_id=str(number), body="{}",
                    created_at=clock() - 5, next_try=clock(),
                )
            )  # fmt: skip


def take(database: Database, *, per_endpoint: int = 10, busy: tuple[int, ...] = ()) -> dict[int, list[Delivery]]:
    with database.transaction() as session:
        return webhooks.take_due(
            session, endpoints=10, per_endpoint=per_endpoint, retry_after_seconds=60, busy_endpoints=busy
        )


def read_endpoint(database: Database, endpoint: WebhookEndpoint) -> WebhookEndpoint:
    with database.reading() as session:
        found = webhooks.get(session, DEFAULT_PROJECT, endpoint.id)
    assert found is not None
    return found


def read_delivery(database: Database) -> WebhookDelivery | None:
    with database.reading() as session:
        return session.scalar(select(WebhookDelivery))


def take_unannounced(database: Database) -> list[Ending]:
    with database.transaction() as session:
        return webhooks.take_unannounced(session, 10)


def test_every_terminal_state_is_announced_once(database: Database) -> None:
    store, expired = rows.create_store(database), rows.create_store(database)
    batch_id = rows.attach_batch(database, store, rows.create_files(database, 1))
    create_import_schedule(database, store, run_id="run_1", began_at=1, ended_at=2, result="completed", counts={"a": 1})
    with database.transaction() as session:
        session.execute(update(VectorStore).where(VectorStore.id == expired).values(expired_at=1))
        session.execute(update(FileBatch).values(in_progress=0, completed=1))

    batch, run, expiry = take_unannounced(database)

    assert isinstance(batch.subject, FileBatch)
    assert isinstance(run.subject, webhooks.EndedRun)
    assert (batch.subject.id, run.subject.run_id, expiry.subject) == (batch_id, "run_1", None)
    assert run.subject.counts == {"a": 1, "uploaded": 0, "removed": 0}
    assert [(each.project, each.store_id) for each in (batch, run, expiry)] == [
        (DEFAULT_PROJECT, store), (DEFAULT_PROJECT, store), (DEFAULT_PROJECT, expired),
    ]  # fmt: skip
    assert take_unannounced(database) == []


def test_terminal_states_in_a_deleted_store_have_no_project(database: Database) -> None:
    store = rows.create_store(database)
    rows.attach_batch(database, store, rows.create_files(database, 1))
    create_import_schedule(database, store, run_id="run_1", began_at=1, ended_at=2, result="completed")
    with database.transaction() as session:
        session.execute(update(FileBatch).values(in_progress=0, completed=1))
        session.execute(update(VectorStore).values(deleted_at=1.0))

    assert [each.project for each in take_unannounced(database)] == ["", ""]


def test_due_deliveries_are_taken_once_until_their_retry(
    database: Database, endpoint: WebhookEndpoint, clock: Clock
) -> None:
    enqueue(database, endpoint, 3, clock)

    taken = take(database, per_endpoint=2)[endpoint.row]

    assert [(each.event_id, each.attempts, each.age_seconds) for each in taken] == [("evt_0", 0, 5), ("evt_1", 0, 5)]
    assert [each.event_id for each in take(database)[endpoint.row]] == ["evt_2"]
    assert take(database) == {}
    clock.advance(60)
    assert len(take(database)[endpoint.row]) == 3


def test_busy_and_paused_endpoints_get_no_deliveries(
    database: Database, endpoint: WebhookEndpoint, clock: Clock
) -> None:
    paused = create_endpoint(database)
    with database.transaction() as session:
        webhooks.update_columns(session, paused.row, {"paused": True})
        assert list(webhooks.list_active_endpoints(session, {DEFAULT_PROJECT})) == [DEFAULT_PROJECT]
    enqueue(database, endpoint, 1, clock)
    enqueue(database, paused, 1, clock)

    assert take(database, busy=(endpoint.row,)) == {}
    assert list(take(database)) == [endpoint.row]


def test_each_outcome_of_a_delivery_is_recorded_once(
    database: Database, endpoint: WebhookEndpoint, clock: Clock
) -> None:
    enqueue(database, endpoint, 1, clock)
    [delivery] = take(database)[endpoint.row]
    with database.transaction() as session:
        webhooks.record_failed(session, delivery, "timeout", retry_after_seconds=30)
    waiting = read_delivery(database)
    assert waiting is not None
    assert (waiting.attempts, waiting.next_try) == (1, clock() + 30)
    assert read_endpoint(database, endpoint).last_error == "timeout"

    with database.transaction() as session:
        for _ in range(2):
            webhooks.record_delivered(session, delivery)
        webhooks.record_given_up(session, delivery, "late")

    now = read_endpoint(database, endpoint)
    assert (read_delivery(database), now.delivered, now.given_up, now.last_error) == (None, 1, 0, None)


def test_a_delivery_that_is_given_up_is_counted_with_its_error(
    database: Database, endpoint: WebhookEndpoint, clock: Clock
) -> None:
    enqueue(database, endpoint, 1, clock)
    [delivery] = take(database)[endpoint.row]

    with database.transaction() as session:
        webhooks.record_given_up(session, delivery, "410")

    now = read_endpoint(database, endpoint)
    assert (now.delivered, now.given_up, now.last_error) == (0, 1, "410")


def test_a_postponed_delivery_waits_without_an_attempt(
    database: Database, endpoint: WebhookEndpoint, clock: Clock
) -> None:
    enqueue(database, endpoint, 1, clock)
    deliveries = take(database)[endpoint.row]

    with database.transaction() as session:
        webhooks.postpone(session, deliveries, seconds=300)

    waiting = read_delivery(database)
    assert waiting is not None
    assert (waiting.attempts, waiting.next_try) == (0, clock() + 300)


def test_a_rotated_secret_signs_beside_the_new_one_until_it_expires(
    database: Database, endpoint: WebhookEndpoint, clock: Clock
) -> None:
    with database.transaction() as session:
        webhooks.rotate_secret(session, endpoint.row, "newer", keep_seconds=60)

    rotated = read_endpoint(database, endpoint)
    assert webhooks.signing_secrets(rotated, clock()) == ("newer", "new")
    assert webhooks.signing_secrets(rotated, clock() + 60) == ("newer",)
    clock.advance(60)
    with database.transaction() as session:
        webhooks.delete_old_secrets(session)
    assert read_endpoint(database, endpoint).old_secret is None


def test_a_secret_that_is_rotated_at_once_does_not_sign_any_more(
    database: Database, endpoint: WebhookEndpoint, clock: Clock
) -> None:
    with database.transaction() as session:
        webhooks.rotate_secret(session, endpoint.row, "newer", keep_seconds=0)

    assert webhooks.signing_secrets(read_endpoint(database, endpoint), clock()) == ("newer",)


def test_deleting_an_endpoint_deletes_its_deliveries(
    database: Database, endpoint: WebhookEndpoint, clock: Clock
) -> None:
    enqueue(database, endpoint, 2, clock)
    with database.transaction() as session:
        assert webhooks.count_pending(session, endpoint.row) == 2
        assert not webhooks.delete(session, "proj_other", endpoint.id)
        assert webhooks.delete(session, DEFAULT_PROJECT, endpoint.id)
        assert not webhooks.delete(session, DEFAULT_PROJECT, endpoint.id)

        assert (webhooks.count(session, DEFAULT_PROJECT), webhooks.count_pending(session, endpoint.row)) == (0, 0)

"""Webhook secrets in the database: encrypted, whoever stored them, and what happens without their key."""

from pathlib import Path

import pytest
from sqlalchemy import text

from ingest.config.secrets_keys import GENERATED_FILE
from ingest.errors import InvalidRequest
from ingest.jobs.maintenance import run_maintenance
from ingest.secret_box import SecretBox, generate_key
from ingest.webhooks import endpoints
from ingest.webhooks.delivery import DeliveryWorker
from ingest.webhooks.secrets_at_rest import encrypt_stored
from tests.fakes import CALLER, FakeServices
from tests.receivers import Receiver
from tests.webhooks.scenes import create_ended_batch, deliver, subscribe
from tests.webhooks.test_signing import verifies


def stored_secrets(services: FakeServices) -> list[str]:
    with services.database.reading() as session:
        rows = session.execute(text("SELECT secret, old_secret FROM webhook_endpoints")).all()
    return [secret for row in rows for secret in row if secret is not None]


def store_in_the_clear(services: FakeServices, secret: str) -> None:
    with services.database.transaction() as session:
        session.execute(text("UPDATE webhook_endpoints SET secret = :secret"), {"secret": secret})


def test_the_database_alone_shows_no_secret(services: FakeServices, receiver: Receiver, tmp_path: Path) -> None:
    endpoint, first = subscribe(services, receiver.url)
    second = endpoints.rotate_secret(services, CALLER, endpoint, keep_old=True).new_secret or ""

    stored = stored_secrets(services)
    assert len(stored) == 2
    assert not any(secret in each for secret in (first, second) for each in stored)
    services.database.dispose()
    for file in tmp_path.glob("test.db*"):
        assert first.encode() not in file.read_bytes()


def test_secrets_of_an_earlier_release_are_encrypted_before_the_first_delivery_and_sign_as_before(
    services: FakeServices, receiver: Receiver, worker: DeliveryWorker
) -> None:
    _, secret = subscribe(services, receiver.url)
    store_in_the_clear(services, secret)
    create_ended_batch(services)
    run_maintenance(services)

    deliver(worker)

    assert secret not in stored_secrets(services)
    assert verifies(secret, *receiver.received[0])


def test_a_lost_key_fails_deliveries_with_its_reason_and_nothing_else(
    services: FakeServices, receiver: Receiver, worker: DeliveryWorker
) -> None:
    endpoint, secret = subscribe(services, receiver.url)
    (services.settings.data / GENERATED_FILE).unlink()
    del services.secret_box  # as after a restart
    create_ended_batch(services)
    run_maintenance(services)

    deliver(worker)

    assert receiver.received == []
    view = endpoints.retrieve(services, CALLER, endpoint)
    assert view.secret_hint == secret[-4:]
    assert "The signing secret cannot be decrypted" in (view.endpoint.last_error or "")
    renewed = endpoints.rotate_secret(services, CALLER, endpoint, keep_old=True).new_secret or ""
    services.database.dispose()
    with services.database.transaction() as session:
        session.execute(text("UPDATE webhook_deliveries SET next_try = 0"))
    deliver(worker)
    assert verifies(renewed, *receiver.received[0])


def test_a_new_first_key_encrypts_what_an_older_one_did(services: FakeServices, receiver: Receiver) -> None:
    endpoint, secret = subscribe(services, receiver.url)
    endpoints.rotate_secret(services, CALLER, endpoint, keep_old=True)
    old_key = (services.settings.data / GENERATED_FILE).read_text().strip()
    new_key = generate_key()

    encrypt_stored(services.database, SecretBox([new_key, old_key]))

    present, old = stored_secrets(services)
    only_new = SecretBox([new_key])
    assert only_new.open(old) == secret
    assert only_new.open(present).startswith("whsec_")


def test_a_shared_database_without_a_key_takes_no_new_secret(services: FakeServices, receiver: Receiver) -> None:
    services.secret_box = SecretBox([])

    with pytest.raises(InvalidRequest, match="must set INGEST_SECRETS_KEY"):
        subscribe(services, receiver.url)


def test_without_a_key_secrets_of_an_earlier_release_still_sign(
    services: FakeServices, receiver: Receiver, worker: DeliveryWorker, caplog: pytest.LogCaptureFixture
) -> None:
    _, secret = subscribe(services, receiver.url)
    store_in_the_clear(services, secret)
    services.secret_box = SecretBox([])
    create_ended_batch(services)
    run_maintenance(services)

    deliver(worker)

    assert verifies(secret, *receiver.received[0])
    assert stored_secrets(services) == [secret]

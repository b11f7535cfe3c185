"""`/metrics`: gauges, token, outages."""

from fastapi.testclient import TestClient
from pydantic import SecretStr

from ingest.db.checks import verifications
from ingest.db.queue import workers
from ingest.health.waits import Waits
from tests.api.calls import error_of, upload
from tests.api.scrapes import scrape
from tests.db import rows
from tests.fakes import FakeServices


def test_queued_files_are_exported_with_their_age(client: TestClient, services: FakeServices, store: str) -> None:
    file = upload(client)
    client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file})

    samples = scrape(client)

    assert samples["ingest_files", (("state", "queued"),)] == 1
    assert samples["ingest_files", (("state", "running"),)] == 0
    assert samples["ingest_oldest_queued_seconds", ()] >= 0
    assert samples["ingest_up", (("dependency", "database"),)] == 1


def test_import_schedules_are_exported_by_state(client: TestClient, store: str) -> None:
    path = f"/v1/vector_stores/{store}/import_schedules"
    created = client.post(path, json={"cron": "0 3 * * *", "sources": ["https://docs.example/a.txt"]}).json()["id"]
    before = scrape(client)
    client.post(f"{path}/{created}/run")

    assert before["ingest_import_schedules", (("state", "waiting"),)] == 0
    assert scrape(client)["ingest_import_schedules", (("state", "waiting"),)] == 1


def test_a_broker_that_is_down_is_exported_as_down(client: TestClient, services: FakeServices) -> None:
    services.queue.is_down = True

    samples = scrape(client)

    assert samples["ingest_up", (("dependency", "broker"),)] == 0
    assert ("ingest_broker_messages", (("lane", "bulk"),)) not in samples


def test_a_metrics_token_is_required_if_configured(client: TestClient, services: FakeServices) -> None:
    services.settings = services.settings.model_copy(update={"metrics_token": SecretStr("a-token")})

    error_of(client.get("/metrics"), 401)
    error_of(client.get("/metrics", headers={"Authorization": "Bearer another"}), 401)
    assert scrape(client, authorization="Bearer a-token")


def test_findings_of_the_nightly_verification_are_exported_after_the_first_one(
    client: TestClient, services: FakeServices
) -> None:
    assert not any(name.startswith("ingest_verify") for name, _ in scrape(client))
    with services.database.transaction() as session:
        verifications.claim_if_due(session, "0 3 * * *")
    with services.database.transaction() as session:
        verifications.record(session, {"points_missing": 2})

    samples = scrape(client)

    assert samples["ingest_verify_findings", (("kind", "points_missing"),)] == 2
    assert samples["ingest_verify_findings", (("kind", "blob_missing"),)] == 0
    assert samples["ingest_verify_ended_timestamp_seconds", ()] > 0


def test_living_workers_and_waiting_files_are_exported(client: TestClient, services: FakeServices, store: str) -> None:
    client.post(f"/v1/vector_stores/{store}/files", json={"file_id": upload(client)})
    before = scrape(client)
    with services.database.transaction() as session:
        workers.record_stop(session, rows.HOLDER)
    services.waits = Waits(services.database, services.settings, services.checks, slow_apart=True)

    samples = scrape(client)

    assert before["ingest_workers_alive", (("lane", "interactive"),)] == 1
    assert before["ingest_waiting_files", (("dependency", "workers"),)] == 0
    assert samples["ingest_workers_alive", (("lane", "interactive"),)] == 0
    assert samples["ingest_waiting_files", (("dependency", "workers"),)] == 1

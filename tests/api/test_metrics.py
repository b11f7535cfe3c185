"""`/metrics`: what Prometheus reads."""

from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families
from pydantic import SecretStr

from ingest.db.checks import verifications
from tests.api.calls import refusal, upload
from tests.fakes import FakeServices

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def scrape(client: TestClient, **headers: str) -> Samples:
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200, answer.text
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def test_requests_are_counted_by_route_and_not_by_address(client: TestClient) -> None:
    key = ("ingest_http_requests_total", (("method", "GET"), ("route", "/v1/files/{file_id}"), ("status", "404")))
    before = scrape(client).get(key, 0.0)

    client.get("/v1/files/file-1")
    client.get("/v1/files/file-2")

    after = scrape(client)
    assert after[key] == before + 2
    assert not any("file-1" in str(name) for name in after)


def test_addresses_that_do_not_exist_are_one_series(client: TestClient) -> None:
    client.get("/nowhere/1")
    client.get("/nowhere/2")

    assert {dict(labels)["route"] for _, labels in scrape(client) if "nowhere" in str(labels)} == set()


def test_what_waits_is_told_with_its_age(client: TestClient, services: FakeServices, store: str) -> None:
    file = upload(client)
    client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file})

    found = scrape(client)

    assert found["ingest_files", (("state", "queued"),)] == 1
    assert found["ingest_files", (("state", "running"),)] == 0
    assert found["ingest_oldest_queued_seconds", ()] >= 0
    assert found["ingest_up", (("dependency", "database"),)] == 1


def test_schedules_of_imports_are_told_by_what_they_do(client: TestClient, store: str) -> None:
    path = f"/v1/vector_stores/{store}/import_schedules"
    made = client.post(path, json={"cron": "0 3 * * *", "sources": ["https://docs.example/a.txt"]}).json()["id"]
    before = scrape(client)
    client.post(f"{path}/{made}/run")

    assert before["ingest_import_schedules", (("state", "waiting"),)] == 0
    assert scrape(client)["ingest_import_schedules", (("state", "waiting"),)] == 1


def test_a_broker_that_is_down_is_seen_to_be(client: TestClient, services: FakeServices) -> None:
    services.queue.down = True

    found = scrape(client)

    assert found["ingest_up", (("dependency", "broker"),)] == 0
    assert ("ingest_broker_messages", (("lane", "bulk"),)) not in found


def test_a_token_keeps_others_out(client: TestClient, services: FakeServices) -> None:
    services.settings = services.settings.model_copy(update={"metrics_token": SecretStr("a-token")})

    refusal(client.get("/metrics"), 401)
    refusal(client.get("/metrics", headers={"Authorization": "Bearer another"}), 401)
    assert scrape(client, authorization="Bearer a-token")


def test_the_findings_of_the_nightly_verify_are_told_once_there_was_one(
    client: TestClient, services: FakeServices
) -> None:
    assert not any(name.startswith("ingest_verify") for name, _ in scrape(client))
    with services.database.transaction() as session:
        verifications.take_turn(session, "0 3 * * *")
    with services.database.transaction() as session:
        verifications.ended(session, {"points missing": 2})

    found = scrape(client)

    assert found["ingest_verify_findings", (("kind", "points missing"),)] == 2
    assert found["ingest_verify_findings", (("kind", "blob missing"),)] == 0
    assert found["ingest_verify_ended_timestamp_seconds", ()] > 0

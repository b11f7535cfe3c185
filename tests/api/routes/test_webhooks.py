"""Routes of webhook endpoints, also through the openai client."""

import openai
from fastapi.testclient import TestClient

from ingest.webhooks.endpoints import MAX_ENDPOINTS_PER_PROJECT
from ingest.webhooks.events import EVENT_TYPES
from tests.api.calls import error_of

PATH = "/v1/webhook_endpoints"
NEW = {"name": "ci", "url": "https://hooks.example/", "event_types": ["vector_store.expired"]}


def test_the_secret_is_returned_once(client: TestClient) -> None:
    created = client.post(PATH, json=NEW).json()

    secret = created.pop("signing_secret")
    assert secret.startswith("whsec_")
    assert created["id"].startswith("wh_")
    assert client.get(f"{PATH}/{created['id']}").json() == created
    assert client.get(PATH).json()["data"] == [created]
    assert secret not in client.get(PATH).text
    assert created["signing_secret_hint"] == f"whsec_...{secret[-4:]}"
    assert created["deliveries"] == {"waiting": 0, "delivered": 0, "given_up": 0, "last_error": None}


def test_an_update_changes_only_the_given_fields(client: TestClient) -> None:
    created = client.post(PATH, json=NEW).json()

    changed = client.post(f"{PATH}/{created['id']}", json={"paused": True, "event_types": [EVENT_TYPES[0]]}).json()

    assert (changed["paused"], changed["event_types"]) == (True, [EVENT_TYPES[0]])
    assert (changed["name"], changed["url"]) == (NEW["name"], NEW["url"])


def test_the_openai_client_rotates_a_secret(client: TestClient) -> None:
    created = client.post(PATH, json=NEW).json()
    real = openai.OpenAI(base_url="http://localhost/v1", api_key="none", http_client=client)

    rotated = real.webhooks.rotate_secret(created["id"], keep_old_secret_active_for_24_hours=True)

    assert rotated.signing_secret.startswith("whsec_")
    assert rotated.signing_secret != created["signing_secret"]
    assert client.get(f"{PATH}/{created['id']}").json()["signing_secret_hint"][-4:] == rotated.signing_secret[-4:]
    second_secret = client.post(f"{PATH}/{created['id']}/rotate_secret").json()["signing_secret"]
    assert second_secret not in (created["signing_secret"], rotated.signing_secret)
    error_of(client.post(f"{PATH}/wh_none/rotate_secret"), 404)


def test_a_deleted_endpoint_is_not_found(client: TestClient) -> None:
    created = client.post(PATH, json=NEW).json()["id"]

    assert client.delete(f"{PATH}/{created}").json() == {
        "id": created, "object": "webhook_endpoint.deleted", "deleted": True,
    }  # fmt: skip
    error_of(client.get(f"{PATH}/{created}"), 404)
    assert client.get(PATH).json()["data"] == []


def test_unknown_events_and_too_many_endpoints_are_rejected(client: TestClient) -> None:
    error_of(client.post(PATH, json=NEW | {"event_types": ["response.completed"]}), 400)
    error_of(client.post(PATH, json=NEW | {"url": "file:///etc/passwd"}), 400)

    answers = [client.post(PATH, json=NEW) for _ in range(MAX_ENDPOINTS_PER_PROJECT + 1)]

    assert [answer.status_code for answer in answers] == [200] * MAX_ENDPOINTS_PER_PROJECT + [400]

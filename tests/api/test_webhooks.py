"""/v1/webhook_endpoints over HTTP, and through the real client's own resource for them."""

import openai
from fastapi.testclient import TestClient

from ingest.webhooks.endpoints import EVENT_TYPES, MOST_ENDPOINTS
from tests.api.calls import refusal

PATH = "/v1/webhook_endpoints"
NEW = {"name": "ci", "url": "https://hooks.example/", "event_types": ["vector_store.expired"]}


def test_the_secret_is_shown_once(client: TestClient) -> None:
    made = client.post(PATH, json=NEW).json()

    secret = made.pop("signing_secret")
    assert secret.startswith("whsec_")
    assert made["id"].startswith("wh_")
    assert client.get(f"{PATH}/{made['id']}").json() == made
    assert client.get(PATH).json()["data"] == [made]
    assert secret not in client.get(PATH).text
    assert made["signing_secret_hint"] == f"whsec_...{secret[-4:]}"
    assert made["deliveries"] == {"waiting": 0, "delivered": 0, "given_up": 0, "last_error": None}


def test_only_what_is_named_changes(client: TestClient) -> None:
    made = client.post(PATH, json=NEW).json()

    changed = client.post(f"{PATH}/{made['id']}", json={"paused": True, "event_types": [EVENT_TYPES[0]]}).json()

    assert (changed["paused"], changed["event_types"]) == (True, [EVENT_TYPES[0]])
    assert (changed["name"], changed["url"]) == (NEW["name"], NEW["url"])


def test_the_real_client_rotates_a_secret(client: TestClient) -> None:
    made = client.post(PATH, json=NEW).json()
    real = openai.OpenAI(base_url="http://localhost/v1", api_key="none", http_client=client)

    rotated = real.webhooks.rotate_secret(made["id"], keep_old_secret_active_for_24_hours=True)

    assert rotated.signing_secret.startswith("whsec_")
    assert rotated.signing_secret != made["signing_secret"]
    assert client.get(f"{PATH}/{made['id']}").json()["signing_secret_hint"][-4:] == rotated.signing_secret[-4:]
    again = client.post(f"{PATH}/{made['id']}/rotate_secret").json()["signing_secret"]
    assert again not in (made["signing_secret"], rotated.signing_secret)
    refusal(client.post(f"{PATH}/wh_none/rotate_secret"), 404)


def test_a_deleted_endpoint_is_gone(client: TestClient) -> None:
    made = client.post(PATH, json=NEW).json()["id"]

    assert client.delete(f"{PATH}/{made}").json() == {
        "id": made, "object": "webhook_endpoint.deleted", "deleted": True,
    }  # fmt: skip
    refusal(client.get(f"{PATH}/{made}"), 404)
    assert client.get(PATH).json()["data"] == []


def test_unknown_events_and_too_many_endpoints_are_refused(client: TestClient) -> None:
    refusal(client.post(PATH, json=NEW | {"event_types": ["response.completed"]}), 400)
    refusal(client.post(PATH, json=NEW | {"url": "file:///etc/passwd"}), 400)

    answers = [client.post(PATH, json=NEW) for _ in range(MOST_ENDPOINTS + 1)]

    assert [answer.status_code for answer in answers] == [200] * MOST_ENDPOINTS + [400]

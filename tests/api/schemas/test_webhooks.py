"""Webhook endpoints as JSON: who sees the secret."""

from dataclasses import replace

from api.schemas.webhooks import WebhookEndpoint, WebhookEndpointWithSecret
from ingest.db.models import WebhookEndpoint as Row
from ingest.webhooks.endpoints import EndpointView

SECRET = "whsec_abcdefgh"


def view() -> EndpointView:
    """An endpoint with two waiting events."""
    row = Row(
        id="whe_1", created_at=1, updated_at=1, name="", url="https://hooks.example/", paused=False, secret=SECRET,
        event_types=["vector_store.expired"], delivered=3, given_up=1, last_error=None,
    )  # fmt: skip
    return EndpointView(row, 2)


def test_an_endpoint_shows_only_the_end_of_its_secret() -> None:
    text = WebhookEndpoint.from_view(view()).model_dump_json()

    assert SECRET not in text
    assert "whsec_...efgh" in text
    assert '"waiting":2,"delivered":3,"given_up":1' in text


def test_a_new_secret_is_returned_completely() -> None:
    assert WebhookEndpointWithSecret.from_view(replace(view(), new_secret=SECRET)).signing_secret == SECRET

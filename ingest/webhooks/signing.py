"""Webhook secrets and signatures, as Standard Webhooks and the `openai` client define them."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from secrets import token_bytes

SECRET_PREFIX = "whsec_"
SECRET_BYTES = 32


def generate_secret() -> str:
    """Return a new random secret in its text form."""
    return SECRET_PREFIX + base64.b64encode(token_bytes(SECRET_BYTES)).decode()


def signature_headers(secrets: Sequence[str], event_id: str, timestamp: int, body: str) -> dict[str, str]:
    """Return the headers that authenticate an event. `timestamp` is in seconds since 1970.

    There is one signature per secret. A receiver accepts the event if any of them verifies, so an endpoint whose secret
    was rotated may still use the old one.
    """
    content = f"{event_id}.{timestamp}.{body}".encode()
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(_signature(secret, content) for secret in secrets),
    }


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    return f"v1,{base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()}"

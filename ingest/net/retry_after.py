"""The Retry-After header of a server's response."""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_SECONDS = 3600.0
"""A server with a wrong clock must not stop its clients for ever."""


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """Return how long the server asks to wait, at most an hour; None without a valid header (RFC 9110, section 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if not value:
        return None
    try:
        if value.replace(".", "", 1).isdigit():
            return min(float(value), MAX_SECONDS)
        at = parsedate_to_datetime(value)
        seconds = (at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
    except ValueError:
        return None
    return min(max(0.0, seconds), MAX_SECONDS)

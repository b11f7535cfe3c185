"""The URL of the service, as users write it."""

from urllib.parse import urlsplit

DEFAULT_URL = "http://127.0.0.1:8000/v1"


def complete_url(url: str) -> str:
    """Return a URL of the service with what users leave out: the scheme, and `/v1` after the port."""
    url = url if "://" in url else f"http://{url}"
    return f"{url.rstrip('/')}/v1" if urlsplit(url).path in ("", "/") else url

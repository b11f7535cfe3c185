"""Downloads from the web that cannot be directed at private networks.

A host name is resolved once, each of its addresses must be public, and the connection goes to the address that was
checked. The same holds for every redirect. A download is bounded in bytes and in seconds.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from ingest.imports.web_charset import keep_declared_charset
from ingest.net.egress_guard import Resolver, Unreachable, pin_request, resolve
from ingest.observability import logs

MAX_REDIRECTS = 5
IDLE_TIMEOUT_SECONDS = 15.0
"""Without a byte, or until a connection is established."""

_log = logs.get(__name__)

_CONDITIONAL_HEADERS = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
"""Request headers that repeat a response header of an earlier download."""


@dataclass(frozen=True)
class DownloadLimits:
    """How large and slow a download may be, and where it may go."""

    max_bytes: int = 512 * 2**20
    max_seconds: float = 300.0
    allow_private: bool = False
    hides_addresses: bool = False
    """Keep names and addresses of this network out of error messages; only the log has them."""


class WebDownloader:
    """Downloads files. Threads may share an instance."""

    def __init__(self, limits: DownloadLimits, *, resolver: Resolver = resolve) -> None:
        self._limits = limits
        self._resolve = resolver
        # No proxy: it would resolve names itself. No pool: a kept connection belongs to an address, not to a name.
        self._client = httpx.Client(
            trust_env=False, follow_redirects=False, timeout=IDLE_TIMEOUT_SECONDS,
            limits=httpx.Limits(max_keepalive_connections=0),
        )  # fmt: skip

    def download(self, url: str, target: Path, fingerprint: str = "") -> str | None:
        """Copy a URL to a new file and return its fingerprint; None when it still has the given fingerprint.

        Raises Unreachable, or OSError when the file cannot be written.
        """
        deadline = time.monotonic() + self._limits.max_seconds
        try:
            for _ in range(MAX_REDIRECTS + 1):
                request = self._pin_request(httpx.URL(url), fingerprint)
                with self._client.stream(**request) as response:  # type: ignore[arg-type] # a dict of keyword arguments
                    if response.has_redirect_location:
                        url = str(httpx.URL(url).join(response.headers["location"]))
                        continue
                    if response.status_code == httpx.codes.NOT_MODIFIED and fingerprint:
                        return None
                    if response.status_code != httpx.codes.OK:
                        raise Unreachable(f"The web server answered {response.status_code} {response.reason_phrase}")
                    self._save(response, target, deadline)
                    headers = response.headers
                    keep_declared_charset(target, headers.get("content-type", ""))
                    return json.dumps({name: headers[name] for name in _CONDITIONAL_HEADERS if name in headers})
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as exc:
            raise Unreachable(f"The web server could not be read: {exc or type(exc).__name__}") from exc
        raise Unreachable(f"More than {MAX_REDIRECTS} redirects")

    def close(self) -> None:
        """Close the HTTP client."""
        self._client.close()

    def _pin_request(self, url: httpx.URL, fingerprint: str) -> dict[str, object]:
        """Return the arguments of a request to a checked address, with the host's name in its headers."""
        try:
            pinned = pin_request(
                url, self._resolve, allow_private=self._limits.allow_private, permitting_setting="--allow-private"
            )
        except Unreachable as exc:
            if not self._limits.hides_addresses:
                raise
            _log.warning("address_refused", host=url.host, reason=exc.strerror)
            raise Unreachable("The address cannot be resolved, or is not public") from exc
        conditions = {_CONDITIONAL_HEADERS[name]: text for name, text in json.loads(fingerprint or "{}").items()}
        return {
            "method": "GET",
            "url": pinned.url,
            "headers": pinned.headers | conditions,
            "extensions": pinned.extensions,
        }

    def _save(self, response: httpx.Response, target: Path, deadline: float) -> None:
        size = 0
        with target.open("wb") as file:
            for block in response.iter_bytes():
                size += len(block)
                if size > self._limits.max_bytes:
                    raise Unreachable(f"Larger than {self._limits.max_bytes:,} bytes")
                if time.monotonic() > deadline:
                    raise Unreachable(f"Took longer than {self._limits.max_seconds:g} s")
                file.write(block)

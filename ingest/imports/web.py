"""Downloads from the web that cannot be directed at private networks.

Every address of a host name must be public, and the connection goes to an address that was checked. The same holds for
every redirect. A download is bounded in bytes and in seconds, whatever the server sends.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from ingest.imports.web_charset import keep_declared_charset
from ingest.net.egress_guard import AddressRefused, EgressPolicy, OutOfTime, Resolver, Unreachable, resolve
from ingest.net.guarded_http import GuardedResponse, open_response
from ingest.observability import logs

MAX_REDIRECTS = 5

_log = logs.get(__name__)

_CONDITIONAL_HEADERS = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
"""Request headers that repeat a response header of an earlier download."""

_REDIRECTS = (301, 302, 303, 307, 308)


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
        self._policy = EgressPolicy(limits.allow_private, "--allow-private", resolver)

    def download(self, url: str, target: Path, fingerprint: str = "") -> str | None:
        """Copy a URL to a new file and return its fingerprint; None when it still has the given fingerprint.

        Raises Unreachable, or OSError when the file cannot be written.
        """
        deadline = time.monotonic() + self._limits.max_seconds
        conditions = {_CONDITIONAL_HEADERS[name]: text for name, text in json.loads(fingerprint or "{}").items()}
        for _ in range(MAX_REDIRECTS + 1):
            with self._open(url, conditions, deadline) as response:
                headers = response.headers
                if response.status in _REDIRECTS and "location" in headers:
                    url = _join(url, headers["location"])
                    continue
                if response.status == httpx.codes.NOT_MODIFIED and fingerprint:
                    return None
                if response.status != httpx.codes.OK:
                    raise Unreachable(f"The web server answered {response.status} {response.reason}".rstrip())
                with target.open("wb") as file:
                    for block in response.blocks(self._limits.max_bytes):
                        file.write(block)
                keep_declared_charset(target, headers.get("content-type", ""))
                return json.dumps({name: headers[name] for name in _CONDITIONAL_HEADERS if name in headers})
        raise Unreachable(f"More than {MAX_REDIRECTS} redirects")

    @contextmanager
    def _open(self, url: str, conditions: dict[str, str], deadline: float) -> Iterator[GuardedResponse]:
        """Yield the response to a request. Raises Unreachable with a text for the owner of the import."""
        try:
            address = httpx.URL(url)
            with open_response(self._policy, "GET", address, headers=conditions, deadline=deadline) as response:
                yield response
        except AddressRefused as exc:
            if not self._limits.hides_addresses:
                raise
            _log.warning("address_refused", host=address.host, reason=exc.strerror)
            raise Unreachable("The address cannot be resolved, or is not public") from exc
        except OutOfTime as exc:
            if time.monotonic() < deadline:
                raise
            raise Unreachable(f"Took longer than {self._limits.max_seconds:g} s") from exc
        except (httpx.InvalidURL, UnicodeError) as exc:
            raise Unreachable(f"The address is not valid: {exc}") from exc


def _join(url: str, location: str) -> str:
    try:
        return str(httpx.URL(url).join(location))
    except (httpx.InvalidURL, ValueError) as exc:
        raise Unreachable(f"The web server redirects to an invalid address: {exc}") from exc

"""Downloads from the web that cannot be directed at private networks.

Every address of a host name must be public, and the connection goes to an address that was checked. The same holds for
every redirect. A download is bounded in bytes and in seconds, whatever the server sends.
"""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from ingest.imports.waits import ImportWait
from ingest.imports.web_charset import keep_declared_charset
from ingest.imports.web_names import name_of_download
from ingest.imports.web_waits import WebWaits
from ingest.net.egress_guard import AddressRefused, EgressPolicy, OutOfTime, Resolver, Unreachable, resolve
from ingest.net.guarded_http import GuardedResponse, open_response
from ingest.net.retry_after import retry_after_seconds
from ingest.observability import logs

MAX_REDIRECTS = 5
MIN_WAIT_SECONDS = 1.0
"""A server that asks to wait 0 s is not asked again at once."""

_log = logs.get(__name__)

_CONDITIONAL_HEADERS = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}
"""Request headers that repeat a response header of an earlier download."""

_REDIRECTS = (301, 302, 303, 307, 308)
_RETRY_STATUSES = (429, 503)


@dataclass(frozen=True)
class DownloadLimits:
    """How large and slow a download may be, and where it may go."""

    max_bytes: int = 512 * 2**20
    max_seconds: float = 300.0
    allow_private: bool = False
    hides_addresses: bool = False
    """Keep names and addresses of this network out of error messages; only the log has them."""


@dataclass(frozen=True)
class Download:
    """A file that was downloaded."""

    fingerprint: str
    """JSON of the response headers that make the next request a conditional one."""
    name: str
    url: str
    """After redirects."""


class WebStatusError(Unreachable):
    """The web server answered, but not with the file."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(f"The web server answered {status} {reason}".rstrip())
        self.status = status


class WebDownloader:
    """Downloads files. Threads may share an instance. `on_wait` is called when a server asks to wait, and afterwards."""

    def __init__(
        self,
        limits: DownloadLimits,
        *,
        resolver: Resolver = resolve,
        on_wait: Callable[[ImportWait | None], None] = lambda _: None,
    ) -> None:
        self._limits = limits
        self._policy = EgressPolicy(limits.allow_private, "--allow-private", resolver)
        self._waits = WebWaits(on_wait)

    @property
    def waiting(self) -> ImportWait | None:
        """Which server asked to wait, while a download waits."""
        return self._waits.current

    def stop(self) -> None:
        """End the waits of all downloads."""
        self._waits.stop()

    def download(
        self, url: str, target: Path, fingerprint: str = "", *, max_bytes: int | None = None
    ) -> Download | None:
        """Copy a URL to a new file; None when it still has the given fingerprint.

        Waits when the server asks for it (429 and 503 with Retry-After) until the time limit of the download. Raises
        Unreachable, or OSError when the file cannot be written.
        """
        deadline = time.monotonic() + self._limits.max_seconds
        known: dict[str, str] = json.loads(fingerprint or "{}")
        conditions = {header: known[name] for name, header in _CONDITIONAL_HEADERS.items() if name in known}
        location, redirects = url, 0
        while True:
            with self._open(location, conditions, deadline) as response:
                headers = response.headers
                if response.status == httpx.codes.NOT_MODIFIED and conditions:
                    return None
                if response.status == httpx.codes.OK:
                    with target.open("wb") as file:
                        for block in response.blocks(max_bytes or self._limits.max_bytes):
                            file.write(block)
                    keep_declared_charset(target, headers.get("content-type", ""))
                    received = {name: headers[name] for name in _CONDITIONAL_HEADERS if name in headers}
                    return Download(json.dumps(received), name_of_download(url, location, headers), location)
                if response.status in _REDIRECTS and "location" in headers:
                    redirects += 1
                    if redirects > MAX_REDIRECTS:
                        raise Unreachable(f"More than {MAX_REDIRECTS} redirects")
                    location = _join(location, headers["location"])
                    continue
                error = WebStatusError(response.status, response.reason)
                seconds = retry_after_seconds(headers) if response.status in _RETRY_STATUSES else None
            if seconds is None:
                raise error
            if time.monotonic() + seconds >= deadline:
                limit = f"{self._limits.max_seconds:g} s"
                raise Unreachable(f"{error.strerror}, and asks to wait {seconds:g} s: a download has {limit}")
            self._waits.wait(httpx.URL(location).host, response.status, max(seconds, MIN_WAIT_SECONDS))

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

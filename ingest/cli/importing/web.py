"""Files from the web, without being led to what only this machine can reach.

A name is resolved once, every address it has must be public, and the connection goes to the very address that was
checked; so does every redirect. What comes is bounded in bytes and seconds.
"""

import ipaddress
import json
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

REDIRECTS = 5
SILENCE_SECONDS = 15.0
"""Without a byte, or until a connection stands."""

_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_CONDITIONS = {"etag": "If-None-Match", "last-modified": "If-Modified-Since"}

Resolve = Callable[[str, int], list[str]]


class Unfetchable(OSError):
    """Why an address on the web gave no file."""

    def __init__(self, reason: str) -> None:
        super().__init__(0, reason)


@dataclass(frozen=True)
class Limits:
    """What one download may cost, and where it may go."""

    most_bytes: int = 512 * 2**20
    seconds: float = 300.0
    allow_private: bool = False


def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


class Web:
    """Fetches files; used from several threads."""

    def __init__(self, limits: Limits, *, resolver: Resolve = resolve) -> None:
        self._limits = limits
        self._resolve = resolver
        # A proxy would resolve names by itself. No pool: a kept connection belongs to an address, not to a name.
        self._client = httpx.Client(
            trust_env=False, follow_redirects=False, timeout=SILENCE_SECONDS,
            limits=httpx.Limits(max_keepalive_connections=0),
        )  # fmt: skip

    def fetch(self, url: str, target: Path, stamp: str = "") -> str | None:
        """Copy what is at `url` into a new file; its stamp, or None when it is as it was at the stamp given.

        Raises Unfetchable, or OSError when the file cannot be written.
        """
        deadline = time.monotonic() + self._limits.seconds
        try:
            for _ in range(REDIRECTS + 1):
                with self._client.stream(**self._pinned(httpx.URL(url), stamp)) as answer:  # type: ignore[arg-type]
                    if answer.has_redirect_location:
                        url = str(httpx.URL(url).join(answer.headers["location"]))
                        continue
                    if answer.status_code == httpx.codes.NOT_MODIFIED and stamp:
                        return None
                    if answer.status_code != httpx.codes.OK:
                        raise Unfetchable(f"The web server answered {answer.status_code} {answer.reason_phrase}")
                    self._save(answer, target, deadline)
                    return json.dumps({name: answer.headers[name] for name in _CONDITIONS if name in answer.headers})
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as exc:
            raise Unfetchable(f"The web server could not be read: {exc or type(exc).__name__}") from exc
        raise Unfetchable(f"More than {REDIRECTS} redirects")

    def close(self) -> None:
        self._client.close()

    def _pinned(self, url: httpx.URL, stamp: str) -> dict[str, object]:
        """A request that goes to an address that was looked at, in the name of the host."""
        if url.scheme not in ("http", "https") or not url.host:
            raise Unfetchable(f"Not an address on the web: {url}")
        address = self._allowed(url.host, url.port or (443 if url.scheme == "https" else 80))
        headers = {"Host": url.netloc.decode("ascii"), "User-Agent": "ingest"}
        if stamp:
            headers |= {_CONDITIONS[name]: text for name, text in json.loads(stamp).items()}
        return {
            "method": "GET",
            "url": url.copy_with(host=address),
            "headers": headers,
            "extensions": {"sni_hostname": url.raw_host.decode("ascii")},  # also the name in the certificate
        }

    def _allowed(self, host: str, port: int) -> str:
        try:
            addresses = self._resolve(host, port)
        except OSError as exc:
            raise Unfetchable(f"The name {host} cannot be resolved: {exc.strerror or exc}") from exc
        if not addresses:
            raise Unfetchable(f"The name {host} has no address")
        if not self._limits.allow_private:
            for address in addresses:
                if not is_public(address):
                    raise Unfetchable(f"{host} is at {address}, which is not public; --allow-private permits it")
        return addresses[0]

    def _save(self, answer: httpx.Response, target: Path, deadline: float) -> None:
        size = 0
        with target.open("wb") as file:
            for block in answer.iter_bytes():
                size += len(block)
                if size > self._limits.most_bytes:
                    raise Unfetchable(f"Larger than {self._limits.most_bytes:,} bytes")
                if time.monotonic() > deadline:
                    raise Unfetchable(f"Took longer than {self._limits.seconds:g} s")
                file.write(block)


def is_public(text: str) -> bool:
    """Whether an IP address is one that anybody on the Internet can reach, also when it is one inside another."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if address.teredo is not None:
            return False
        if inner is not None:
            return is_public(str(inner))
        if int(address) >> 32 == 0:  # ::a.b.c.d, long out of use
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved

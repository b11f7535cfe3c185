"""Where a request on somebody else's word may go: only to what anybody on the Internet can reach.

A name is resolved once, every address it has must be public, and the connection goes to the very address that was
checked, so that a name that is resolved again cannot lead elsewhere.
"""

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass

import httpx

_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Resolve = Callable[[str, int], list[str]]


class Unreachable(OSError):
    """Why nothing is asked at an address, or why it gave nothing."""

    def __init__(self, reason: str) -> None:
        super().__init__(0, reason)


@dataclass(frozen=True)
class Pinned:
    """A request to one checked address, in the name of its host."""

    url: httpx.URL
    headers: dict[str, str]
    extensions: dict[str, str]


def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a name."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(each[4][0]) for each in found]


def pinned(url: httpx.URL, resolver: Resolve, *, allow_private: bool, permit: str) -> Pinned:
    """Where a request for `url` goes. Raises Unreachable; `permit` is what would allow a private address."""
    if url.scheme not in ("http", "https") or not url.host:
        raise Unreachable(f"Not an address on the web: {url}")
    address = _allowed(url, resolver, allow_private, permit)
    return Pinned(
        url=url.copy_with(host=address),
        headers={"Host": url.netloc.decode("ascii"), "User-Agent": "ingest"},
        extensions={"sni_hostname": url.raw_host.decode("ascii")},  # also the name in the certificate
    )


def _allowed(url: httpx.URL, resolver: Resolve, allow_private: bool, permit: str) -> str:
    host = url.host
    try:
        addresses = resolver(host, url.port or (443 if url.scheme == "https" else 80))
    except OSError as exc:
        raise Unreachable(f"The name {host} cannot be resolved: {exc.strerror or exc}") from exc
    if not addresses:
        raise Unreachable(f"The name {host} has no address")
    for address in addresses:
        if not allow_private and not is_public(address):
            raise Unreachable(f"{host} is at {address}, which is not public; {permit} permits it")
    return addresses[0]


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

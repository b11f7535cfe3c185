"""The guard against server-side request forgery: requests to URLs that a client gave go to public addresses only.

A name is resolved once, every address of it must be public, and the request is pinned to the checked address. So a second
resolution cannot lead elsewhere (DNS rebinding).
"""

import ipaddress
import socket
from collections.abc import Callable
from dataclasses import dataclass

import httpx

_NAT64 = ipaddress.ip_network("64:ff9b::/96")

Resolver = Callable[[str, int], list[str]]
"""Returns the IP addresses of a host name and port. Raises OSError."""


class Unreachable(OSError):
    """No request is made to a URL, or it got no response; the text says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(0, reason)


@dataclass(frozen=True)
class PinnedRequest:
    """A request to one checked address, with the host name in its headers and in the TLS handshake."""

    url: httpx.URL
    headers: dict[str, str]
    extensions: dict[str, str]


def resolve(host: str, port: int) -> list[str]:
    """Return the IP addresses of a host name."""
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[4][0]) for address in addresses]


def pin_request(url: httpx.URL, resolver: Resolver, *, allow_private: bool, permitting_setting: str) -> PinnedRequest:
    """Resolve and check the host of a URL, and return the request pinned to its address.

    `permitting_setting` names, for the error text, the setting that allows private addresses. Raises Unreachable.
    """
    if url.scheme not in ("http", "https") or not url.host:
        raise Unreachable(f"Not an address on the web: {url}")
    address = _allowed_address(url, resolver, allow_private, permitting_setting)
    return PinnedRequest(
        url=url.copy_with(host=address),
        headers={"Host": url.netloc.decode("ascii"), "User-Agent": "ingest"},
        extensions={"sni_hostname": url.raw_host.decode("ascii")},  # also the name that the certificate must have
    )


def _allowed_address(url: httpx.URL, resolver: Resolver, allow_private: bool, permitting_setting: str) -> str:
    host = url.host
    try:
        addresses = resolver(host, url.port or (443 if url.scheme == "https" else 80))
    except OSError as exc:
        raise Unreachable(f"The name {host} cannot be resolved: {exc.strerror or exc}") from exc
    if not addresses:
        raise Unreachable(f"The name {host} has no address")
    for address in addresses:
        if not allow_private and not is_public_address(address):
            raise Unreachable(f"{host} is at {address}, which is not public; {permitting_setting} permits it")
    return addresses[0]


def is_public_address(text: str) -> bool:
    """Return whether an IP address is reachable from the whole Internet. Checks IPv4 addresses inside IPv6 ones too."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        embedded = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            embedded = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if address.teredo is not None:
            return False
        if embedded is not None:
            return is_public_address(str(embedded))
        if int(address) >> 32 == 0:  # ::a.b.c.d, an obsolete form of IPv4
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved

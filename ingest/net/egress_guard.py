"""The guard against server-side request forgery: requests to URLs that a client gave go to public addresses only.

A name is resolved once, every address of it must be public, and the connection goes to a checked address. So a second
resolution cannot lead elsewhere (DNS rebinding). `ingest/net/guarded_http.py` makes the requests.
"""

import ipaddress
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ingest.runtime.bounded_call import call_within

_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
        "168.63.129.16/32",  # services of the host in Azure
        "192.0.0.0/24",  # protocol assignments; also metadata of Oracle's cloud
        "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "198.18.0.0/15",  # documentation and benchmarks
        "192.52.193.0/24", "192.88.99.0/24",  # relays
        "224.0.0.0/4", "240.0.0.0/4",
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32", "3fff::/20",  # documentation
        "2002::/16",  # 6to4
    )
)  # fmt: skip
"""Python's `is_global` lacks some of them, and others before 3.11.10 and 3.12.4. This list does not depend on its version."""

_PUBLIC_IPV6 = ipaddress.ip_network("2000::/3")
"""The only block of IPv6 whose addresses are public. NAT64, IPv4 inside IPv6, site-local and private ones are outside."""

_NEVER = tuple(
    ipaddress.ip_network(network)
    for network in ("169.254.0.0/16", "168.63.129.16/32", "100.100.100.200/32", "192.0.0.192/32", "fe80::/10", "fd00:ec2::/32")
)  # fmt: skip
"""Metadata services of clouds, which give credentials to every caller. No setting permits them."""

MAX_LOOKUPS = 32
"""Lookups of names that a process has under way. The system's resolver may wait for half a minute and cannot be ended."""

Resolver = Callable[[str, int], list[str]]
"""Returns the IP addresses of a host name and port. Raises OSError."""

_lookups = threading.BoundedSemaphore(MAX_LOOKUPS)


class Unreachable(OSError):
    """No request is made to a URL, or it got no response; the text says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(0, reason)


class AddressRefused(Unreachable):
    """The name has no address, or one that may not be requested. The text names addresses of this network."""


class OutOfTime(Unreachable):
    """The deadline of the request has passed."""


def resolve(host: str, port: int) -> list[str]:
    """Return the IP addresses of a host name."""
    addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[4][0]) for address in addresses))


@dataclass(frozen=True)
class EgressPolicy:
    """Where requests may go. `permitting_setting` names, for error texts, what allows private addresses."""

    allow_private: bool
    permitting_setting: str
    resolver: Resolver = field(default=resolve)

    def addresses_of(self, host: str, port: int, deadline: float) -> list[str]:
        """Resolve a name, and return its addresses, all of which may be requested. Raises AddressRefused, OutOfTime."""
        try:
            addresses = _resolve_until(deadline, self.resolver, host, port)
        except (OSError, UnicodeError) as exc:
            if isinstance(exc, OutOfTime):
                raise
            reason = exc.strerror if isinstance(exc, OSError) else None
            raise AddressRefused(f"The name {host} cannot be resolved: {reason or exc}") from exc
        if not addresses:
            raise AddressRefused(f"The name {host} has no address")
        for address in addresses:
            self.check(host, address)
        return addresses

    def check(self, host: str, address: str) -> None:
        """Raise AddressRefused for an address that may not be requested."""
        if is_metadata_address(address):
            raise AddressRefused(f"{host} is at {address}, which belongs to the machine or its cloud")
        if not self.allow_private and not is_public_address(address):
            raise AddressRefused(f"{host} is at {address}, which is not public; {self.permitting_setting} permits it")


def is_public_address(text: str) -> bool:
    """Return whether an IP address is reachable from the whole Internet. Addresses that contain another one are not."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if address.version == 6 and address not in _PUBLIC_IPV6:
        return False
    return address.is_global and not any(address in network for network in _NOT_PUBLIC)


def is_metadata_address(text: str) -> bool:
    """Return whether an IP address is link-local or one of a cloud's metadata service, in any notation."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        address = embedded_ipv4(address) or address
    return any(address in network for network in _NEVER)


def embedded_ipv4(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address inside an IPv6 one (mapped, compatible, 6to4, NAT64), or None."""
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    is_compatible = int(address) >> 32 == 0 and int(address) > 0xFFFF
    if (
        is_compatible
        or address in ipaddress.ip_network("64:ff9b::/96")
        or address in ipaddress.ip_network("64:ff9b:1::/48")
    ):
        return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
    return None


def _resolve_until(deadline: float, resolver: Resolver, host: str, port: int) -> list[str]:
    """Resolve in a thread of its own, because a lookup has no timeout. Raises OutOfTime."""
    if not _lookups.acquire(timeout=max(0.0, deadline - time.monotonic())):
        raise OutOfTime("The names of other requests are still being resolved")

    def look_up() -> list[str]:
        try:
            return resolver(host, port)
        finally:
            _lookups.release()

    try:
        return call_within(deadline - time.monotonic(), look_up, name="resolve")
    except TimeoutError:
        raise OutOfTime(f"The name {host} was not resolved in time") from None

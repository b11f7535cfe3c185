"""The egress guard: which addresses are public, and which names may be requested."""

import threading
import time

import pytest

from ingest.net import egress_guard
from ingest.net.egress_guard import (
    AddressRefused,
    EgressPolicy,
    OutOfTime,
    Resolver,
    is_metadata_address,
    is_public_address,
)

NOT_PUBLIC = [
    # this machine and private networks
    "127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1",
    "100.64.0.1", "100.127.255.255", "169.254.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12::1",
    "fec0::1", "feff::1",
    # metadata services of clouds
    "169.254.169.254", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fd00:ec2::254",
    # protocol assignments, documentation, benchmarks, relays, groups, reserved
    "192.0.0.1", "192.0.0.8", "192.0.0.170", "192.0.2.1", "198.51.100.1", "203.0.113.1", "198.18.0.1", "198.19.255.255",
    "192.52.193.1", "192.88.99.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255",
    "2001:db8::1", "3fff::1", "3fff:fff:ffff::1", "2001:2::1", "2001:10::1", "2001:20::1", "100::1", "5f00::1",
    "ff02::1", "ff0e::1", "4000::1",
    # addresses that contain another one, private or not
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:93.184.216.34", "::127.0.0.1", "::93.184.216.34", "::ffff:0:7f00:1",
    "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::5db8:d822", "64:ff9b:1::7f00:1", "64:ff9b:1:7f00:0:100::",
    "2002:7f00:1::", "2002:5db8:d822::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2",
]  # fmt: skip

PUBLIC = [
    "93.184.216.34", "8.8.8.8", "1.1.1.1", "168.63.129.15", "192.0.1.1", "192.88.98.1", "198.17.255.255", "198.20.0.1",
    "172.15.0.1", "172.32.0.1", "100.63.255.255", "100.128.0.1", "223.255.255.254",
    "2606:2800:220:1::1", "2001:4860:4860::8888", "2a00:1450:4001::1", "2003::1", "3ffe::1",
]  # fmt: skip


def policy(resolver: Resolver, *, allow_private: bool = False) -> EgressPolicy:
    return EgressPolicy(allow_private, "SETTING", resolver)


def resolver_to(*addresses: str) -> Resolver:
    return lambda host, port: list(addresses)


def failing_resolver(host: str, port: int) -> list[str]:
    raise OSError(0, "Name or service not known")


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_public_is_recognised_in_every_notation(address: str) -> None:
    assert not is_public_address(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_recognised(address: str) -> None:
    assert is_public_address(address)


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_the_list_does_not_depend_on_the_version_of_python(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own list lacked networks before 3.11.10 and 3.12.4, and lacks some today."""
    for kind in ("IPv4Address", "IPv6Address"):
        monkeypatch.setattr(f"ipaddress.{kind}.is_global", True)

    assert not is_public_address(address)


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "::ffff:169.254.169.254", "::a9fe:a9fe", "64:ff9b::a9fe:a9fe", "64:ff9b:1::a9fe:a9fe",
     "2002:a9fe:a9fe::", "168.63.129.16", "100.100.100.200", "192.0.0.192", "fe80::1%eth0", "fd00:ec2::254"],
)  # fmt: skip
def test_no_setting_permits_the_metadata_service_of_a_cloud(address: str) -> None:
    with pytest.raises(AddressRefused, match="belongs to the machine or its cloud"):
        policy(resolver_to(address), allow_private=True).addresses_of("host.example", 80, time.monotonic() + 20)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "::1", "fd12::1", "::ffff:10.0.0.1", "93.184.216.34"])
def test_a_private_address_is_allowed_where_the_setting_permits_it(address: str) -> None:
    assert not is_metadata_address(address)
    allowed = policy(resolver_to(address), allow_private=True).addresses_of("host.example", 80, time.monotonic() + 20)
    assert allowed == [address]


@pytest.mark.parametrize(
    ("resolver", "reason"),
    [
        (failing_resolver, "The name host.example cannot be resolved: Name or service not known"),
        (resolver_to(), "has no address"),
        (resolver_to("10.0.0.1"), "is at 10.0.0.1, which is not public; SETTING permits it"),
        (resolver_to("93.184.216.34", "10.0.0.1"), "is at 10.0.0.1, which is not public"),
    ],
)
def test_a_name_that_may_not_be_requested_is_refused_with_the_reason(resolver: Resolver, reason: str) -> None:
    with pytest.raises(AddressRefused) as refusal:
        policy(resolver).addresses_of("host.example", 80, time.monotonic() + 20)

    assert reason in str(refusal.value.strerror)


def test_lookups_that_never_end_are_bounded_and_end_for_their_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(egress_guard, "_lookups", threading.BoundedSemaphore(1))
    released = threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        released.wait(30)
        return ["93.184.216.34"]

    with pytest.raises(OutOfTime, match="was not resolved in time"):
        policy(resolve).addresses_of("slow.example", 80, time.monotonic() + 0.1)
    with pytest.raises(OutOfTime, match="names of other requests"):
        policy(resolver_to("93.184.216.34")).addresses_of("host.example", 80, time.monotonic() + 0.1)
    released.set()
    allowed = policy(resolver_to("93.184.216.34")).addresses_of("host.example", 80, time.monotonic() + 20)

    assert allowed == ["93.184.216.34"]

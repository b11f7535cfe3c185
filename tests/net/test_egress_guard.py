"""The egress guard: which addresses are public, and what a pinned request looks like."""

import httpx
import pytest

from ingest.net.egress_guard import Resolver, Unreachable, is_public_address, pin_request


def resolver_to(*addresses: str) -> Resolver:
    return lambda host, port: list(addresses)


def failing_resolver(host: str, port: int) -> list[str]:
    raise OSError(0, "Name or service not known")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001::1", "::127.0.0.1",
    ],
)  # fmt: skip
def test_a_private_address_is_recognised_in_every_notation(address: str) -> None:
    assert not is_public_address(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_a_public_address_is_recognised(address: str) -> None:
    assert is_public_address(address)


def test_a_request_is_pinned_to_the_checked_address_and_keeps_its_host_name() -> None:
    url = httpx.URL("https://host.example:8443/path?query=1")

    request = pin_request(url, resolver_to("93.184.216.34"), allow_private=False, permitting_setting="SETTING")

    assert str(request.url) == "https://93.184.216.34:8443/path?query=1"
    assert request.headers["Host"] == "host.example:8443"
    assert request.extensions == {"sni_hostname": "host.example"}


@pytest.mark.parametrize(
    ("url", "resolver", "reason"),
    [
        ("ftp://host.example/", resolver_to("93.184.216.34"), "Not an address on the web"),
        ("https:///path", resolver_to("93.184.216.34"), "Not an address on the web"),
        ("https://host.example/", failing_resolver, "cannot be resolved: Name or service not known"),
        ("https://host.example/", resolver_to(), "has no address"),
        ("https://host.example/", resolver_to("10.0.0.1"), "is at 10.0.0.1, which is not public; SETTING permits it"),
        ("https://host.example/", resolver_to("93.184.216.34", "10.0.0.1"), "is at 10.0.0.1, which is not public"),
    ],
)
def test_a_url_that_may_not_be_requested_is_refused_with_the_reason(url: str, resolver: Resolver, reason: str) -> None:
    with pytest.raises(Unreachable) as refusal:
        pin_request(httpx.URL(url), resolver, allow_private=False, permitting_setting="SETTING")

    assert reason in str(refusal.value.strerror)


def test_a_private_address_is_pinned_where_the_setting_allows_it() -> None:
    url = httpx.URL("http://host.example/")

    request = pin_request(url, resolver_to("10.0.0.1"), allow_private=True, permitting_setting="SETTING")

    assert str(request.url) == "http://10.0.0.1/"

"""Files from the web: what is fetched, and what nobody can be led to."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ingest.imports.web import Limits, Web
from ingest.net.egress_guard import Unreachable, is_public

HERE = Limits(allow_private=True)


class _Site(BaseHTTPRequestHandler):
    asked: list[tuple[str, str]]
    """(path, Host) of every request."""

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers["Host"]))
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/page")
        elif self.path == "/inside":
            self.send_response(302)
            self.send_header("Location", "http://metadata.internal/secret")
        elif self.path == "/round":
            self.send_response(302)
            self.send_header("Location", "/round")
        elif self.path == "/missing":
            self.send_response(404)
        elif self.headers.get("If-None-Match") == '"1"':
            self.send_response(304)
        else:
            self.send_response(200)
            self.send_header("ETag", '"1"')
            self.end_headers()
            self.wfile.write(b"0123456789")
            return
        self.send_header("Content-Length", "0")
        self.end_headers()


@pytest.fixture
def site() -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """A web server's port, and what it was asked."""
    asked: list[tuple[str, str]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Site,), {"asked": asked}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server.server_address[1], asked
    server.shutdown()
    server.server_close()
    thread.join()


Site = tuple[int, list[tuple[str, str]]]


def test_a_file_is_fetched_from_the_address_that_was_looked_at(site: Site, tmp_path: Path) -> None:
    port, asked = site
    looked_up: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"]

    stamp = Web(HERE, resolver=resolve).fetch(f"http://docs.example:{port}/page", tmp_path / "page")

    assert (tmp_path / "page").read_bytes() == b"0123456789"
    assert stamp is not None
    assert json.loads(stamp) == {"etag": '"1"'}
    assert looked_up == ["docs.example"]
    assert asked == [("/page", f"docs.example:{port}")]


def test_a_file_that_is_as_it_was_is_not_fetched_again(site: Site, tmp_path: Path) -> None:
    web = Web(HERE)
    url = f"http://127.0.0.1:{site[0]}/page"
    stamp = web.fetch(url, tmp_path / "page")

    assert web.fetch(url, tmp_path / "again", stamp or "") is None
    assert not (tmp_path / "again").exists()


def test_redirects_are_followed_for_a_while(site: Site, tmp_path: Path) -> None:
    web = Web(HERE)

    web.fetch(f"http://127.0.0.1:{site[0]}/moved", tmp_path / "page")

    assert (tmp_path / "page").read_bytes() == b"0123456789"
    with pytest.raises(Unreachable, match="More than 5 redirects"):
        web.fetch(f"http://127.0.0.1:{site[0]}/round", tmp_path / "round")


def test_what_is_not_public_is_never_asked(site: Site, tmp_path: Path) -> None:
    web = Web(Limits())

    with pytest.raises(Unreachable) as refused:
        web.fetch(f"http://localhost:{site[0]}/page", tmp_path / "page")

    assert "which is not public; --allow-private permits it" in str(refused.value.strerror)
    assert site[1] == []


def test_a_redirect_is_looked_at_like_the_first_address(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = {"public.example": "127.0.0.1", "metadata.internal": "169.254.169.254"}
    web = Web(Limits(), resolver=lambda host, _: [addresses[host]])
    # The test's own site has to count as public, and nothing else.
    monkeypatch.setattr("ingest.net.egress_guard.is_public", lambda text: text == "127.0.0.1")

    with pytest.raises(Unreachable) as refused:
        web.fetch(f"http://public.example:{site[0]}/inside", tmp_path / "page")

    assert "metadata.internal is at 169.254.169.254" in str(refused.value.strerror)


def test_one_private_address_of_several_is_enough_to_refuse(tmp_path: Path) -> None:
    web = Web(Limits(), resolver=lambda *_: ["93.184.216.34", "10.0.0.1"])

    with pytest.raises(Unreachable) as refused:
        web.fetch("https://two.example/", tmp_path / "page")

    assert "10.0.0.1" in str(refused.value.strerror)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001::1", "::127.0.0.1",
    ],
)  # fmt: skip
def test_private_addresses_are_known_in_every_dress(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


def test_what_is_too_large_or_too_slow_is_given_up(site: Site, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{site[0]}/page"

    with pytest.raises(Unreachable) as large:
        Web(Limits(most_bytes=9, allow_private=True)).fetch(url, tmp_path / "page")
    with pytest.raises(Unreachable) as slow:
        Web(Limits(seconds=-1, allow_private=True)).fetch(url, tmp_path / "page")

    assert large.value.strerror == "Larger than 9 bytes"
    assert "Took longer than" in str(slow.value.strerror)


@pytest.mark.parametrize("url", ["http://", "https:///x", "http://exa mple/"])
def test_what_is_no_address_is_one_failure(url: str, tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        Web(HERE, resolver=lambda *_: []).fetch(url, tmp_path / "page")


def test_an_answer_that_is_no_file_is_told(site: Site, tmp_path: Path) -> None:
    with pytest.raises(Unreachable) as refused:
        Web(HERE).fetch(f"http://127.0.0.1:{site[0]}/missing", tmp_path / "page")

    assert refused.value.strerror == "The web server answered 404 Not Found"


def test_whoever_may_not_know_of_this_network_is_told_nothing_of_it(tmp_path: Path) -> None:
    def nowhere(*_: object) -> list[str]:
        raise OSError(-2, "Name or service not known")

    told: list[str | None] = []
    for resolver in (lambda *_: ["10.0.0.1"], nowhere):
        with pytest.raises(Unreachable) as refused:
            Web(Limits(quiet=True), resolver=resolver).fetch("http://db.internal/", tmp_path / "page")
        told.append(refused.value.strerror)

    assert told == ["The address cannot be resolved, or is not public"] * 2

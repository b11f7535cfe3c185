"""Downloads from the web, and the addresses that they refuse."""

import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ingest.errors import Refused
from ingest.imports.waits import ImportWait
from ingest.imports.web import DownloadLimits, WebDownloader
from ingest.net.egress_guard import Unreachable
from tests.raw_server import Peer, raw_server

PRIVATE_ALLOWED = DownloadLimits(allow_private=True)


class _Site(BaseHTTPRequestHandler):
    requests: list[tuple[str, str]]
    """(path, Host) of every request."""

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.requests.append((self.path, self.headers["Host"]))
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
    """The port of a web server, and the requests that it received."""
    requests: list[tuple[str, str]] = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Site,), {"requests": requests}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server.server_address[1], requests
    server.shutdown()
    server.server_close()
    thread.join()


Site = tuple[int, list[tuple[str, str]]]


def test_a_file_is_downloaded_from_the_checked_address(site: Site, tmp_path: Path) -> None:
    port, requests = site
    looked_up: list[str] = []

    def resolve(host: str, _port: int) -> list[str]:
        looked_up.append(host)
        return ["127.0.0.1"]

    download = WebDownloader(PRIVATE_ALLOWED, resolver=resolve).download(
        f"http://docs.example:{port}/page", tmp_path / "page"
    )

    assert (tmp_path / "page").read_bytes() == b"0123456789"
    assert download is not None
    assert json.loads(download.fingerprint) == {"etag": '"1"'}
    assert looked_up == ["docs.example"]
    assert requests == [("/page", f"docs.example:{port}")]


def test_an_unchanged_file_is_not_downloaded_again(site: Site, tmp_path: Path) -> None:
    web = WebDownloader(PRIVATE_ALLOWED)
    url = f"http://127.0.0.1:{site[0]}/page"
    download = web.download(url, tmp_path / "page")

    assert download is not None
    assert web.download(url, tmp_path / "again", download.fingerprint) is None
    assert not (tmp_path / "again").exists()


def test_a_limited_number_of_redirects_is_followed(site: Site, tmp_path: Path) -> None:
    web = WebDownloader(PRIVATE_ALLOWED)

    web.download(f"http://127.0.0.1:{site[0]}/moved", tmp_path / "page")

    assert (tmp_path / "page").read_bytes() == b"0123456789"
    with pytest.raises(Unreachable, match="More than 5 redirects"):
        web.download(f"http://127.0.0.1:{site[0]}/round", tmp_path / "round")


def test_a_private_address_is_never_requested(site: Site, tmp_path: Path) -> None:
    web = WebDownloader(DownloadLimits())

    with pytest.raises(Unreachable) as refused:
        web.download(f"http://localhost:{site[0]}/page", tmp_path / "page")

    assert "which is not public; --allow-private permits it" in str(refused.value.strerror)
    assert site[1] == []


def test_the_target_of_a_redirect_is_checked(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = {"public.example": "127.0.0.1", "metadata.internal": "169.254.169.254"}
    web = WebDownloader(DownloadLimits(), resolver=lambda host, _: [addresses[host]])
    # The test's own site has to count as public, and nothing else.
    monkeypatch.setattr("ingest.net.egress_guard.is_public_address", lambda text: text == "127.0.0.1")

    with pytest.raises(Unreachable) as refused:
        web.download(f"http://public.example:{site[0]}/inside", tmp_path / "page")

    assert "metadata.internal is at 169.254.169.254" in str(refused.value.strerror)


def test_a_name_with_one_private_address_is_refused(tmp_path: Path) -> None:
    web = WebDownloader(DownloadLimits(), resolver=lambda *_: ["93.184.216.34", "10.0.0.1"])

    with pytest.raises(Unreachable) as refused:
        web.download("https://two.example/", tmp_path / "page")

    assert "10.0.0.1" in str(refused.value.strerror)


def test_a_download_that_is_too_large_or_too_slow_fails(site: Site, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{site[0]}/page"

    with pytest.raises(Unreachable) as large:
        WebDownloader(DownloadLimits(max_bytes=9, allow_private=True)).download(url, tmp_path / "page")
    with pytest.raises(Unreachable) as slow:
        WebDownloader(DownloadLimits(max_seconds=-1, allow_private=True)).download(url, tmp_path / "page")

    assert large.value.strerror == "Larger than 9 bytes"
    assert "Took longer than" in str(slow.value.strerror)


@pytest.mark.parametrize("url", ["http://", "https:///x", "http://exa mple/"])
def test_an_invalid_url_fails(url: str, tmp_path: Path) -> None:
    with pytest.raises(Unreachable):
        WebDownloader(PRIVATE_ALLOWED, resolver=lambda *_: []).download(url, tmp_path / "page")


def test_an_error_of_the_web_server_is_reported(site: Site, tmp_path: Path) -> None:
    with pytest.raises(Unreachable) as refused:
        WebDownloader(PRIVATE_ALLOWED).download(f"http://127.0.0.1:{site[0]}/missing", tmp_path / "page")

    assert refused.value.strerror == "The web server answered 404 Not Found"


def test_error_messages_hide_addresses_on_request(tmp_path: Path) -> None:
    def resolve_nothing(*_: object) -> list[str]:
        raise OSError(-2, "Name or service not known")

    messages: list[str | None] = []
    for resolver in (lambda *_: ["10.0.0.1"], resolve_nothing):
        with pytest.raises(Unreachable) as refused:
            WebDownloader(DownloadLimits(hides_addresses=True), resolver=resolver).download(
                "http://db.internal/", tmp_path / "page"
            )
        messages.append(refused.value.strerror)

    assert messages == ["The address cannot be resolved, or is not public"] * 2


def test_a_server_that_trickles_ends_at_the_time_limit_of_the_download(tmp_path: Path) -> None:
    def trickle(peer: Peer) -> None:
        peer.read_request()
        peer.trickle(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + b"x" * 9999, 0.05)

    web = WebDownloader(DownloadLimits(max_seconds=0.5, allow_private=True))
    with raw_server(trickle) as server, pytest.raises(Unreachable) as slow:
        web.download(server.url, tmp_path / "page")

    assert slow.value.strerror == "Took longer than 0.5 s"


def test_the_size_limit_is_that_of_the_unpacked_body(tmp_path: Path) -> None:
    def send_bomb(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(bytes(32 * 2**20)))

    web = WebDownloader(DownloadLimits(max_bytes=2**20, allow_private=True))
    with raw_server(send_bomb) as server, pytest.raises(Unreachable) as large:
        web.download(server.url, tmp_path / "page")

    assert large.value.strerror == "Larger than 1,048,576 bytes"
    assert (tmp_path / "page").stat().st_size <= 2**20


def test_a_server_that_asks_to_wait_is_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.imports.web.MIN_WAIT_SECONDS", 0.01)
    answers = [b"429 Too Many Requests\r\nRetry-After: 0", b"503 Away\r\nRetry-After: 0", b"200 OK"]
    waits: list[ImportWait | None] = []

    def answer(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 " + answers.pop(0) + b"\r\nContent-Length: 2\r\n\r\nok")

    web = WebDownloader(PRIVATE_ALLOWED, on_wait=waits.append)
    with raw_server(answer) as server:
        download = web.download(server.url, tmp_path / "page")

    assert download is not None
    assert (tmp_path / "page").read_bytes() == b"ok"
    assert [wait and wait.reason for wait in waits] == ["127.0.0.1 answered 429", None, "127.0.0.1 answered 503", None]
    assert web.waiting is None


def test_a_wait_that_is_longer_than_a_download_may_take_fails_at_once(tmp_path: Path) -> None:
    def answer(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 503 Away\r\nRetry-After: 900\r\nContent-Length: 0\r\n\r\n")

    with raw_server(answer) as server, pytest.raises(Unreachable) as refused:
        WebDownloader(PRIVATE_ALLOWED).download(server.url, tmp_path / "page")

    assert refused.value.strerror == ("The web server answered 503 Away, and asks to wait 900 s: a download has 300 s")


def test_a_stop_ends_the_wait_for_a_server(tmp_path: Path) -> None:
    def answer(peer: Peer) -> None:
        peer.read_request()
        peer.send(b"HTTP/1.1 429 Slow\r\nRetry-After: 200\r\nContent-Length: 0\r\n\r\n")

    web = WebDownloader(PRIVATE_ALLOWED, on_wait=lambda _: web.stop())
    with raw_server(answer) as server, pytest.raises(Refused, match="was stopped"):
        web.download(server.url, tmp_path / "page")

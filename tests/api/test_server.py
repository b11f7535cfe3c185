"""The process of the API: no bytes of a client without a key end in a server error."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.app import build_app
from api.server import render_error
from ingest.config import Settings
from ingest.db.session import Database
from ingest.net.server.server import build_server
from tests.fakes import FakeServices
from tests.net.server.running import exchange, serving_server, status_of

pytestmark = pytest.mark.services

CLOSE = b"Connection: close\r\n"
HOST = b"Host: localhost\r\n" + CLOSE
PATHS = [
    b"/", b"//", b"/v1", b"/v1/", b"/v1/files/", b"/v1/files/%00", b"/v1/files/%ff", b"/v1/files/%ED%A0%80", b"/v1/files/%",
    b"/v1/files/%zz", b"/v1/files/" + b"%F0%9F%98%80" * 100, b"/v1/files/..%2f..%2fetc", b"/v1/../v1/files", b"/%2e%2e/v1/files",
    b"/v1/files?limit=" + b"9" * 5_000, b"/v1/files?limit=-1", b"/v1/files?limit=1e9", b"/v1/files?limit=%00", b"/v1/files?after=%ff",
    b"/v1/files?" + b"a&" * 5_000, b"/v1/files?order=%ED%A0%80", b"/v1/files?%", b"/v1/files?limit=\xc2\xa0", b"/metrics?x=%ff",
    b"/docs-assets/..%2f..%2fetc%2fpasswd", b"/docs-assets/%00", b"/docs-assets/" + b"a" * 5_000, b"http://[/v1/files",
    b"http://localhost/v1/files", b"http://user@elsewhere:99999/v1/files", b"*", b"/v1/vector_stores/%0d%0aX/files?filter=%0d%0a",
]  # fmt: skip
HEADERS = [
    b"Range: bytes=9999999999999999999-1", b"Range: bytes=" + b"0-1," * 2_000, b"Expect: 200-ok", b"Expect: " + b"x" * 5_000,
    b"Authorization: Bearer \xff\xfe", b"Authorization: " + b"Bearer " * 2_000, b"Authorization: Bearer \xc3\xa9",
    b"Accept-Encoding: " + b"gzip;q=x," * 500, b"traceparent: 00-" + b"z" * 5_000, b"traceparent: \xff", b"X-Forwarded-For: \xff",
    b"Forwarded: for=\"[\"", b"X-Forwarded-Proto: [", b"Origin: http://[", b"Last-Event-ID: \xff", b"If-Modified-Since: \xff",
    b"If-None-Match: \xff", b"Cookie: " + b"a=b;" * 5_000, b"Content-Type: \xff", b"Accept: \xff",
]  # fmt: skip
BODIES = [
    (b"multipart/form-data", b"--x\r\n"), (b"multipart/form-data; boundary=", b"--\r\n"),
    (b"multipart/form-data; boundary=" + b"x" * 500, b"--x\r\n"), (b"multipart/form-data; boundary=\xff", b"--\xff\r\n"),
    (b"multipart/form-data; boundary=x", b"--x\r\n" + b"a" * 50_000), (b"multipart/form-data; boundary=x", b"--x\r\n\r\n\r\n" * 3_000),
    (b"multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1\r\n" * 3_000 + b"--x--"),
    (b"multipart/form-data; boundary=x", b"--x--\r\n" + b"a" * 50_000), (b"application/x-www-form-urlencoded", b"&" * 50_000),
    (b"application/x-www-form-urlencoded", b"purpose=%ff&file=%00"), (b"application/json", b"\xff\xfe[\x00]\x00"),
    (b"application/json; charset=\xff", b"{}"), (b"application/json", b"{" * 5_000), (b"application/json", b"9" * 5_000),
    (b"application/json", b"\xef\xbb\xbf{}"), (b"application/vnd.x+json", b"{}"), (b"application", b"{}"), (b"/", b"{}"),
]  # fmt: skip


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[int]:
    """The port of a real server that asks local clients for no key."""
    folder = tmp_path_factory.mktemp("server")
    shutil.copy(sqlite_template, folder / "test.db")
    database = Database(f"sqlite:///{folder / 'test.db'}")
    app = build_app(FakeServices(Settings(data=folder), database))
    with serving_server(build_server(app, render_error=render_error, lifespan=False)) as (port, _):
        yield port
    database.dispose()


@pytest.mark.parametrize("method", [b"GET", b"POST", b"OPTIONS"])
def test_no_path_or_query_causes_a_server_error(port: int, method: bytes) -> None:
    for path in PATHS:
        status = status_of(
            exchange(port, method + b" " + path + b" HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n")
        )
        assert 200 <= status < 500, path


def test_no_header_causes_a_server_error(port: int) -> None:
    for header in HEADERS:
        for path in (b"/v1/files", b"/health", b"/docs-assets/favicon.png", b"/metrics"):
            status = status_of(exchange(port, b"GET " + path + b" HTTP/1.1\r\n" + HOST + header + b"\r\n\r\n"))
            assert 200 <= status < 500, (header, path)


def test_no_body_causes_a_server_error(port: int) -> None:
    for kind, body in BODIES:
        for path in (b"/v1/files", b"/v1/vector_stores", b"/v1/uploads/x/parts", b"/v1/vector_stores/x/file_batches"):
            head = (
                b"POST " + path + b" HTTP/1.1\r\n" + HOST + b"Content-Type: " + kind + b"\r\nContent-Length: %d\r\n\r\n"
            )
            status = status_of(exchange(port, head % len(body) + body))
            assert 200 <= status < 500, (kind, path)


def test_a_refusal_of_the_protocol_is_in_the_envelope_of_the_api(port: int) -> None:
    answer = exchange(port, b"GET / HTTP/1.1\r\n" + HOST + b"x: " + b"a" * 70_000 + b"\r\n\r\n")

    assert status_of(answer) == 431
    assert b'"type":"invalid_request_error","param":null,"code":null' in answer


def test_a_request_of_http_1_1_needs_a_host(port: int) -> None:
    assert status_of(exchange(port, b"GET /health HTTP/1.1\r\n" + CLOSE + b"\r\n")) == 400
    assert status_of(exchange(port, b"GET /health HTTP/1.0\r\n\r\n")) == 200

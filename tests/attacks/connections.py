"""Attacks by connections and heads of requests. Most need no key."""

import json
import socket
import time
from contextlib import closing, suppress
from functools import partial

from tests.attacks.raw import Target, at_once, connections, repeatedly, send_slowly, status_of

_HEADER_BYTES = 60_000_000
_HEADERS_BYTES = 100_000_000
_URL_BYTES = 10_000_000
_IDLE = 3_000
_FEW_IDLE = 300
_DRIBBLING = 300
_NEVER_READING = 200
_STREAMS = 300
_WEBHOOK_TESTS = 60


def one_header_of_60_mb(target: Target, seconds: float) -> list[int]:
    """Send a single header of 60 MB, without a key."""
    head = target.head("GET", "/v1/files", {"X-A": "a" * _HEADER_BYTES}, key="")
    return repeatedly(lambda: target.exchange(head), threads=1, seconds=seconds)


def headers_of_100_mb(target: Target, seconds: float) -> list[int]:
    """Send 100 MB of headers of 1 KB, without a key."""
    line = b"X-Header: " + b"a" * 1_000 + b"\r\n"
    head = target.head("GET", "/v1/files", key="")[:-2]
    return repeatedly(
        lambda: target.exchange(head, line * (_HEADERS_BYTES // len(line)), b"\r\n"), threads=1, seconds=seconds
    )


def many_small_headers(target: Target, seconds: float) -> list[int]:
    """Send heads of just under 64 KB with as many headers as fit, in eight threads."""
    head = target.head("GET", "/v1/files", key="", headers={"Connection": "close"})[:-2] + b"a:\r\n" * 15_000 + b"\r\n"
    return repeatedly(lambda: target.exchange(head), threads=8, seconds=seconds)


def dribbled_headers(target: Target, seconds: float) -> list[int]:
    """Send the heads of 300 requests byte by byte."""
    with connections(target, _DRIBBLING) as opened:
        send_slowly(opened, b"GET /v1/files HTTP/1.1\r\nX-A: " + b"a" * 10_000, seconds=seconds)
    return []


def endless_headers(target: Target, seconds: float) -> list[int]:
    """Send headers without an end on twenty connections."""
    end = time.monotonic() + seconds

    def send() -> int:
        with suppress(OSError), target.connect() as connection:
            with suppress(OSError):
                connection.sendall(b"GET /health HTTP/1.1\r\n")
                while time.monotonic() < end:
                    connection.sendall(b"X-A: " + b"b" * 8_000 + b"\r\n")
            return status_of(connection)
        return 0

    return at_once([send] * 20)


def idle_connections(target: Target, seconds: float) -> list[int]:
    """Open 3,000 connections and send nothing."""
    with connections(target, _IDLE):
        time.sleep(seconds)
    return []


def idle_after_an_answer(target: Target, seconds: float) -> list[int]:
    """Keep 300 connections open after an answer on each."""
    with connections(target, _FEW_IDLE) as opened:
        statuses = []
        for connection in opened:
            with suppress(OSError):
                connection.sendall(target.head("GET", "/health", key=""))
                statuses.append(status_of(connection))
        time.sleep(seconds)
    return statuses


def few_idle_connections(target: Target, seconds: float) -> list[int]:
    """Open 300 connections and send nothing; meant for an API with few descriptors."""
    with connections(target, _FEW_IDLE):
        time.sleep(seconds)
    return []


def never_reading(target: Target, seconds: float) -> list[int]:
    """Ask for the largest answers on 200 connections, twenty times on each, and read nothing."""
    request = target.head("GET", "/openapi.json", key="") * 20
    opened = []
    try:
        for _ in range(_NEVER_READING):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1_024)
            connection.settimeout(2)
            opened.append(connection)
            with suppress(OSError):
                connection.connect((target.host, target.port))
                connection.sendall(request)
        time.sleep(seconds)
    finally:
        for connection in opened:
            connection.close()
    return []


def pipelining(target: Target, seconds: float) -> list[int]:
    """Send thousands of requests on each of eight connections without waiting for answers."""
    requests = target.head("GET", "/v1/files") * 200
    end = time.monotonic() + seconds

    def send() -> int:
        with suppress(OSError), target.connect(seconds=2) as connection:
            while time.monotonic() < end:
                connection.sendall(requests)
        return 0

    return at_once([send] * 8)


def huge_urls(target: Target, seconds: float) -> list[int]:
    """Send paths and query strings of 10 MB, and of 60 KB with as many parameters as fit."""
    paths = [
        "/v1/" + "a" * _URL_BYTES,
        "/v1/files?" + "a=b&" * (_URL_BYTES // 4),
        "/v1/files?" + "a&" * 30_000,
        "/v1/" + "%00" * 20_000,
    ]
    heads = [target.head("GET", path, {"Connection": "close"}) for path in paths]
    return repeatedly(lambda: max(target.exchange(head) for head in heads), threads=2, seconds=seconds)


def garbage_hosts(target: Target, seconds: float) -> list[int]:
    """Send hosts and origins that are none, without a key."""
    lines = [
        {"Host": "["},
        {"Origin": "http://["},
        {"Host": "a" * 8_000},
        {"Host": "\xff\xfe"},
        {"Origin": "\xb2://\xb2:\xb2"},
    ]
    heads = [target.head("GET", "/v1/files", {**line, "Connection": "close"}, key="") for line in lines]
    return repeatedly(lambda: max(target.exchange(head) for head in heads), threads=4, seconds=seconds)


def no_http(target: Target, seconds: float) -> list[int]:
    """Send what is no HTTP."""
    contents = [
        b"\x16\x03\x01\x02\x00\x01\x00" * 100,
        b"\0" * 100_000,
        b"GET\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\r\n" * 50_000,
    ]
    return repeatedly(lambda: max(_answered(target, content) for content in contents), threads=4, seconds=seconds)


def _answered(target: Target, content: bytes) -> int:
    with suppress(OSError), closing(target.connect(seconds=0.5)) as connection:
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        return status_of(connection)
    return 0


def wrong_keys(target: Target, seconds: float) -> list[int]:
    """Ask with wrong keys in sixteen threads."""
    wrong = ["sk-ingest-" + "a" * 43, "a" * 8_000, target.key[:-1] + "!"]
    heads = [target.head("GET", "/v1/files", {"Connection": "close"}, key=key) for key in wrong]
    return repeatedly(lambda: max(target.exchange(head) for head in heads), threads=16, seconds=seconds)


def event_streams(target: Target, seconds: float) -> list[int]:
    """Take 300 places for server-sent events, and read nothing."""
    path = f"/v1/vector_stores/{target.store}/file_batches/{target.batch}/events"
    head = target.head("GET", path)
    with connections(target, _STREAMS) as opened:
        for connection in opened:
            with suppress(OSError):
                connection.sendall(head)
        time.sleep(seconds)
        return [status_of(connection) for connection in opened]


def webhook_tests_to_a_black_hole(target: Target, seconds: float) -> list[int]:
    """Test a webhook whose receiver accepts connections and never answers, 60 times at once."""
    with closing(socket.create_server(("127.0.0.1", 0), backlog=_WEBHOOK_TESTS)) as hole:
        content = {
            "name": "",
            "url": f"http://127.0.0.1:{hole.getsockname()[1]}/",
            "event_types": ["vector_store.expired"],
        }
        with closing(target.client()) as client:
            endpoint = client.post("/v1/webhook_endpoints", json=content).json()["id"]
            body = json.dumps({"event_type": "vector_store.expired"}).encode()
            send = partial(target.post, f"/v1/webhook_endpoints/{endpoint}/test", body)
            statuses = at_once([lambda: max(repeatedly(send, threads=1, seconds=seconds))] * _WEBHOOK_TESTS)
            client.delete(f"/v1/webhook_endpoints/{endpoint}")
    return statuses


def many_listings(target: Target, seconds: float) -> list[int]:
    """Make two hundred stores and list them in sixteen threads."""
    for _ in range(200):
        target.post("/v1/vector_stores", b"{}")
    heads = [
        target.head("GET", path, {"Connection": "close"})
        for path in ("/v1/vector_stores?limit=100", "/v1/files?limit=10000")
    ]
    return repeatedly(lambda: max(target.exchange(head) for head in heads), threads=16, seconds=seconds)

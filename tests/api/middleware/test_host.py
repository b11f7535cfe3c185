"""A malformed Host or Origin is the client's error, with one line in the log."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.middleware.host import is_valid_authority
from tests.api.calls import error_of


@pytest.mark.parametrize(
    "host",
    ["[", "]", "[]", "[::1", "::1]", "", " ", "a b", "a\tb", "user@localhost", "localhost:99999", "localhost:-1", "localhost:x",
     "localhost:80:80", "[fe80::1%25eth0]", "[fe80::1%eth0]", "[1:2]", "[v1.a]", "a/b", "a?b", "a#b", "a\\b", "ä.example", "[::1]x"],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/v1/files", "/health", "/nowhere"])
def test_a_malformed_host_is_refused(client: TestClient, host: str, path: str) -> None:
    answer = client.get(path, headers={b"host": host.encode("latin-1")})

    assert error_of(answer, 400)["message"] == "Invalid header 'Host'."


@pytest.mark.parametrize(
    "origin",
    ["http://[", "http://]", "http://[::1", "[", "", "http:", "//", "http://a b", "http://user@localhost", "http://a:99999",
     "http://localhost/path", "ht tp://localhost", "http://ä.example"],
)  # fmt: skip
def test_a_malformed_origin_is_refused(client: TestClient, origin: str) -> None:
    answer = client.get("/v1/files", headers={b"origin": origin.encode("latin-1")})

    assert error_of(answer, 400)["message"] == "Invalid header 'Origin'."


def test_two_hosts_are_refused(shared_app: FastAPI, client: TestClient) -> None:
    answer = client.get("/health", headers=[("host", "localhost"), ("host", "elsewhere")])

    error_of(answer, 400)


@pytest.mark.parametrize(
    "host",
    ["localhost", "localhost:8000", "127.0.0.1:8000", "[::1]:8000", "[::ffff:127.0.0.1]", "ingest_api:8000", "a.example.",
     "xn--4ca.example", "localhost:", "10.0.0.1"],
)  # fmt: skip
def test_the_hosts_of_clients_are_valid(host: str) -> None:
    assert is_valid_authority(host)


@pytest.mark.parametrize(
    "origin", ["null", "http://localhost:3000", "https://a.example", "file://", "chrome-extension://abcdef"]
)
def test_the_origins_of_browsers_are_valid(client: TestClient, origin: str) -> None:
    assert client.get("/health", headers={"origin": origin}).status_code == 200

"""Whether a server accepts connections, directly or through the proxy of the environment."""

import socket

import pytest

from ingest.embedded.processes import free_port
from ingest.errors import DependencyDown
from ingest.net.connection import check_connection


def test_a_listening_server_is_reached_without_a_request() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        check_connection("embedder", f"http://127.0.0.1:{server.getsockname()[1]}/v1", seconds=5)
        connection, _ = server.accept()
        with connection:
            assert connection.recv(1) == b""


@pytest.mark.parametrize("url", ["http://127.0.0.1:{free_port}/v1", "http://name.invalid/v1", "http://[/v1", "no url"])
def test_a_server_that_cannot_be_reached_is_down(url: str) -> None:
    with pytest.raises(DependencyDown, match="embedder"):
        check_connection("embedder", url.replace("{free_port}", str(free_port())), seconds=5)


def test_the_proxy_is_asked_if_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.getsockname()[1]}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)

        check_connection("embedder", "http://models.invalid/v1", seconds=5)

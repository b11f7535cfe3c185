"""Exceptions that the client raises."""

import http.client
import json
from collections.abc import Callable
from urllib.parse import urlsplit

import openai
import pytest
from openai.types import VectorStore

from tests.stories.conftest import Upload
from tests.stories.running import Service

Request = Callable[[openai.OpenAI], object]


@pytest.mark.parametrize(
    "send",
    [
        lambda c: c.files.retrieve("file-unknown"),
        lambda c: c.files.delete("file-unknown"),
        lambda c: c.files.content("file-unknown"),
        lambda c: c.vector_stores.retrieve("vs_unknown"),
        lambda c: c.vector_stores.update("vs_unknown", name="x"),
        lambda c: c.vector_stores.delete("vs_unknown"),
        lambda c: c.vector_stores.search("vs_unknown", query="x"),
        lambda c: c.vector_stores.files.create("vs_unknown", file_id="file-unknown"),
        lambda c: c.vector_stores.files.list("vs_unknown"),
        lambda c: c.vector_stores.files.retrieve("file-unknown", vector_store_id="vs_unknown"),
        lambda c: c.vector_stores.files.update("file-unknown", vector_store_id="vs_unknown", attributes={}),
        lambda c: c.vector_stores.files.delete("file-unknown", vector_store_id="vs_unknown"),
        lambda c: c.vector_stores.files.content("file-unknown", vector_store_id="vs_unknown"),
        lambda c: c.vector_stores.file_batches.create("vs_unknown", file_ids=["file-unknown"]),
        lambda c: c.vector_stores.file_batches.retrieve("vsfb_unknown", vector_store_id="vs_unknown"),
        lambda c: c.vector_stores.file_batches.cancel("vsfb_unknown", vector_store_id="vs_unknown"),
        lambda c: c.vector_stores.file_batches.list_files("vsfb_unknown", vector_store_id="vs_unknown"),
    ],
)
def test_unknown_ids_are_not_found(client: openai.OpenAI, send: Request) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        send(client)

    assert raised.value.type == "invalid_request_error"
    assert "unknown" in raised.value.message
    assert raised.value.request_id


def test_invalid_parameters_answer_400_with_param_and_code(client: openai.OpenAI, store: VectorStore) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        client.vector_stores.search(store.id, query="x", max_num_results=51)
    assert (raised.value.param, raised.value.code) == ("max_num_results", "integer_above_max_value")

    with pytest.raises(openai.BadRequestError) as raised:
        client.vector_stores.create(extra_body={"colour": "red"})
    assert (raised.value.param, raised.value.code) == ("colour", "unknown_parameter")
    assert "Unknown parameter: 'colour'." in str(raised.value)


def test_a_bad_request_is_not_retried(service: Service) -> None:
    with service.client() as client, pytest.raises(openai.BadRequestError) as raised:
        client.vector_stores.list(limit=1_000)

    assert raised.value.request.headers["x-stainless-retry-count"] == "0"


def test_a_refused_request_attaches_nothing(client: openai.OpenAI, store: VectorStore, upload: Upload) -> None:
    file = upload("known")

    with pytest.raises(openai.BadRequestError):
        client.vector_stores.files.create(store.id, file_id=file, attributes={str(n): n for n in range(17)})
    with pytest.raises(openai.NotFoundError, match="No file found with id 'file-unknown'"):
        client.vector_stores.files.create(store.id, file_id="file-unknown")

    assert client.vector_stores.retrieve(store.id).file_counts.total == 0


def test_one_connection_serves_every_kind_of_error(service: Service) -> None:
    address = urlsplit(service.base_url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=10)
    connection.connect()
    socket = connection.sock
    requests = [
        ("GET", "/v1/nothing", b"", 404),
        ("GET", "/v1/files/%00", b"", 404),
        ("GET", "/v1/vector_stores/%ED%A0%80", b"", 404),
        ("DELETE", "/v1/files", b"", 405),
        ("POST", "/v1/vector_stores", b"{", 400),
        ("POST", "/v1/vector_stores", b"[" * 50_000, 400),
        ("POST", "/v1/vector_stores", b'{"name":"\\ud800"}', 400),
        ("POST", "/v1/files", b"no multipart", 400),
        ("GET", "/v1/files", b"", 200),
    ]

    for method, path, body, status in requests * 3:
        connection.request(method, path, body=body or None, headers={"content-type": "application/json"})
        answer = connection.getresponse()
        content = json.loads(answer.read())
        assert answer.status == status, content
        assert status == 200 or set(content["error"]) == {"message", "type", "param", "code"}
        assert answer.getheader("x-request-id")
        assert connection.sock is socket, f"The connection was closed after {method} {path}"
    connection.close()

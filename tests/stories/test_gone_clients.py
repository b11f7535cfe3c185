"""Clients that disconnect in the middle of a request."""

import json
import socket
import time
from contextlib import closing
from functools import partial
from urllib.parse import urlsplit

import openai

from tests.servers import wait_until
from tests.stories.conftest import Upload
from tests.stories.running import Service

FORM = (
    '--x\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nassistants\r\n'
    '--x\r\nContent-Disposition: form-data; name="file"; filename="half.txt"\r\n\r\n'
)


def start_request(service: Service, path: str, content_type: str, announced: int, body: bytes) -> socket.socket:
    """Open a connection and send a request with the given part of its body."""
    url = urlsplit(service.base_url)
    connection = socket.create_connection((url.hostname or "", url.port or 80), timeout=10)
    headers = {"Host": url.netloc, "Content-Type": content_type, "Content-Length": str(announced)}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    connection.sendall(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
    return connection


def test_an_interrupted_upload_leaves_nothing(service: Service, client: openai.OpenAI) -> None:
    body = FORM.encode() + b"a first half " * 1000

    for _ in range(3):
        with closing(start_request(service, "/v1/files", "multipart/form-data; boundary=x", 2 * len(body), body)):
            time.sleep(0.1)

    assert [file for file in client.files.list() if file.filename == "half.txt"] == []


def test_a_batch_whose_client_disconnects_is_created_completely_or_not_at_all(
    service: Service, client: openai.OpenAI, upload: Upload
) -> None:
    ids = [upload(f"Text number {number}.") for number in range(3)]
    body = json.dumps({"file_ids": ids}).encode()
    stores = [client.vector_stores.create(name="gone").id for _ in range(12)]

    for number, store in enumerate(stores):
        path = f"/v1/vector_stores/{store}/file_batches"
        with closing(start_request(service, path, "application/json", len(body), body)) as connection:
            time.sleep(0.002 * number)
            if store == stores[-1]:
                connection.recv(1)

    time.sleep(1)  # wait for the work of the abandoned request
    counts = [client.vector_stores.retrieve(store).file_counts for store in stores]
    assert {count.total for count in counts} <= {0, len(ids)}
    assert counts[-1].total == len(ids)
    for store, count in zip(stores, counts, strict=True):
        done = partial(_completed, client, store, count.total)
        wait_until(done, what="all files of a batch")


def _completed(client: openai.OpenAI, store: str, files: int) -> bool:
    return client.vector_stores.retrieve(store).file_counts.completed == files

"""An embedding server for tests: OpenAI's route, vectors computed from words, and configurable behaviour."""

import base64
import json
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

import numpy as np

Behaviour = Literal["answer", "slow", "error", "silent"]

SLOW_SECONDS = 0.5
SILENT_SECONDS = 30.0
DIMENSIONS = 64
MAX_WORDS = 200
"""Words at the start of a text from which its vector is computed."""


class EmbeddingServer(ThreadingHTTPServer):
    """Listens on a free port. `behaviour` decides how the next requests are answered.

    `requests` counts the requests, and `received` has the path and the Authorization header of each. A request with a
    text that contains `poison` fails. Every answer takes `seconds`.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behaviour: Behaviour = "answer"
        self.poison = ""
        self.seconds = 0.0
        self.requests = 0
        self.received: list[tuple[str, str | None]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, *_: object) -> None:
        """Do not print errors of clients that were killed."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: EmbeddingServer

    def do_POST(self) -> None:
        texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
        self.server.requests += 1
        self.server.received.append((self.path, self.headers["Authorization"]))
        behaviour = self.server.behaviour
        if self.server.poison and any(self.server.poison in text for text in texts):
            behaviour = "error"
        time.sleep({"slow": SLOW_SECONDS, "silent": SILENT_SECONDS}.get(behaviour, self.server.seconds))
        data = [
            {"index": n, "embedding": base64.b64encode(_vector(text).tobytes()).decode()}
            for n, text in enumerate(texts)
        ][::-1]  # in reverse order, because each item has its index
        body = json.dumps({"error": {"message": "out of order"}} if behaviour == "error" else {"data": data}).encode()
        self.send_response(500 if behaviour == "error" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Do not print requests."""


def _vector(text: str) -> np.ndarray:
    """Return a vector that is close to those of texts with the same words."""
    vector = np.full(DIMENSIONS, 0.01, "<f4")
    for word in text[: 20 * MAX_WORDS].lower().split()[:MAX_WORDS]:
        vector[zlib.crc32(word.strip(".,?").encode()) % DIMENSIONS] += 1
    return vector


@contextmanager
def embedding_server() -> Iterator[EmbeddingServer]:
    """Run the server in a thread of this process."""
    server = EmbeddingServer()
    thread = threading.Thread(
        target=server.serve_forever, name="embeddings", kwargs={"poll_interval": 0.02}, daemon=True
    )
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

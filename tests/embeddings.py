"""An embedding server for tests: OpenAI's route, vectors made of words, and manners that can be changed."""

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

Manner = Literal["answer", "slow", "error", "silent"]

SLOW_SECONDS = 0.5
SILENT_SECONDS = 30.0
DIMENSIONS = 64
WORDS = 200
"""Of a text, that make its vector."""


class Embeddings(ThreadingHTTPServer):
    """Listens on a free port. `manner` says how it answers from now on; `requests` counts what it was asked.
    `asked` has each request's path and key.

    A text with `poison` in it makes it fail, whatever its manner. Every answer takes `seconds`.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.manner: Manner = "answer"
        self.poison = ""
        self.seconds = 0.0
        self.requests = 0
        self.asked: list[tuple[str, str | None]] = []
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, *_: object) -> None:
        """A client that was killed is nothing to write about."""


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Embeddings

    def do_POST(self) -> None:
        texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
        self.server.requests += 1
        self.server.asked.append((self.path, self.headers["Authorization"]))
        manner = self.server.manner
        if self.server.poison and any(self.server.poison in text for text in texts):
            manner = "error"
        time.sleep({"slow": SLOW_SECONDS, "silent": SILENT_SECONDS}.get(manner, self.server.seconds))
        data = [
            {"index": n, "embedding": base64.b64encode(_vector(text).tobytes()).decode()}
            for n, text in enumerate(texts)
        ][::-1]  # in whatever order: each says which it is
        body = json.dumps({"error": {"message": "out of order"}} if manner == "error" else {"data": data}).encode()
        self.send_response(500 if manner == "error" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Not on the terminal."""


def _vector(text: str) -> np.ndarray:
    """Texts with the same words are near each other."""
    vector = np.full(DIMENSIONS, 0.01, "<f4")
    for word in text[: 20 * WORDS].lower().split()[:WORDS]:
        vector[zlib.crc32(word.strip(".,?").encode()) % DIMENSIONS] += 1
    return vector


@contextmanager
def embeddings() -> Iterator[Embeddings]:
    """Such a server in a thread of this process."""
    server = Embeddings()
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

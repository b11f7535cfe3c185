"""An embedding server for tests: OpenAI's route, vectors made of letters, and manners that can be changed."""

import base64
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

import numpy as np

Manner = Literal["answer", "slow", "error", "silent"]

SLOW_SECONDS = 0.5
SILENT_SECONDS = 30.0
DIMENSIONS = 16


class Embeddings(ThreadingHTTPServer):
    """Listens on a free port. `manner` says how it answers from now on; `requests` counts what it was asked."""

    daemon_threads = True
    block_on_close = False

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.manner: Manner = "answer"
        self.requests = 0
        self.url = f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, *_: object) -> None:
        """A client that was killed is nothing to write about."""


class _Answer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Embeddings

    def do_POST(self) -> None:
        texts = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["input"]
        self.server.requests += 1
        manner = self.server.manner
        time.sleep({"slow": SLOW_SECONDS, "silent": SILENT_SECONDS}.get(manner, 0))
        data = [
            {"index": n, "embedding": base64.b64encode(_vector(text).tobytes()).decode()}
            for n, text in enumerate(texts)
        ]
        body = json.dumps({"error": {"message": "out of order"}} if manner == "error" else {"data": data}).encode()
        self.send_response(500 if manner == "error" else 200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Not on the terminal."""


def _vector(text: str) -> np.ndarray:
    letters = np.frombuffer(text.encode(), np.uint8) % DIMENSIONS
    return (np.bincount(letters, minlength=DIMENSIONS) + 1).astype("<f4")


@contextmanager
def embeddings() -> Iterator[Embeddings]:
    """Such a server in a thread of this process."""
    server = Embeddings()
    threading.Thread(target=server.serve_forever, name="embeddings", daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()

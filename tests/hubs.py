"""A model hub on this machine, for tests: the paths and answers of huggingface.co's API."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class FakeHub:
    """One model, `owner/model`, with the contents by path. Tests change what the hub lists and sends."""

    url: str = ""
    contents: dict[str, bytes] = field(default_factory=dict)
    large: tuple[str, ...] = (".onnx", ".json_large", "_data")
    """Ends of the paths that are stored apart: listed with a SHA-256, and redirected to another address."""
    listed: list[dict[str, Any]] | None = None
    """The listing, if it is not that of the contents."""
    sent: dict[str, bytes] = field(default_factory=dict)
    """What is sent instead of a content."""
    cut_short: str = ""
    """Path whose answer ends before its announced length."""
    silent: str = ""
    """Path that gets no answer before the hub closes."""
    page_entries: int = 1000
    requests: list[str] = field(default_factory=list)
    closing: threading.Event = field(default_factory=threading.Event)

    def add_folder(self, folder: Path) -> None:
        """Add every file of a folder."""
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                self.contents[path.relative_to(folder).as_posix()] = path.read_bytes()

    def entry(self, path: str) -> dict[str, Any]:
        """Return the listing of one content."""
        content = self.contents[path]
        blob = hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()
        entry: dict[str, Any] = {"type": "file", "oid": blob, "size": len(content), "path": path}
        if path.endswith(self.large):
            sha256 = hashlib.sha256(content).hexdigest()
            entry |= {"oid": "0" * 40, "lfs": {"oid": sha256, "size": len(content), "pointerSize": 134}}
        return entry

    def entries(self) -> list[dict[str, Any]]:
        """Return the listing of all contents, with their folders."""
        folders = {path.rpartition("/")[0] for path in self.contents} - {""}
        return [
            *({"type": "directory", "oid": "1" * 40, "size": 0, "path": path} for path in sorted(folders)),
            *(self.entry(path) for path in sorted(self.contents)),
        ]


class _Handler(BaseHTTPRequestHandler):
    hub: FakeHub

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        path = unquote(address.path)
        self.hub.requests.append(path)
        if path == "/api/models/owner/model/revision/main":
            self._answer_json({"id": "owner/model", "sha": COMMIT})
        elif path == f"/api/models/owner/model/tree/{COMMIT}":
            self._answer_tree(int(parse_qs(address.query).get("cursor", ["0"])[0]))
        elif path.startswith(f"/owner/model/resolve/{COMMIT}/"):
            self._resolve(path.removeprefix(f"/owner/model/resolve/{COMMIT}/"))
        elif path.startswith("/storage/"):
            self._send(path.removeprefix("/storage/"))
        else:
            self.send_error(404)

    def _answer_tree(self, start: int) -> None:
        entries = self.hub.entries() if self.hub.listed is None else self.hub.listed
        end = start + self.hub.page_entries
        link = f'<https://hub.example.org/api/models/owner/model/tree/{COMMIT}?recursive=true&cursor={end}>; rel="next"'
        self._answer_json(entries[start:end], {"Link": link} if end < len(entries) else {})

    def _resolve(self, path: str) -> None:
        if path not in self.hub.contents:
            self.send_error(404)
        elif path == self.hub.silent:
            self.hub.closing.wait(30)
        elif path.endswith(self.hub.large):
            self.send_response(302)
            self.send_header("Location", f"/storage/{path}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._send(path)

    def _send(self, path: str) -> None:
        content = self.hub.sent.get(path, self.hub.contents[path])
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if path == self.hub.cut_short else content)

    def _answer_json(self, content: Any, headers: dict[str, str] | None = None) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving_hub() -> Iterator[FakeHub]:
    """Run a hub."""
    hub = FakeHub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        hub.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()

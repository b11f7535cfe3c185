"""An in-memory fake of the part of the API that imports use, over HTTP."""

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

CHUNK = 1 << 16


@dataclass
class FakeService:
    """The answers that a test prescribes, and the requests that the service received."""

    url: str = ""
    stores: list[dict[str, Any]] = field(default_factory=list)
    refuse_uploads: dict[str, str] = field(default_factory=dict)
    """Error messages by file name."""
    failing_files: dict[str, str] = field(default_factory=dict)
    """Reasons by file name, of files that fail."""
    warnings: dict[str, str] = field(default_factory=dict)
    """Warnings by file name, of files that complete."""
    refuse_batches: str = ""
    web_page: str = ""
    """The answer to every GET, as of a server that is not this service."""
    unavailable_uploads: int = 0
    """Number of uploads to answer with 503 before one is accepted."""
    on_poll: Callable[[], None] = lambda: None
    finish_after_polls: int = 0
    waiting_for: dict[str, Any] | None = None
    """The details of what unfinished batches wait for."""
    fails_early: bool = False
    """Files that fail have failed before their batch ends."""

    uploads: dict[str, tuple[str, int]] = field(default_factory=dict)
    """File names and sizes by id."""
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    cancelled_batches: set[str] = field(default_factory=set)
    """Ids of batches of which no file had ended."""
    stored_files: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Attributes by file id, of the files in all stores."""
    authorizations: set[str] = field(default_factory=set)
    """The Authorization headers of all requests."""
    numbers: Iterator[int] = field(default_factory=count)
    polls: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def uploaded_names(self) -> set[str]:
        return {name for name, _ in self.uploads.values()}

    @property
    def names_in_store(self) -> list[str]:
        """The names of the files in all stores, with duplicates."""
        return sorted(self.uploads[file_id][0] for file_id in self.stored_files)

    def add_store(self, name: str, status: str = "completed") -> dict[str, Any]:
        store = {"id": f"vs_{len(self.stores)}", "object": "vector_store", "name": name, "status": status}
        self.stores.append(store)
        return store

    def describe_store(self, store: dict[str, Any]) -> dict[str, Any]:
        """Return a store as the API does. All its files have ended."""
        failed = sum(self.uploads[file_id][0] in self.failing_files for file_id in self.stored_files)
        counts = {"in_progress": 0, "completed": len(self.stored_files) - failed, "failed": failed, "cancelled": 0}
        return store | {"file_counts": counts | {"total": len(self.stored_files)}}

    def describe_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Return a batch as the API does: all files are in progress for some polls, then all have ended."""
        ids = batch["file_ids"]
        failed = sum(self.uploads.get(file_id, ("", 0))[0] in self.failing_files for file_id in ids)
        counts = {"in_progress": 0, "completed": len(ids) - failed, "failed": failed, "cancelled": 0}
        details = None
        if batch["id"] in self.cancelled_batches:
            counts = dict.fromkeys(counts, 0) | {"cancelled": len(ids)}
        elif self.polls < self.finish_after_polls:
            early = failed if self.fails_early else 0
            counts = dict.fromkeys(counts, 0) | {"in_progress": len(ids) - early, "failed": early}
            details = self.waiting_for
        text = None if details is None else f"{details['dependency']}: {details['reason']}"
        return {
            "id": batch["id"],
            "object": "vector_store.files_batch",
            "created_at": 0,
            "vector_store_id": batch["store"],
            "status": "in_progress" if counts["in_progress"] else "cancelled" if counts["cancelled"] else "completed",
            "file_counts": counts | {"total": len(ids)},
            "waiting_for": text,
            "waiting_details": details,
        }


@contextmanager
def serving() -> Iterator[FakeService]:
    """Yield a fake service that listens on a loopback port."""
    fake = FakeService()
    handler = type("Handler", (_Handler,), {"fake": fake})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    fake.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: FakeService

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        parts = urlsplit(self.path).path.split("/")[2:]
        with self.fake.lock:
            match parts:
                case _ if self.fake.web_page:
                    self._send(self.fake.web_page.encode(), "text/html", 200)
                case ["vector_stores"]:
                    self.fake.authorizations.add(self.headers.get("Authorization", ""))
                    self._page([self.fake.describe_store(store) for store in self.fake.stores])
                case ["vector_stores", store_id] if store := self._store(store_id):
                    self._answer(self.fake.describe_store(store))
                case ["vector_stores", _, "files"]:
                    status_filter = parse_qs(urlsplit(self.path).query).get("filter", [""])[0]
                    self._page(
                        [
                            f
                            for f in map(self._describe_file, self.fake.stored_files)
                            if status_filter in ("", f["status"])
                        ]
                    )
                case ["vector_stores", _, "file_reports"]:
                    self._page(self._reports(parse_qs(urlsplit(self.path).query)))
                case ["vector_stores", _, "warnings"]:
                    reports = self._reports(parse_qs(urlsplit(self.path).query))
                    self._answer({"files": len(reports), "codes": {"page_not_read": len(reports)} if reports else {}})
                case ["vector_stores", _, "files", file_id, "report"] if file_id in self.fake.stored_files:
                    self._answer(self._describe_report(file_id))
                case ["vector_stores", _, "files", file_id] if file_id in self.fake.stored_files:
                    self._answer(self._describe_file(file_id))
                case ["files", file_id] if file_id in self.fake.uploads:
                    self._answer({"id": file_id, "object": "file"})
                case ["vector_stores", _, "file_batches", batch_id] if batch_id in self.fake.batches:
                    self.fake.polls += 1
                    self.fake.on_poll()
                    self._answer(self.fake.describe_batch(self.fake.batches[batch_id]))
                case ["vector_stores", _, "file_batches", batch_id, "files"]:
                    self._page([self._describe_file(each) for each in self._failed_ids(batch_id)])
                case _:
                    self._refuse(404, f"Invalid URL (GET {self.path})")

    def do_POST(self) -> None:
        parts = urlsplit(self.path).path.split("/")[2:]
        head, size = self._body(keep=parts != ["files"])
        with self.fake.lock:
            match parts:
                case ["files"]:
                    self._file(head, size)
                case ["vector_stores"]:
                    self._answer(self.fake.add_store(json.loads(head)["name"]))
                case ["vector_stores", _, "file_batches", batch_id, "cancel"]:
                    self.fake.cancelled_batches.add(batch_id)
                    self._answer(self.fake.describe_batch(self.fake.batches[batch_id]))
                case ["vector_stores", store_id, "file_batches"] if not self.fake.refuse_batches:
                    self._batch(store_id, json.loads(head))
                case _:
                    self._refuse(400, self.fake.refuse_batches)

    def do_DELETE(self) -> None:
        parts = urlsplit(self.path).path.split("/")[2:]
        with self.fake.lock:
            match parts:
                case ["vector_stores", _, "files", file_id] if file_id in self.fake.stored_files:
                    del self.fake.stored_files[file_id]
                    self._answer({"id": file_id, "object": "vector_store.file.deleted", "deleted": True})
                case ["files", file_id] if file_id in self.fake.uploads:
                    del self.fake.uploads[file_id]
                    self._answer({"id": file_id, "object": "file", "deleted": True})
                case _:
                    self._refuse(404, "There is no such thing.")

    def _batch(self, store_id: str, body: dict[str, Any]) -> None:
        files = body.get("files") or [
            {"file_id": file_id, "attributes": body.get("attributes")} for file_id in body["file_ids"]
        ]
        if any(file["file_id"] not in self.fake.uploads for file in files):
            self._refuse(404, "No files found with these ids.")
            return
        self.fake.stored_files |= {file["file_id"]: file["attributes"] for file in files}
        ids = [file["file_id"] for file in files]
        batch = body | {"id": f"vsfb_{len(self.fake.batches)}", "store": store_id, "file_ids": ids}
        self.fake.batches[batch["id"]] = batch
        self._answer(self.fake.describe_batch(batch))

    def _store(self, store_id: str) -> dict[str, Any] | None:
        return next((store for store in self.fake.stores if store["id"] == store_id), None)

    def _file(self, head: bytes, size: int) -> None:
        match = re.search(rb'name="file"; filename="(.*?)"\r\n.*?\r\n\r\n', head, re.S)
        assert match
        name = match[1].decode()
        if self.fake.unavailable_uploads:
            self.fake.unavailable_uploads -= 1
            self._refuse(503, "Try again.")
        elif name in self.fake.refuse_uploads:
            self._refuse(400, self.fake.refuse_uploads[name])
        else:
            file_id = f"file-{next(self.fake.numbers)}"
            self.fake.uploads[file_id] = (name, size)
            self._answer({"id": file_id, "object": "file", "filename": name, "bytes": size, "purpose": "assistants"})

    def _failed_ids(self, batch_id: str) -> list[str]:
        ids: list[str] = self.fake.batches[batch_id]["file_ids"]
        return [file_id for file_id in ids if self.fake.uploads.get(file_id, ("", 0))[0] in self.fake.failing_files]

    def _reports(self, query: dict[str, list[str]]) -> list[dict[str, Any]]:
        ids = self.fake.batches[query["batch_id"][0]]["file_ids"] if "batch_id" in query else self.fake.stored_files
        if "filename" in query:
            return [self._describe_report(each) for each in ids if self.fake.uploads[each][0] == query["filename"][0]]
        return [self._describe_report(each) for each in ids if self.fake.uploads[each][0] in self.fake.warnings]

    def _describe_report(self, file_id: str) -> dict[str, Any]:
        name = self.fake.uploads[file_id][0]
        warning = {"code": "page_not_read", "message": self.fake.warnings.get(name), "part": "page 7"}
        parts = {"page": {"read": 6, "ocr": 0, "empty": 0, "failed": 0, "not_read": 1}}
        return {
            "id": file_id, "filename": name, "status": self._describe_file(file_id)["status"], "progress": None,
            "reader": {"name": "pypdfium2", "version": "5.0"}, "language": "en", "parts": parts, "replaced_characters": 2,
            "warnings": [warning] if name in self.fake.warnings else [],
            "warning_count": 2 if name in self.fake.warnings else 0,
        }  # fmt: skip

    def _describe_file(self, file_id: str) -> dict[str, Any]:
        reason = self.fake.failing_files.get(self.fake.uploads[file_id][0])
        error = {"code": "invalid_file", "message": reason} if reason else None
        status = "failed" if reason else "completed"
        return {"id": file_id, "object": "vector_store.file", "status": status, "last_error": error}

    def _body(self, *, keep: bool) -> tuple[bytes, int]:
        """Read the body and return it with its size. Only the beginning of an upload is kept."""
        remaining = size = int(self.headers["Content-Length"])
        head = b""
        while remaining:
            data = self.rfile.read(min(remaining, CHUNK))
            remaining -= len(data)
            if keep or len(head) < CHUNK:
                head += data
        return head, size

    def _page(self, items: list[dict[str, Any]]) -> None:
        self._answer({"object": "list", "data": items, "has_more": False, "first_id": None, "last_id": None})

    def _refuse(self, status: int, message: str) -> None:
        self._answer({"error": {"message": message, "type": "invalid_request_error"}}, status)

    def _answer(self, body: dict[str, Any], status: int = 200) -> None:
        self._send(json.dumps(body).encode(), "application/json", status)

    def _send(self, data: bytes, content_type: str, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("retry-after-ms", "1")
        self.end_headers()
        self.wfile.write(data)

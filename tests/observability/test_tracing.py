"""Traces: one file from the request to its points, as a collector gets them."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.servers import wait_until

INGESTED = """
import sys
from pathlib import Path
from fastapi.testclient import TestClient
from api.app import app
from ingest import jobs, traces
from ingest.config import Settings
from ingest.db.migrate import migrate
from ingest.db.session import Database
from tests.api.calls import upload, work
from tests.fakes import FakeTools

settings = Settings(data=Path(sys.argv[1]), otlp_url=sys.argv[2])
database = Database(settings.sql_url)
migrate(database)
tools = FakeTools(settings, database)
traces.configure(settings, "ingest-test")
client = TestClient(app(tools), base_url="http://localhost", client=("127.0.0.1", 1))
file = upload(client)
store = client.post("/v1/vector_stores", json={}).json()["id"]
client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file},
            headers={"traceparent": "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"})
work(tools)
"""


class Collector:
    """An OTLP collector over HTTP that remembers every span."""

    def __init__(self) -> None:
        spans = self.spans = []  # type: ignore[var-annotated]

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    for scope in resource.scope_spans:
                        spans.extend(scope.spans)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.close()


@pytest.mark.services
def test_a_file_is_followed_from_the_request_of_a_caller_to_its_points(collector: Collector, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("INGEST_")}

    subprocess.run(
        [sys.executable, "-c", INGESTED, str(tmp_path), collector.url],
        env=environment | {"PYTHONPATH": str(Path(__file__).parents[1])}, check=True, timeout=60,
    )  # fmt: skip

    wait_until(lambda: any(span.name == "ingest.index" for span in collector.spans), what="the last span")
    mine = {span.name: span for span in collector.spans if span.trace_id.hex() == "ab" * 16}
    request = mine["POST /v1/vector_stores/{vector_store_id}/files"]
    job = mine["ingest.file"]
    assert request.parent_span_id.hex() == "cd" * 8
    assert job.parent_span_id == request.span_id
    steps = [mine[f"ingest.{step}"] for step in ("parse", "chunk", "embed", "index")]
    assert {step.parent_span_id for step in steps} == {job.span_id}
    assert all(step.end_time_unix_nano >= step.start_time_unix_nano for step in steps)
    assert any(attribute.key == "file" for attribute in job.attributes)

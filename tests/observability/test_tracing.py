"""Traces as a collector receives them: one file from the request to its points."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.servers import wait_until

PROGRAM = """
import sys
from pathlib import Path
from fastapi.testclient import TestClient
from api.app import build_app
from ingest.config import Settings
from ingest.db.migrate import migrate
from ingest.db.session import Database
from ingest.observability import tracing
from tests.api.calls import upload, run_jobs
from tests.fakes import FakeServices

settings = Settings(data=Path(sys.argv[1]), otlp_url=sys.argv[2])
database = Database(settings.sql_url)
migrate(database)
services = FakeServices(settings, database)
tracing.configure(settings, "ingest-test")
client = TestClient(build_app(services), base_url="http://localhost", client=("127.0.0.1", 1))
file = upload(client)
store = client.post("/v1/vector_stores", json={}).json()["id"]
client.post(f"/v1/vector_stores/{store}/files", json={"file_id": file},
            headers={"traceparent": "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"})
run_jobs(services)
"""


class Collector:
    """An OTLP collector over HTTP that keeps every span."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        spans = self.spans

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
def test_one_trace_covers_a_file_from_the_request_to_its_points(collector: Collector, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("INGEST_")}

    subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path), collector.url],
        env=environment | {"PYTHONPATH": str(Path(__file__).parents[2])}, check=True, timeout=60,
    )  # fmt: skip

    wait_until(lambda: any(span.name == "ingest.index" for span in collector.spans), what="the last span")
    spans = {span.name: span for span in collector.spans if span.trace_id.hex() == "ab" * 16}
    request = spans["POST /v1/vector_stores/{vector_store_id}/files"]
    job = spans["ingest.file"]
    assert request.parent_span_id.hex() == "cd" * 8
    assert job.parent_span_id == request.span_id
    steps = [spans[f"ingest.{step}"] for step in ("parse", "chunk", "embed", "index")]
    assert {step.parent_span_id for step in steps} == {job.span_id}
    assert all(step.end_time_unix_nano >= step.start_time_unix_nano for step in steps)
    assert any(attribute.key == "file" for attribute in job.attributes)

"""Helpers of the API tests."""

from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response

from ingest.jobs import run
from tests.fakes import FakeServices

JSON = {"content-type": "application/json"}


def upload(client: TestClient, text: str = "A heron stands in the water.", name: str = "heron.txt") -> str:
    """Upload a file and return its id."""
    sent = {"file": (name, text.encode())}
    return str(client.post("/v1/files", data={"purpose": "assistants"}, files=sent).json()["id"])


def run_jobs(services: FakeServices) -> None:
    """Run the jobs whose messages are in the broker, until none is left."""
    while messages := [message for lane in services.queue.lanes.values() for message in lane]:
        for lane in services.queue.lanes.values():
            lane.clear()
        for message in messages:
            run.run_job(services, message.row, lease_holder="test/1")
        services.feeder.top_up()


def error_of(answer: Response, status: int) -> dict[str, Any]:
    """Check the status and the envelope of an error response, and return its error."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"].startswith("req_")
    body = answer.json()
    assert set(body) == {"error"}
    error: dict[str, Any] = body["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["message"]
    assert "None" not in error["message"]
    assert error["type"] == ("server_error" if status >= 500 else "invalid_request_error")
    return error

"""What the tests of the API do again and again."""

from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response

from ingest.jobs import run
from tests.fakes import FakeServices

JSON = {"content-type": "application/json"}


def upload(client: TestClient, text: str = "A heron stands in the water.", name: str = "heron.txt") -> str:
    """The id of a new file."""
    sent = {"file": (name, text.encode())}
    return str(client.post("/v1/files", data={"purpose": "assistants"}, files=sent).json()["id"])


def work(services: FakeServices) -> None:
    """Do what the broker was told."""
    while told := [message for lane in services.queue.lanes.values() for message in lane]:
        for lane in services.queue.lanes.values():
            lane.clear()
        for message in told:
            run.run(services, message.row, owner="test/1")
        services.feeder.top_up()


def refusal(answer: Response, status: int) -> dict[str, Any]:
    """What an answer says went wrong, once its envelope has been checked."""
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

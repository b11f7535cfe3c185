"""What the tests of the API do again and again."""

from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response

from ingest import jobs
from tests.fakes import FakeTools

JSON = {"content-type": "application/json"}


def upload(client: TestClient, text: str = "A heron stands in the water.", name: str = "heron.txt") -> str:
    """The id of a new file."""
    sent = {"file": (name, text.encode())}
    return str(client.post("/v1/files", data={"purpose": "assistants"}, files=sent).json()["id"])


def work(tools: FakeTools) -> None:
    """Do what the broker was told."""
    while told := [message for lane in tools.queue.lanes.values() for message in lane]:
        for lane in tools.queue.lanes.values():
            lane.clear()
        for message in told:
            jobs.run(tools, message.row, owner="test/1")
        tools.feeder.top_up()


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

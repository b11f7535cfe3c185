"""GET .../file_batches/{batch_id}/events; tests/api/test_event_stream.py covers the stream itself."""

from fastapi.testclient import TestClient

from tests.api.calls import error_of, run_jobs
from tests.fakes import FakeServices


def test_the_stream_of_a_finished_batch_has_one_end_event(
    services: FakeServices, client: TestClient, store: str, file: str
) -> None:
    batches = f"/v1/vector_stores/{store}/file_batches"
    batch = client.post(batches, json={"file_ids": [file]}).json()["id"]
    run_jobs(services)

    response = client.get(f"{batches}/{batch}/events")

    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert response.text.startswith("event: end\nid: end\ndata: {")


def test_the_events_of_an_unknown_batch_are_not_found(client: TestClient, store: str) -> None:
    error = error_of(client.get(f"/v1/vector_stores/{store}/file_batches/vsfb_x/events"), 404)

    assert error["param"] == "batch_id"

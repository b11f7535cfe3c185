"""What schemathesis makes up from /openapi.json is answered as that document says, and never with an error of ours."""

import os
import zlib
from typing import Any

import hypothesis
import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck
from schemathesis.config import SchemathesisConfig
from schemathesis.core.parameters import ParameterLocation
from schemathesis.python.asgi import ASGIClient
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from api.app import app
from ingest.config import Settings
from ingest.services import Services
from tests.api.calls import upload, work
from tests.fakes import FakeServices

EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "25"))
"""Random requests to each operation, besides the enumerated edges of every parameter."""

_CHUNKS = "the overlap is at most half of the size"
_WEBHOOKS = "the address is one on the web, and a project has a few endpoints only"
_IMPORTS = "cron expressions, time zones, patterns, and what may be imported"
MORE_RULES = {
    "POST /v1/files": "expires_after has two parts or none",
    "POST /v1/uploads/{upload_id}/complete": "the parts have as many bytes as were announced",
    "POST /v1/vector_stores": _CHUNKS,
    "POST /v1/vector_stores/{vector_store_id}/files": _CHUNKS,
    "POST /v1/vector_stores/{vector_store_id}/file_batches": _CHUNKS,
    "POST /v1/vector_stores/{vector_store_id}/reindex": f"{_CHUNKS}; which models there are",
    "POST /v1/vector_stores/{vector_store_id}/reindex/rollback": "there is a model to go back to",
    "POST /v1/vector_stores/{vector_store_id}/reindex/purge": "nothing that is needed is deleted",
    "POST /v1/vector_stores/{vector_store_id}/reindex_schedules": "cron expressions and time zones",
    "POST /v1/vector_stores/{vector_store_id}/reindex_schedules/{schedule_id}": "cron expressions and time zones",
    "POST /v1/vector_stores/{vector_store_id}/import_schedules": _IMPORTS,
    "POST /v1/vector_stores/{vector_store_id}/import_schedules/{import_schedule_id}": _IMPORTS,
    "POST /v1/webhook_endpoints": _WEBHOOKS,
    "POST /v1/webhook_endpoints/{webhook_endpoint_id}": _WEBHOOKS,
    "POST /v1/webhook_endpoints/{webhook_endpoint_id}/test": "there is somebody at the address",
}
"""Operations that may refuse what the document allows, because of rules that no schema can tell."""

FORMS = {"POST /v1/files", "POST /v1/uploads/{upload_id}/parts"}
"""Operations that may take what the document forbids: in a form, a number is a text and any text a file's bytes."""

MIXED = 2
"""One of so many requests goes to objects that do not exist."""


class World:
    """Objects that exist, for requests to meet; what a request deleted is made again."""

    def __init__(self, client: TestClient, services: FakeServices) -> None:
        self._client = client
        self._tools = services
        self._ids: dict[str, str] = {}

    def meet(self, case: Any) -> None:
        """Send a request to objects that exist, unless it is to be sent elsewhere."""
        drawn = case.meta.components.get(ParameterLocation.PATH) if case.meta else None
        if not case.path_parameters or drawn is None or drawn.mode.is_negative:
            return
        if zlib.crc32(repr(case.path_parameters).encode()) % MIXED == 0:
            return
        ids = self._present()
        for name in case.path_parameters:
            case.path_parameters[name] = ids[name]

    def _present(self) -> dict[str, str]:
        call = self._client
        old = self._ids
        gone = not old or any(
            call.get(path).status_code != 200
            for path in (
                f"/v1/files/{old['file_id']}",
                f"/v1/webhook_endpoints/{old['webhook_endpoint_id']}",
                f"/v1/vector_stores/{old['vector_store_id']}/files/{old['file_id']}",
                f"/v1/vector_stores/{old['vector_store_id']}/reindex_schedules/{old['schedule_id']}",
                f"/v1/vector_stores/{old['vector_store_id']}/import_schedules/{old['import_schedule_id']}",
            )
        )
        if gone:
            store = call.post("/v1/vector_stores", json={"name": "made"}).json()["id"]
            file = upload(call)
            sent = {"files": [{"file_id": file, "attributes": {"kind": "bird"}}]}
            batch = call.post(f"/v1/vector_stores/{store}/file_batches", json=sent).json()["id"]
            work(self._tools)
            announced = {"bytes": 1, "filename": "a", "mime_type": "text/plain", "purpose": "assistants"}
            pending = call.post("/v1/uploads", json=announced).json()["id"]
            nightly = call.post(f"/v1/vector_stores/{store}/reindex_schedules", json={"cron": "0 3 * * *"})
            weekly = {"cron": "0 3 * * 1", "sources": ["https://docs.example/a.txt"]}
            mirror = call.post(f"/v1/vector_stores/{store}/import_schedules", json=weekly)
            webhook = {"name": "", "url": "https://hooks.example/", "event_types": ["vector_store.expired"]}
            self._ids = {
                "vector_store_id": store,
                "file_id": file,
                "batch_id": batch,
                "upload_id": pending,
                "schedule_id": nightly.json()["id"],
                "import_schedule_id": mirror.json()["id"],
                "webhook_endpoint_id": call.post("/v1/webhook_endpoints", json=webhook).json()["id"],
            }
        return self._ids


@pytest.fixture
def world(client: TestClient, services: FakeServices) -> World:
    return World(client, services)


def _schema() -> Any:
    generation = {"deterministic": True, "max-examples": EXAMPLES, "database": "none", "allow-x00": False}
    config = SchemathesisConfig.from_dict({"seed": 1, "generation": generation})
    document = app(Services(Settings())).openapi()  # opens and starts nothing
    del document["security"]  # nobody here has a key; tests/stories/test_keys.py does this with one
    return schemathesis.openapi.from_dict(document, config=config)


def _but_host(headers: Any) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name != b"host"]


@_schema().parametrize()
@hypothesis.settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
def test_every_answer_is_described(case: Any, world: World, made_once: FastAPI) -> None:
    async def started(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http", "the lifespan is not for tests over fakes"
        local = {"client": ("127.0.0.1", 50000), "headers": [(b"host", b"localhost"), *_but_host(scope["headers"])]}
        await made_once({**scope, **local}, receive, send)

    world.meet(case)
    excluded = [
        *([positive_data_acceptance] if case.operation.label in MORE_RULES else []),
        *([negative_data_rejection] if case.operation.label in FORMS else []),
    ]
    case.call_and_validate(session=ASGIClient(started), app=started, excluded_checks=excluded)

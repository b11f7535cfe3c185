"""Requests that schemathesis generates from /openapi.json are answered as documented, and never with status 500."""

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

from api.app import build_app
from ingest.config import Settings
from ingest.services import Services
from tests.api.calls import run_jobs, upload
from tests.fakes import FakeServices

EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "25"))
"""Random requests to each operation, besides the enumerated edges of every parameter."""

_CHUNKS = "the overlap is at most half of the chunk size"
_WEBHOOKS = "the URL is a public one, and a project has a limited number of endpoints"
_IMPORTS = "cron expressions, time zones, patterns, and allowed sources"
OPERATIONS_WITH_MORE_RULES = {
    "POST /v1/files": "expires_after has two parts or none",
    "POST /v1/uploads/{upload_id}/complete": "the parts have the announced size in total",
    "POST /v1/vector_stores": _CHUNKS,
    "POST /v1/vector_stores/{vector_store_id}/files": _CHUNKS,
    "POST /v1/vector_stores/{vector_store_id}/file_batches": _CHUNKS,
    "POST /v1/vector_stores/{vector_store_id}/reindex": f"{_CHUNKS}; which models there are",
    "POST /v1/vector_stores/{vector_store_id}/reindex/rollback": "there is a previous model",
    "POST /v1/vector_stores/{vector_store_id}/reindex/purge": "the points are not in use",
    "POST /v1/vector_stores/{vector_store_id}/reindex_schedules": "cron expressions and time zones",
    "POST /v1/vector_stores/{vector_store_id}/reindex_schedules/{schedule_id}": "cron expressions and time zones",
    "POST /v1/vector_stores/{vector_store_id}/import_schedules": _IMPORTS,
    "POST /v1/vector_stores/{vector_store_id}/import_schedules/{import_schedule_id}": _IMPORTS,
    "POST /v1/webhook_endpoints": _WEBHOOKS,
    "POST /v1/webhook_endpoints/{webhook_endpoint_id}": _WEBHOOKS,
    "POST /v1/webhook_endpoints/{webhook_endpoint_id}/test": "the endpoint answers",
}
"""Operations that may reject valid requests, because of rules that a JSON schema cannot express."""

FORMS = {"POST /v1/files", "POST /v1/uploads/{upload_id}/parts"}
"""Operations that may accept invalid requests: in a form, numbers are texts, and any text is the bytes of a file."""

UNKNOWN_ID_RATIO = 2
"""One of this many requests uses ids of objects that do not exist."""


class ExistingObjects:
    """Existing objects for generated requests. Objects that a request deleted are created again."""

    def __init__(self, client: TestClient, services: FakeServices) -> None:
        self._client = client
        self._services = services
        self._ids: dict[str, str] = {}

    def use_existing_ids(self, case: Any) -> None:
        """Replace the generated ids of a request by those of existing objects, except for a share of the requests."""
        drawn = case.meta.components.get(ParameterLocation.PATH) if case.meta else None
        if not case.path_parameters or drawn is None or drawn.mode.is_negative:
            return
        if zlib.crc32(repr(case.path_parameters).encode()) % UNKNOWN_ID_RATIO == 0:
            return
        ids = self._ensure_objects()
        for name in case.path_parameters:
            case.path_parameters[name] = ids[name]

    def _ensure_objects(self) -> dict[str, str]:
        call = self._client
        old = self._ids
        is_deleted = not old or any(
            call.get(path).status_code != 200
            for path in (
                f"/v1/files/{old['file_id']}",
                f"/v1/webhook_endpoints/{old['webhook_endpoint_id']}",
                f"/v1/vector_stores/{old['vector_store_id']}/files/{old['file_id']}",
                f"/v1/vector_stores/{old['vector_store_id']}/reindex_schedules/{old['schedule_id']}",
                f"/v1/vector_stores/{old['vector_store_id']}/import_schedules/{old['import_schedule_id']}",
            )
        )
        if is_deleted:
            store = call.post("/v1/vector_stores", json={"name": "made"}).json()["id"]
            file = upload(call)
            sent = {"files": [{"file_id": file, "attributes": {"kind": "bird"}}]}
            batch = call.post(f"/v1/vector_stores/{store}/file_batches", json=sent).json()["id"]
            run_jobs(self._services)
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
def existing_objects(client: TestClient, services: FakeServices) -> ExistingObjects:
    return ExistingObjects(client, services)


def _schema() -> Any:
    generation = {"deterministic": True, "max-examples": EXAMPLES, "database": "none", "allow-x00": False}
    config = SchemathesisConfig.from_dict({"seed": 1, "generation": generation})
    document = build_app(Services(Settings())).openapi()  # connects to nothing
    del document["security"]  # no key exists here; tests/stories/test_keys.py covers keys
    return schemathesis.openapi.from_dict(document, config=config)


def _without_host(headers: Any) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name != b"host"]


@_schema().parametrize()
@hypothesis.settings(
    max_examples=EXAMPLES, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
def test_generated_requests_are_answered_as_documented(
    case: Any, existing_objects: ExistingObjects, shared_app: FastAPI
) -> None:
    async def started(scope: Any, receive: Any, send: Any) -> None:
        assert scope["type"] == "http", "the lifespan is not for tests over fakes"
        local = {"client": ("127.0.0.1", 50000), "headers": [(b"host", b"localhost"), *_without_host(scope["headers"])]}
        await shared_app({**scope, **local}, receive, send)

    existing_objects.use_existing_ids(case)
    excluded = [
        *([positive_data_acceptance] if case.operation.label in OPERATIONS_WITH_MORE_RULES else []),
        *([negative_data_rejection] if case.operation.label in FORMS else []),
    ]
    case.call_and_validate(session=ASGIClient(started), app=started, excluded_checks=excluded)

"""Two projects with objects of every kind, for tests of admission and isolation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response

from api.app import build_app
from ingest.config import Settings
from ingest.services import Services
from ingest.tenancy import keys
from ingest.tenancy.keys import Scope
from tests.api.calls import run_jobs, upload
from tests.fakes import FakeServices

DOCUMENT = build_app(Services(Settings())).openapi()  # opens and starts nothing


OPERATIONS = [
    f"{method.upper()} {path}" for path, methods in DOCUMENT["paths"].items() for method in methods if "/v1/" in path
]


STORE = "/v1/vector_stores/{vector_store_id}"


IMPORTS = f"{STORE}/import_schedules/{{import_schedule_id}}"


IMPORT_SCHEDULE = {"cron": "0 3 * * *", "sources": ["https://docs.example/a.txt"]}


WEBHOOK = "/v1/webhook_endpoints/{webhook_endpoint_id}"


FILES = {"file": ("a.txt", b"a")}


EXPIRED = "vector_store.expired"


WEBHOOK_BODY = {"name": "", "url": "https://hooks.example/", "event_types": [EXPIRED]}


@dataclass(frozen=True)
class ProjectObjects:
    """The objects of a project: ids by the names of path parameters."""

    client: TestClient
    ids: Mapping[str, str]

    def send(self, operation: str, ids: Mapping[str, str], **body: Any) -> Response:
        """Send a request about these ids with the key of this project."""
        method, path = operation.split(" ")
        return self.client.request(method, path.format(**ids), **body)


def key_headers(services: FakeServices, project: str, *scopes: Scope) -> dict[str, str]:
    """Create a key and return its headers."""
    secret, _ = keys.create(services.database, project=project, name="", scopes=scopes or ("read", "write"))
    return {"authorization": f"Bearer {secret}"}


def create_objects(client: TestClient, services: FakeServices) -> ProjectObjects:
    file, waiting = upload(client, "A heron stands."), upload(client, "An otter swims.")
    store = client.post("/v1/vector_stores", json={"file_ids": [file]}).json()["id"]
    run_jobs(services)
    batch = client.post(f"/v1/vector_stores/{store}/file_batches", json={"file_ids": [waiting]}).json()["id"]
    about = {"bytes": 1, "filename": "u.txt", "mime_type": "text/plain", "purpose": "assistants"}
    pending = client.post("/v1/uploads", json=about).json()["id"]
    part = client.post(f"/v1/uploads/{pending}/parts", files={"data": ("p", b"x")}).json()["id"]
    nightly = client.post(f"/v1/vector_stores/{store}/reindex_schedules", json={"cron": "0 3 * * *"}).json()["id"]
    mirror = client.post(f"/v1/vector_stores/{store}/import_schedules", json=IMPORT_SCHEDULE).json()["id"]
    webhook = client.post("/v1/webhook_endpoints", json=WEBHOOK_BODY).json()["id"]
    found = {
        "file_id": file, "vector_store_id": store, "batch_id": batch, "upload_id": pending, "part_id": part,
        "schedule_id": nightly, "import_schedule_id": mirror, "webhook_endpoint_id": webhook,
        "model": services.settings.default_model,
    }  # fmt: skip
    return ProjectObjects(client, found)


ALL_SCOPES: tuple[Scope, ...] = ("read", "write", "admin")

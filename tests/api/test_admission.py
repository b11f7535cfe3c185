"""Who may come in, and that no project sees or touches what another has: over every route of the document."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from api.app import app
from ingest.config import Settings
from ingest.services import Services
from ingest.tenancy import keys, projects
from ingest.tenancy.keys import Scope
from tests.api.calls import refusal, upload, work
from tests.fakes import FakeServices

DOCUMENT = app(Services(Settings())).openapi()  # opens and starts nothing
OPERATIONS = [
    f"{method.upper()} {path}" for path, methods in DOCUMENT["paths"].items() for method in methods if "/v1/" in path
]
STORE = "/v1/vector_stores/{vector_store_id}"
IMPORTS = f"{STORE}/import_schedules/{{import_schedule_id}}"
MIRROR = {"cron": "0 3 * * *", "sources": ["https://docs.example/a.txt"]}
WEBHOOK = "/v1/webhook_endpoints/{webhook_endpoint_id}"
FILES = {"file": ("a.txt", b"a")}
EXPIRED = "vector_store.expired"
HOOK = {"name": "", "url": "https://hooks.example/", "event_types": [EXPIRED]}


@dataclass(frozen=True)
class Owned:
    """What one project has: ids by the names that paths use."""

    client: TestClient
    ids: Mapping[str, str]

    def send(self, operation: str, ids: Mapping[str, str], **body: Any) -> Response:
        """Send a request about these ids, with this project's key."""
        method, path = operation.split(" ")
        return self.client.request(method, path.format(**ids), **body)


def key(services: FakeServices, project: str, *scopes: Scope) -> dict[str, str]:
    """The headers of somebody with a new key."""
    secret, _ = keys.create(services.database, project=project, name="", scopes=scopes or ("read", "write"))
    return {"authorization": f"Bearer {secret}"}


@pytest.fixture
def service(made_once: FastAPI, services: FakeServices) -> Callable[[dict[str, str]], TestClient]:
    """Clients of the service that come from elsewhere."""
    made_once.state.services = services
    return lambda headers: TestClient(made_once, headers=headers, client=("192.0.2.7", 50000))


def owned(client: TestClient, services: FakeServices) -> Owned:
    file, waiting = upload(client, "A heron stands."), upload(client, "An otter swims.")
    store = client.post("/v1/vector_stores", json={"file_ids": [file]}).json()["id"]
    work(services)
    batch = client.post(f"/v1/vector_stores/{store}/file_batches", json={"file_ids": [waiting]}).json()["id"]
    about = {"bytes": 1, "filename": "u.txt", "mime_type": "text/plain", "purpose": "assistants"}
    pending = client.post("/v1/uploads", json=about).json()["id"]
    part = client.post(f"/v1/uploads/{pending}/parts", files={"data": ("p", b"x")}).json()["id"]
    nightly = client.post(f"/v1/vector_stores/{store}/reindex_schedules", json={"cron": "0 3 * * *"}).json()["id"]
    mirror = client.post(f"/v1/vector_stores/{store}/import_schedules", json=MIRROR).json()["id"]
    webhook = client.post("/v1/webhook_endpoints", json=HOOK).json()["id"]
    found = {
        "file_id": file, "vector_store_id": store, "batch_id": batch, "upload_id": pending, "part_id": part,
        "schedule_id": nightly, "import_schedule_id": mirror, "webhook_endpoint_id": webhook,
    }  # fmt: skip
    return Owned(client, found)


ALL: tuple[Scope, ...] = ("read", "write", "admin")


@pytest.fixture
def mine(service: Callable[[dict[str, str]], TestClient], services: FakeServices) -> Owned:
    return owned(service(key(services, projects.create(services.database, "mine", {}).id, *ALL)), services)


@pytest.fixture
def theirs(service: Callable[[dict[str, str]], TestClient], services: FakeServices) -> Owned:
    return owned(service(key(services, "proj_default", *ALL)), services)


# --- the matrix: every route of the document has a case here ---

Body = Callable[[Mapping[str, str]], dict[str, Any]]


def nothing(_: Mapping[str, str]) -> dict[str, Any]:
    return {}


# Asked about an object by its address; the body for the ids of whom it is about.
ADDRESSED: dict[str, Body] = {
    "GET /v1/files/{file_id}": nothing,
    "DELETE /v1/files/{file_id}": nothing,
    "GET /v1/files/{file_id}/content": nothing,
    "POST /v1/uploads/{upload_id}/parts": lambda _: {"files": {"data": ("p", b"x")}},
    "POST /v1/uploads/{upload_id}/complete": lambda ids: {"json": {"part_ids": [ids["part_id"]]}},
    "POST /v1/uploads/{upload_id}/cancel": nothing,
    f"GET {STORE}": nothing,
    f"POST {STORE}": lambda _: {"json": {"name": "taken over"}},
    f"DELETE {STORE}": nothing,
    f"POST {STORE}/search": lambda _: {"json": {"query": "heron"}},
    f"POST {STORE}/files": lambda ids: {"json": {"file_id": ids["file_id"]}},
    f"GET {STORE}/files": nothing,
    f"GET {STORE}/files/{{file_id}}": nothing,
    f"POST {STORE}/files/{{file_id}}": lambda _: {"json": {"attributes": {"taken": "over"}}},
    f"DELETE {STORE}/files/{{file_id}}": nothing,
    f"GET {STORE}/files/{{file_id}}/content": nothing,
    f"POST {STORE}/file_batches": lambda ids: {"json": {"file_ids": [ids["file_id"]]}},
    f"GET {STORE}/file_batches/{{batch_id}}": nothing,
    f"POST {STORE}/file_batches/{{batch_id}}/cancel": nothing,
    f"GET {STORE}/file_batches/{{batch_id}}/files": nothing,
    f"GET {STORE}/file_batches/{{batch_id}}/events": nothing,
    f"GET {WEBHOOK}": nothing,
    f"POST {WEBHOOK}": lambda _: {"json": {"url": "https://mine.example/"}},
    f"DELETE {WEBHOOK}": nothing,
    f"POST {WEBHOOK}/rotate_secret": nothing,
    f"POST {WEBHOOK}/test": lambda _: {"json": {"event_type": EXPIRED}},
    f"POST {STORE}/retry": lambda _: {"json": {}},
    f"POST {STORE}/file_batches/{{batch_id}}/retry": lambda _: {"json": {}},
    f"POST {STORE}/reindex": lambda _: {"json": {}},
    f"GET {STORE}/reindex": nothing,
    f"POST {STORE}/reindex/rollback": lambda _: {"json": {}},
    f"POST {STORE}/reindex/purge": nothing,
    f"POST {STORE}/reindex_schedules": lambda _: {"json": {"cron": "0 3 * * *"}},
    f"GET {STORE}/reindex_schedules": nothing,
    f"GET {STORE}/reindex_schedules/{{schedule_id}}": nothing,
    f"POST {STORE}/reindex_schedules/{{schedule_id}}": lambda _: {"json": {"paused": True}},
    f"DELETE {STORE}/reindex_schedules/{{schedule_id}}": nothing,
    f"POST {STORE}/import_schedules": lambda _: {"json": MIRROR},
    f"GET {STORE}/import_schedules": nothing,
    f"GET {IMPORTS}": nothing,
    f"POST {IMPORTS}": lambda _: {"json": {"paused": True}},
    f"DELETE {IMPORTS}": nothing,
    f"POST {IMPORTS}/run": nothing,
}

LISTS = ["GET /v1/files", "GET /v1/vector_stores", "GET /v1/webhook_endpoints"]

CREATES: dict[str, Body] = {
    "POST /v1/files": lambda _: {"data": {"purpose": "assistants"}, "files": FILES},
    "POST /v1/uploads": lambda _: {
        "json": {"bytes": 1, "filename": "u", "mime_type": "text/plain", "purpose": "assistants"}
    },
    "POST /v1/vector_stores": lambda _: {"json": {"name": "new"}},
    "POST /v1/webhook_endpoints": lambda _: {"json": HOOK},
}


def test_every_route_of_the_document_is_in_the_matrix() -> None:
    assert set(OPERATIONS) <= {*ADDRESSED, *LISTS, *CREATES}


@pytest.mark.parametrize("operation", [name for name in ADDRESSED if name in OPERATIONS])
def test_what_another_project_has_cannot_be_told_from_what_nobody_has(
    operation: str, mine: Owned, theirs: Owned
) -> None:
    nobodys = {name: value[:-6] + "ffffff" for name, value in theirs.ids.items()}
    before = everything(theirs)

    foreign = mine.send(operation, theirs.ids, **ADDRESSED[operation](theirs.ids))
    unknown = mine.send(operation, nobodys, **ADDRESSED[operation](nobodys))

    refusal(foreign, 404)
    assert said(foreign, theirs.ids) == said(unknown, nobodys)
    assert everything(theirs) == before


@pytest.mark.parametrize("operation", LISTS)
def test_lists_show_only_what_is_ones_own(operation: str, mine: Owned, theirs: Owned) -> None:
    def listed(of: Owned) -> set[str]:
        return {item["id"] for item in of.send(operation, {}).json()["data"]}

    assert listed(mine)
    assert listed(theirs)
    assert not listed(mine) & listed(theirs)


@pytest.mark.parametrize(
    ("operation", "cursor"), [(LISTS[0], "after"), (LISTS[1], "after"), (LISTS[1], "before")]
)  # files are listed forwards only
@pytest.mark.parametrize("gone", [False, True])
def test_anothers_id_is_no_place_in_a_list(operation: str, cursor: str, gone: bool, mine: Owned, theirs: Owned) -> None:
    name = "file_id" if operation == "GET /v1/files" else "vector_store_id"
    if gone:
        theirs.send(f"DELETE {operation.split(' ')[1]}/{theirs.ids[name]}", {})

    page = mine.send(operation, {}, params={cursor: theirs.ids[name]}).json()

    assert page["data"] == []
    assert page["has_more"] is False


@pytest.mark.parametrize("operation", CREATES)
def test_what_is_created_is_only_ones_own(operation: str, mine: Owned, theirs: Owned) -> None:
    made = mine.send(operation, {}, **CREATES[operation]({})).json()["id"]

    path = operation.removeprefix("POST ")
    if path == "/v1/uploads":
        refusal(theirs.client.post(f"{path}/{made}/cancel"), 404)
        assert mine.client.post(f"{path}/{made}/cancel").status_code == 200
    else:
        refusal(theirs.client.get(f"{path}/{made}"), 404)
        assert mine.client.get(f"{path}/{made}").status_code == 200


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        ("POST /v1/vector_stores", lambda file: {"file_ids": [file]}),
        (f"POST {STORE}/files", lambda file: {"file_id": file}),
        (f"POST {STORE}/file_batches", lambda file: {"file_ids": [file]}),
        (f"POST {STORE}/file_batches", lambda file: {"files": [{"file_id": file}]}),
    ],
)
def test_anothers_file_cannot_be_attached(
    operation: str, body: Callable[[str], dict[str, Any]], mine: Owned, theirs: Owned
) -> None:
    foreign, nobodys = theirs.ids["file_id"], "file-" + "f" * 32

    answers = [mine.send(operation, mine.ids, json=body(file)) for file in (foreign, nobodys)]

    for answer, file in zip(answers, (foreign, nobodys), strict=True):
        assert file in refusal(answer, 404)["message"]
    assert said(answers[0], {"id": foreign}) == said(answers[1], {"id": nobodys})


def test_anothers_part_is_no_part_of_ones_upload(mine: Owned, theirs: Owned) -> None:
    foreign, nobodys = theirs.ids["part_id"], "part_" + "f" * 32
    complete = "POST /v1/uploads/{upload_id}/complete"

    answers = [mine.send(complete, mine.ids, json={"part_ids": [part]}) for part in (foreign, nobodys)]

    assert said(answers[0], {"id": foreign}) == said(answers[1], {"id": nobodys})
    refusal(answers[0], 400)


def test_the_same_bytes_are_two_files_with_lives_of_their_own(mine: Owned, theirs: Owned) -> None:
    assert mine.client.delete(f"/v1/files/{mine.ids['file_id']}").status_code == 200

    assert theirs.client.get(f"/v1/files/{theirs.ids['file_id']}/content").content == b"A heron stands."


def everything(of: Owned) -> list[Any]:
    """All that a project can see of what it has."""
    asked = [name for name in (*ADDRESSED, *LISTS) if name.startswith("GET ") and not name.endswith("/events")]
    return [of.send(name, of.ids).text for name in asked]


def said(answer: Response, ids: Mapping[str, str]) -> tuple[int, str, list[str]]:
    """An answer without the ids that were asked about and without its own id."""
    text = answer.text
    for value in ids.values():
        text = text.replace(value, "ID")
    return answer.status_code, text, sorted(set(answer.headers) - {"content-length"})


# --- keys ---


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_route_asks_for_a_key(operation: str, mine: Owned) -> None:
    method, path = operation.split(" ")
    for given in ({"authorization": ""}, {"authorization": "Bearer sk-ingest-" + "x" * 43}):
        answer = mine.client.request(method, path.format(**mine.ids), headers=given)
        assert refusal(answer, 401)["code"] == "invalid_api_key"
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "xxxx" not in answer.text


@pytest.mark.parametrize("end", ["", "%0A"])  # routing forgives a newline at the end
@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_route_asks_for_its_scope(
    operation: str, end: str, service: Callable[[dict[str, str]], TestClient], services: FakeServices
) -> None:
    method, path = operation.split(" ")
    looks = method == "GET" or (path + end).endswith("/search")  # with a newline it asks for more
    reaches_out = not looks and "/import_schedules" in path  # reads what the service itself can reach
    needed: Scope = "read" if looks else "admin" if reaches_out else "write"
    others: dict[Scope, tuple[Scope, ...]] = {"read": ("write",), "write": ("read",), "admin": ("read", "write")}
    ids = ("file_id", "vector_store_id", "batch_id", "upload_id", "webhook_endpoint_id")
    nobodys = dict.fromkeys((*ids, "schedule_id", "import_schedule_id"), "x")

    def answer(*scopes: Scope) -> Response:
        return service(key(services, "proj_default", *scopes)).request(method, path.format(**nobodys) + end)

    missing = refusal(answer(*others[needed]), 403)
    assert (missing["code"], missing["param"]) == ("missing_scope", None)
    assert answer(needed).status_code != 403
    assert answer("admin").status_code != 403


def test_a_key_of_any_case_of_the_scheme_and_nothing_else(
    service: Callable[[dict[str, str]], TestClient], services: FakeServices
) -> None:
    secret = key(services, "proj_default")["authorization"].split(" ")[1]

    def status(authorization: str) -> int:
        return service({"authorization": authorization}).get("/v1/files").status_code

    assert {status(f"{scheme} {secret}") for scheme in ("Bearer", "bearer", "BEARER")} == {200}
    assert {status(given) for given in (secret, f"Basic {secret}", f"Bearer{secret}", "Bearer", "Bearer ")} == {401}


def test_what_is_not_of_the_api_needs_no_key(mine: Owned) -> None:
    for path in ("/health", "/docs", "/openapi.json"):
        assert mine.client.get(path, headers={"authorization": ""}).status_code == 200


def test_a_refused_body_is_not_read(service: Callable[[dict[str, str]], TestClient], services: FakeServices) -> None:
    key(services, "proj_default")

    answer = service({}).post("/v1/files", data={"purpose": "nonsense"}, files={"wrong": b"x" * 100_000})

    refusal(answer, 401)


# --- without keys ---


@pytest.mark.parametrize(
    ("headers", "address", "expected"),
    [
        ({}, "127.0.0.1", 200),
        ({"host": "127.0.0.1:8000"}, "127.0.0.1", 200),
        ({"host": "[::1]:8000"}, "::1", 200),
        ({"origin": "http://localhost:8000"}, "127.0.0.1", 200),
        ({"authorization": "Bearer none"}, "127.0.0.1", 200),
        ({}, "192.0.2.7", 401),
        ({"host": "ingest.example"}, "127.0.0.1", 401),
        ({"origin": "https://elsewhere.example"}, "127.0.0.1", 401),
        ({"origin": "null"}, "127.0.0.1", 401),
        ({"x-forwarded-for": "127.0.0.1"}, "127.0.0.1", 401),
        ({"forwarded": "for=192.0.2.7"}, "127.0.0.1", 401),
    ],
)
def test_without_keys_only_this_machines_own_user_is_answered(
    headers: dict[str, str], address: str, expected: int, made_once: FastAPI, services: FakeServices
) -> None:
    made_once.state.services = services
    client = TestClient(made_once, base_url="http://localhost", headers=headers, client=(address, 50000))

    answer = client.get("/v1/files")

    assert answer.status_code == expected
    if expected == 401:
        assert "keys create" in refusal(answer, 401)["message"]


def test_a_setting_asks_this_machine_for_a_key_too(made_once: FastAPI, services: FakeServices) -> None:
    services.settings = services.settings.model_copy(update={"require_keys": True})
    made_once.state.services = services
    client = TestClient(made_once, base_url="http://localhost", client=("127.0.0.1", 50000))

    refusal(client.get("/v1/files"), 401)
    assert client.get("/v1/files", headers=key(services, "proj_default")).status_code == 200


def test_answers_are_kept_by_nobody_and_shown_in_nobodys_frame(client: TestClient) -> None:
    answer, page = client.get("/v1/files"), client.get("/docs")

    assert answer.headers["cache-control"] == "no-store"
    for headers in (answer.headers, page.headers):
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


# --- limits ---


def test_too_many_requests_are_told_when_to_try_again(
    service: Callable[[dict[str, str]], TestClient], services: FakeServices
) -> None:
    projects.set_limits(services.database, "default", {"requests_per_minute": 2})
    client = service(key(services, "proj_default"))

    answers = [client.get("/v1/files") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    error = answers[-1].json()["error"]
    assert (error["type"], error["code"]) == ("requests", "rate_limit_exceeded")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].headers.get("x-should-retry") != "false"


def test_a_quota_that_is_used_up_is_not_worth_another_try(
    service: Callable[[dict[str, str]], TestClient], services: FakeServices
) -> None:
    projects.set_limits(services.database, "default", {"stored_bytes": 1})

    answer = service(key(services, "proj_default")).post(
        "/v1/files", data={"purpose": "assistants"}, files={"file": b"xx"}
    )

    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["code"]) == (429, "insufficient_quota", "insufficient_quota")
    assert answer.headers["x-should-retry"] == "false"

"""Admission: API keys, scopes, local requests without a key, rate limits."""

from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from httpx2 import Response

from api.middleware.admission import is_local
from ingest.tenancy import projects
from ingest.tenancy.keys import Scope
from tests.api.calls import error_of
from tests.api.projects import OPERATIONS, ProjectObjects, key_headers
from tests.fakes import FakeServices


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_route_requires_a_key(operation: str, own_project: ProjectObjects) -> None:
    method, path = operation.split(" ")
    for given in ({"authorization": ""}, {"authorization": "Bearer sk-ingest-" + "x" * 43}):
        answer = own_project.client.request(method, path.format(**own_project.ids), headers=given)
        assert error_of(answer, 401)["code"] == "invalid_api_key"
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "xxxx" not in answer.text


@pytest.mark.parametrize("end", ["", "%0A"])  # routing forgives a newline at the end
@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_route_requires_its_scope(
    operation: str, end: str, remote_client: Callable[[dict[str, str]], TestClient], services: FakeServices
) -> None:
    method, path = operation.split(" ")
    is_read = method == "GET" or (path + end).endswith(("/search", "/v1/embeddings"))  # with a newline it asks for more
    is_admin = not is_read and "/import_schedules" in path  # reads what the service itself can reach
    required: Scope = "read" if is_read else "admin" if is_admin else "write"
    others: dict[Scope, tuple[Scope, ...]] = {"read": ("write",), "write": ("read",), "admin": ("read", "write")}
    ids = ("file_id", "vector_store_id", "batch_id", "upload_id", "webhook_endpoint_id", "model")
    unknown_ids = dict.fromkeys((*ids, "schedule_id", "import_schedule_id"), "x")

    def answer(*scopes: Scope) -> Response:
        return remote_client(key_headers(services, "proj_default", *scopes)).request(
            method, path.format(**unknown_ids) + end
        )

    missing = error_of(answer(*others[required]), 403)
    assert (missing["code"], missing["param"]) == ("missing_scope", None)
    assert answer(required).status_code != 403
    assert answer("admin").status_code != 403


def test_the_bearer_scheme_is_case_insensitive_and_required(
    remote_client: Callable[[dict[str, str]], TestClient], services: FakeServices
) -> None:
    secret = key_headers(services, "proj_default")["authorization"].split(" ")[1]

    def status(authorization: str) -> int:
        return remote_client({"authorization": authorization}).get("/v1/files").status_code

    assert {status(f"{scheme} {secret}") for scheme in ("Bearer", "bearer", "BEARER")} == {200}
    assert {status(given) for given in (secret, f"Basic {secret}", f"Bearer{secret}", "Bearer", "Bearer ")} == {401}


def test_paths_outside_the_api_need_no_key(own_project: ProjectObjects) -> None:
    for path in ("/health", "/docs", "/openapi.json"):
        assert own_project.client.get(path, headers={"authorization": ""}).status_code == 200


def test_the_body_of_an_unauthenticated_request_is_not_read(
    remote_client: Callable[[dict[str, str]], TestClient], services: FakeServices
) -> None:
    key_headers(services, "proj_default")

    answer = remote_client({}).post("/v1/files", data={"purpose": "nonsense"}, files={"wrong": b"x" * 100_000})

    error_of(answer, 401)


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
def test_without_keys_only_local_requests_are_admitted(
    headers: dict[str, str], address: str, expected: int, shared_app: FastAPI, services: FakeServices
) -> None:
    shared_app.state.services = services
    client = TestClient(shared_app, base_url="http://localhost", headers=headers, client=(address, 50000))

    answer = client.get("/v1/files")

    assert answer.status_code == expected
    if expected == 401:
        assert "keys create" in error_of(answer, 401)["message"]


LOCAL_SCOPE = {"type": "http", "http_version": "1.1", "client": ("127.0.0.1", 1)}
PROXY_HEADERS = (
    "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-forwarded", "forwarded", "via", "true-client-ip",
    "cf-connecting-ip", "cf-ray", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "fly-client-ip", "x-envoy-internal",
    "x-envoy-external-address", "x-original-for", "x-original-url", "fastly-client-ip",
)  # fmt: skip


@pytest.mark.parametrize("header", PROXY_HEADERS)
def test_a_request_through_a_proxy_is_not_local(header: str) -> None:
    headers = [(b"host", b"localhost"), (b"accept", b"*/*"), (b"user-agent", b"x"), (b"x-request-id", b"1")]

    assert is_local({**LOCAL_SCOPE, "headers": headers})
    assert not is_local({**LOCAL_SCOPE, "headers": [*headers, (header.encode(), b"127.0.0.1")]})


def test_a_proxy_that_speaks_http_1_0_without_any_header_is_not_local() -> None:
    # nginx with only `proxy_pass http://127.0.0.1:8000` sends the name of the upstream as Host, and HTTP/1.0
    headers = [(b"host", b"127.0.0.1:8000"), (b"connection", b"close")]

    assert not is_local({**LOCAL_SCOPE, "http_version": "1.0", "headers": headers})


@pytest.mark.parametrize(
    "headers", [[(b"host", b"[")], [(b"host", b"localhost"), (b"origin", b"http://[")], [(b"host", b"[::1")], []]
)
def test_a_malformed_host_or_origin_is_not_local(headers: list[tuple[bytes, bytes]]) -> None:
    assert not is_local({**LOCAL_SCOPE, "headers": headers})


def test_require_keys_applies_to_local_requests(shared_app: FastAPI, services: FakeServices) -> None:
    services.settings = services.settings.model_copy(update={"require_keys": True})
    shared_app.state.services = services
    client = TestClient(shared_app, base_url="http://localhost", client=("127.0.0.1", 50000))

    error_of(client.get("/v1/files"), 401)
    assert client.get("/v1/files", headers=key_headers(services, "proj_default")).status_code == 200


def test_requests_above_the_rate_limit_get_retry_after(
    remote_client: Callable[[dict[str, str]], TestClient], services: FakeServices
) -> None:
    projects.set_limits(services.database, "default", {"requests_per_minute": 2})
    client = remote_client(key_headers(services, "proj_default"))

    answers = [client.get("/v1/files") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    error = answers[-1].json()["error"]
    assert (error["type"], error["code"]) == ("requests", "rate_limit_exceeded")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 60
    assert answers[-1].headers.get("x-should-retry") != "false"


def test_an_exceeded_quota_is_not_retryable(
    remote_client: Callable[[dict[str, str]], TestClient], services: FakeServices
) -> None:
    projects.set_limits(services.database, "default", {"stored_bytes": 1})

    answer = remote_client(key_headers(services, "proj_default")).post(
        "/v1/files", data={"purpose": "assistants"}, files={"file": b"xx"}
    )

    error = answer.json()["error"]
    assert (answer.status_code, error["type"], error["code"]) == (429, "insufficient_quota", "insufficient_quota")
    assert answer.headers["x-should-retry"] == "false"


def test_the_header_of_azure_clients_has_the_key(
    remote_client: Callable[[dict[str, str]], TestClient], services: FakeServices
) -> None:
    key = key_headers(services, "proj_default")["authorization"].removeprefix("Bearer ")

    assert remote_client({"api-key": key}).get("/v1/files").status_code == 200
    assert remote_client({"api-key": "wrong"}).get("/v1/files").status_code == 401
    assert remote_client({"api-key": key, "authorization": "Bearer wrong"}).get("/v1/files").status_code == 401

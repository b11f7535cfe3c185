"""The routes of the vectors process: key, body, limits."""

import httpx
import pytest

from tests.embedded.vectors.processes import COLLECTION, StartVectors, create_collection, wait_until_ready

pytestmark = pytest.mark.services


def test_all_routes_but_health_checks_require_the_key(start: StartVectors) -> None:
    vectors = wait_until_ready(start(api_key="sesame"))

    def status(path: str, **headers: str) -> int:
        return httpx.get(
            f"{vectors.url}{path}", headers={k.replace("_", "-"): v for k, v in headers.items()}
        ).status_code

    assert [status(path) for path in ("/healthz", "/readyz", "/livez", "/")] == [200] * 4
    assert status("/collections") == 401
    assert status("/collections/missing") == 401
    assert status("/collections", api_key="wrong") == 401
    assert status("/collections", api_key="sesame") == 200
    assert status("/collections", authorization="Bearer sesame") == 200


def test_headers_that_are_too_large_are_refused_without_a_key(start: StartVectors) -> None:
    vectors = wait_until_ready(start(api_key="sesame"))

    answer = httpx.get(f"{vectors.url}/collections", headers={"x": "a" * 70_000})

    assert answer.status_code == 431
    assert "headers too large" in answer.json()["status"]["error"]


def test_an_invalid_body_is_a_bad_request(start: StartVectors) -> None:
    vectors = wait_until_ready(start())
    create_collection(vectors.client())
    url = f"{vectors.url}/collections/{COLLECTION}/points"

    for body in (b"", b"{", b"[]", b"null", b'{"points": NaN}', b'{"points": [{"id": 1, "vector": {"dense": [NaN]}}]}'):
        answer = httpx.put(url, content=body)
        assert answer.status_code == 400, body
        assert answer.json()["status"]["error"]


def test_a_body_above_the_limit_is_refused(start: StartVectors) -> None:
    vectors = wait_until_ready(start())
    create_collection(vectors.client())

    answer = httpx.put(f"{vectors.url}/collections/{COLLECTION}/points", content=b" " * (33 * 2**20))

    assert answer.status_code == 413

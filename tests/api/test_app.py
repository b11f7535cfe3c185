"""The wiring of the app: middlewares in their order, every route module, the OpenAPI document."""

from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api import routes
from api.app import MIDDLEWARES, ROUTES, build_app
from ingest.config import Settings
from ingest.services import Services


def test_the_middlewares_wrap_the_app_in_the_listed_order(shared_app: FastAPI) -> None:
    wrapped: list[object] = [middleware.cls for middleware in shared_app.user_middleware]

    assert wrapped == list(MIDDLEWARES)


def test_every_route_module_is_included() -> None:
    modules = {path.stem for path in Path(routes.__path__[0]).glob("*.py")} - {"__init__"}

    assert {module.__name__.rpartition(".")[2] for module in ROUTES} == modules


def test_the_openapi_document_is_built_once(shared_app: FastAPI) -> None:
    assert shared_app.openapi() is shared_app.openapi()


@pytest.mark.parametrize(
    ("allowed", "origin", "answered"),
    [
        ("", "https://app.example", None),
        ("https://app.example, https://other.example", "https://app.example", "https://app.example"),
        ("https://app.example", "https://foreign.example", None),
        ("*", "https://foreign.example", "*"),
    ],
)
def test_web_pages_of_the_configured_origins_may_call_the_api(allowed: str, origin: str, answered: str | None) -> None:
    app = TestClient(build_app(Services(Settings(cors_origins=allowed))))
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }

    preflight = app.options("/v1/files", headers=asked)

    assert preflight.headers.get("access-control-allow-origin") == answered

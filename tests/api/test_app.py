"""The wiring of the app: middlewares in their order, every route module, the OpenAPI document."""

from pathlib import Path

from fastapi import FastAPI

from api import routes
from api.app import MIDDLEWARES, ROUTES


def test_the_middlewares_wrap_the_app_in_the_listed_order(shared_app: FastAPI) -> None:
    wrapped: list[object] = [middleware.cls for middleware in shared_app.user_middleware]

    assert wrapped == list(MIDDLEWARES)


def test_every_route_module_is_included() -> None:
    modules = {path.stem for path in Path(routes.__path__[0]).glob("*.py")} - {"__init__"}

    assert {module.__name__.rpartition(".")[2] for module in ROUTES} == modules


def test_the_openapi_document_is_built_once(shared_app: FastAPI) -> None:
    assert shared_app.openapi() is shared_app.openapi()

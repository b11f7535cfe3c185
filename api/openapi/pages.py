"""The OpenAPI document and the pages /docs and /redoc. Their scripts come from this service, so the pages work without access to a CDN."""

import json
from functools import cache
from importlib import resources

from fastapi import FastAPI, Response
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

ASSETS = "/docs-assets"


def add_pages(api: FastAPI) -> None:
    """Serve the document, the pages, and their scripts from the installed package fastapi-offline."""

    @cache
    def document() -> bytes:
        return json.dumps(api.openapi(), ensure_ascii=False, separators=(",", ":")).encode()

    async def openapi() -> (
        Response
    ):  # not FastAPI's own route: that one spends 12 ms on each request, and it needs no key
        return Response(document(), media_type="application/json")

    api.add_api_route("/openapi.json", openapi, include_in_schema=False)
    api.mount(ASSETS, StaticFiles(directory=str(resources.files("fastapi_offline") / "static")))
    api.add_api_route("/docs", _swagger, include_in_schema=False, response_class=HTMLResponse)
    api.add_api_route("/redoc", _redoc, include_in_schema=False, response_class=HTMLResponse)


def _swagger() -> HTMLResponse:
    return get_swagger_ui_html(
        openapi_url="openapi.json",  # relative, so that it works behind the path prefix of a proxy
        title="Ingest",
        swagger_js_url=f".{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f".{ASSETS}/swagger-ui.css",
        swagger_favicon_url=f".{ASSETS}/favicon.png",
        swagger_ui_parameters={"validatorUrl": None},  # Swagger's validator would receive the document
    )


def _redoc() -> HTMLResponse:
    return get_redoc_html(
        openapi_url="openapi.json",
        title="Ingest",
        redoc_js_url=f".{ASSETS}/redoc.standalone.js",
        redoc_favicon_url=f".{ASSETS}/favicon.png",
        with_google_fonts=False,
    )

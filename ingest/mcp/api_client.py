"""The API as the tools call it: asynchronous, with errors that a model can read."""

from collections.abc import Mapping
from typing import Any

import httpx
from mcp.server.mcpserver.exceptions import ToolError

_PAGE = 100


class ApiClient:
    """Calls the API through an HTTP client whose base URL ends with `/v1`. Every method raises ToolError."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    @property
    def base_url(self) -> str:
        """The URL of the API, without a slash at the end."""
        return str(self._http.base_url).rstrip("/")

    async def list_stores(self) -> list[dict[str, Any]]:
        """Return the newest vector stores of the project that have not expired, at most 100."""
        page = await self._call("GET", "/vector_stores", params={"limit": _PAGE})
        return [store for store in page["data"] if store["status"] != "expired"]

    async def find_store(self, name: str) -> dict[str, Any]:
        """Return the newest store with this id or name."""
        stores = await self.list_stores()
        for store in stores:
            if name in (store["id"], store["name"]):
                return store
        if name.startswith("vs_"):  # an older store than those that are listed
            return await self._call("GET", f"/vector_stores/{name}")
        known = ", ".join(repr(store["name"]) for store in stores[:10] if store["name"])
        raise ToolError(f"No vector store has the id or name {name!r}." + (f" Names: {known}." if known else ""))

    async def search(self, store_id: str, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Search a store and return the results, best first."""
        page = await self._call("POST", f"/vector_stores/{store_id}/search", json=dict(body))
        return list(page["data"])

    async def retrieve_file(self, store_id: str, file_id: str) -> dict[str, Any]:
        """Return a file as the store has it, with its name as `filename`."""
        file = await self._call("GET", f"/vector_stores/{store_id}/files/{file_id}")
        uploaded = await self._call("GET", f"/files/{file_id}")
        return file | {"filename": uploaded["filename"]}

    async def read_text(self, store_id: str, file_id: str) -> str:
        """Return the text that was read of a file."""
        page = await self._call("GET", f"/vector_stores/{store_id}/files/{file_id}/content")
        return "".join(passage["text"] for passage in page["data"])

    async def list_files(self, store_id: str, batch_id: str | None, status: str, limit: int) -> list[dict[str, Any]]:
        """Return the newest files of a store, or of one of its batches, that have a status."""
        parent = f"/vector_stores/{store_id}" + (f"/file_batches/{batch_id}" if batch_id else "")
        page = await self._call("GET", f"{parent}/files", params={"filter": status, "limit": limit})
        return list(page["data"])

    async def retrieve_batch(self, store_id: str, batch_id: str) -> dict[str, Any]:
        """Return a file batch."""
        return await self._call("GET", f"/vector_stores/{store_id}/file_batches/{batch_id}")

    async def upload_text(self, filename: str, text: str) -> str:
        """Upload a text as a file and return its id."""
        files = {"file": (filename, text.encode())}
        return str((await self._call("POST", "/files", files=files, data={"purpose": "assistants"}))["id"])

    async def attach(self, store_id: str, file_id: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """Attach an uploaded file to a store."""
        body = {"file_id": file_id, "attributes": dict(attributes)}
        return await self._call("POST", f"/vector_stores/{store_id}/files", json=body)

    async def _call(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        try:
            response = await self._http.request(method, path, **options)
            answer = response.json()
        except httpx.HTTPError as exc:
            raise ToolError(f"The service does not answer: {exc or type(exc).__name__}") from exc
        except ValueError as exc:
            raise ToolError(f"The service answered {response.status_code} without JSON.") from exc
        if response.is_error:
            raise ToolError(_error_message(response, answer))
        return dict(answer)


def _error_message(response: httpx.Response, answer: Any) -> str:
    error = answer.get("error") if isinstance(answer, dict) else None
    message = error.get("message") if isinstance(error, dict) else None
    return str(message or f"The service answered {response.status_code} {response.reason_phrase}.")

"""A collection of Qdrant as a source: `qdrant://collection`. Each point with a text in its payload is a file.

Only payloads are read. Vectors are made again: they are comparable only within one model, and the collection does not
say which model made them.
"""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx

from ingest.errors import Refused
from ingest.imports.attributes import Attributes
from ingest.imports.other_stores.base import InvalidRecord, SourceServer, to_record
from ingest.imports.patterns import PathFilter
from ingest.imports.source_files import SourceFile, SourceProblem, os_error_message, to_printable
from ingest.imports.web_fingerprint import lastmod_fingerprint

DEFAULT_URL = "http://localhost:6333"
SCHEME = "qdrant://"

_PAGE_SIZE = 256
_SECONDS = 60.0
_REASON_CHARACTERS = 200


class QdrantCollection:
    """Reads collections. Threads may share an instance."""

    def __init__(self, server: SourceServer, max_bytes: int) -> None:
        self._server = server
        self._max_bytes = max_bytes

    def close(self) -> None:
        if "_client" in self.__dict__:
            self._client.close()

    def check(self, address: str) -> None:
        if address.removeprefix(SCHEME).strip("/").count("/"):
            raise Refused(f"{address}: expected qdrant://COLLECTION. The URL of the server is --source-url.")

    def list_files(
        self, address: str, source: str, attributes: Attributes, path_filter: PathFilter
    ) -> Iterator[SourceFile | SourceProblem]:
        collection = address.removeprefix(SCHEME).strip("/")
        try:
            for point in self._points(collection):
                url = f"{SCHEME}{collection}/{point['id']}"
                try:
                    record = to_record(self._server, str(point["id"]), point.get("payload") or {})
                except InvalidRecord as exc:
                    yield SourceProblem(to_printable(url), str(exc))
                    continue
                if path_filter.accepts(record.name):
                    yield SourceFile(
                        address=url, relative_path=record.name, display_path=to_printable(url), upload_name=record.name,
                        source=source, size=None, fingerprint=lastmod_fingerprint(record.digest),
                        attributes={**record.attributes, **attributes},
                    )  # fmt: skip
        except OSError as exc:
            yield SourceProblem(to_printable(address), os_error_message(exc), hides_files=True)

    def fetch(self, address: str, fingerprint: str, target: Path) -> str:
        collection, _, text = address.removeprefix(SCHEME).partition("/")
        point_id = int(text) if text.isdecimal() else text
        points = self._post(collection, "points", {"ids": [point_id], "with_payload": True, "with_vector": False})
        if not points:
            raise OSError(0, "The collection does not have the point any more")
        try:
            record = to_record(self._server, text, points[0].get("payload") or {})
        except InvalidRecord as exc:
            raise OSError(0, str(exc)) from exc
        record.write(target, self._max_bytes)
        return record.name

    def _points(self, collection: str) -> Iterator[dict[str, Any]]:
        body: dict[str, Any] = {"limit": _PAGE_SIZE, "with_payload": True, "with_vector": False}
        while True:
            page = self._post(collection, "points/scroll", body)
            yield from page["points"]
            if page.get("next_page_offset") is None:
                return
            body["offset"] = page["next_page_offset"]

    def _post(self, collection: str, path: str, body: dict[str, Any]) -> Any:
        try:
            response = self._client.post(f"/collections/{quote(collection, safe='')}/{path}", json=body)
            answer = response.json()
        except (httpx.HTTPError, httpx.InvalidURL) as exc:
            raise OSError(0, f"The other service does not answer: {exc}") from exc
        except ValueError as exc:
            raise OSError(0, f"The other service answered {response.status_code} without JSON") from exc
        if response.status_code != httpx.codes.OK or not isinstance(answer, dict) or "result" not in answer:
            reason = answer.get("status") if isinstance(answer, dict) else answer
            reason = reason.get("error", reason) if isinstance(reason, dict) else reason
            raise OSError(0, f"The other service answered {response.status_code}: {str(reason)[:_REASON_CHARACTERS]}")
        return answer["result"]

    @cached_property
    def _client(self) -> httpx.Client:
        headers = {"api-key": self._server.api_key} if self._server.api_key else {}
        return httpx.Client(base_url=self._server.url or DEFAULT_URL, headers=headers, timeout=_SECONDS)

"""A vector store of OpenAI, or of a server with its API, as a source: `openai://vs_...`.

The original of a file is copied where the server gives it. OpenAI refuses it for files of vector stores; then the text
that its parser extracted is copied.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import openai

from ingest.errors import Refused
from ingest.imports.attributes import Attributes
from ingest.imports.client import api_error_message
from ingest.imports.other_stores.base import SourceServer
from ingest.imports.patterns import PathFilter
from ingest.imports.source_files import SourceFile, SourceProblem, os_error_message, to_printable
from ingest.imports.web_fingerprint import lastmod_fingerprint

DEFAULT_URL = "https://api.openai.com/v1"
SCHEME = "openai://"

_PAGE_SIZE = 100
_RETRIES = 8
"""With the client's back-off about 40 s; it also waits as long as Retry-After says."""

_TEXT_SUFFIXES = (".txt", ".md")


class OpenAIStore:
    """Reads stores. Threads may share an instance."""

    def __init__(self, server: SourceServer, max_bytes: int) -> None:
        self._server = server
        self._max_bytes = max_bytes
        self._gives_originals = True

    def close(self) -> None:
        if "_client" in self.__dict__:
            self._client.close()

    def check(self, address: str) -> None:
        if not self._server.url and not self._server.api_key:
            raise Refused(
                f"{address}: the key of the other service is missing. Set INGEST_SOURCE_API_KEY, and --source-url if it "
                "is not OpenAI."
            )

    def list_files(
        self, address: str, source: str, attributes: Attributes, path_filter: PathFilter
    ) -> Iterator[SourceFile | SourceProblem]:
        store_id = address.removeprefix(SCHEME).strip("/")
        has_patterns = bool(path_filter.include or path_filter.exclude)
        try:
            with _translated():
                for file in self._client.vector_stores.files.list(store_id, limit=_PAGE_SIZE, order="asc"):
                    # A name costs a request of its own, so it is asked for now only if patterns need it.
                    name = self._client.files.retrieve(file.id).filename if has_patterns else file.id
                    if not path_filter.accepts(to_printable(name)):
                        continue
                    url = f"{SCHEME}{store_id}/{file.id}"
                    yield SourceFile(
                        address=url, relative_path=to_printable(name), display_path=url, upload_name=file.id,
                        source=source, size=None, fingerprint=lastmod_fingerprint(str(file.created_at)),
                        attributes={**(file.attributes or {}), **attributes},
                    )  # fmt: skip
        except OSError as exc:
            yield SourceProblem(to_printable(address), os_error_message(exc), hides_files=True)

    def fetch(self, address: str, fingerprint: str, target: Path) -> str:
        store_id, _, file_id = address.removeprefix(SCHEME).partition("/")
        with _translated():
            name = to_printable(self._client.files.retrieve(file_id).filename) or file_id
            if self._gives_originals and self._copy_original(file_id, target):
                return name
            pages = self._client.vector_stores.files.content(file_id, vector_store_id=store_id)
            texts = [part.text for part in pages if part.text]
        data = "\n\n".join(texts).encode("utf-8", "replace")
        if len(data) > self._max_bytes:
            raise OSError(0, f"Larger than {self._max_bytes:,} bytes")
        target.write_bytes(data)
        return name if name.lower().endswith(_TEXT_SUFFIXES) else f"{name}.txt"

    def _copy_original(self, file_id: str, target: Path) -> bool:
        """Copy the bytes of a file as they were uploaded; return False if the server does not give them."""
        size = 0
        try:
            with self._client.files.with_streaming_response.content(file_id) as response, target.open("wb") as file:
                for block in response.iter_bytes(1 << 16):
                    size += len(block)
                    if size > self._max_bytes:
                        raise OSError(0, f"Larger than {self._max_bytes:,} bytes")
                    file.write(block)
        except (openai.BadRequestError, openai.PermissionDeniedError):
            self._gives_originals = False
            return False
        except openai.NotFoundError:
            return False
        return True

    @cached_property
    def _client(self) -> openai.OpenAI:
        url = self._server.url or DEFAULT_URL
        return openai.OpenAI(base_url=url, api_key=self._server.api_key or "none", max_retries=_RETRIES)


@contextmanager
def _translated() -> Iterator[None]:
    """Raise OSError in place of the client's errors, which would be taken for errors of our service."""
    try:
        yield
    except openai.APIStatusError as exc:
        raise OSError(0, f"The other service answered: {api_error_message(exc)}") from exc
    except openai.APIConnectionError as exc:
        raise OSError(0, "The other service does not answer") from exc
    except openai.OpenAIError as exc:
        raise OSError(0, f"The answer of the other service cannot be read: {exc}") from exc

"""The service as an import reaches it: through the `openai` client, like any other application."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import openai
from openai.types import VectorStore

from ingest.environment import client_api_key
from ingest.errors import Refused
from ingest.imports.waits import ServiceWatch

DEFAULT_RETRIES = 2
RESTART_TOLERANT_RETRIES = 8
"""With the client's back-off about 40 s, which is enough for a restart of the service."""


@contextmanager
def open_client(
    base_url: str, api_key: str = "", *, retries: int = DEFAULT_RETRIES, watch: ServiceWatch | None = None
) -> Iterator[openai.OpenAI]:
    """Yield a client, and turn its exceptions into Refused with one line.

    Without `api_key` the key is INGEST_API_KEY or OPENAI_API_KEY from the environment. `watch` sees all requests.
    """
    key = api_key or client_api_key() or "none"
    try:
        http_client = None
        if watch is not None:
            hooks: dict[str, list[Callable[..., Any]]] = {
                "request": [watch.on_request],
                "response": [watch.on_response],
            }
            http_client = openai.DefaultHttpxClient(event_hooks=hooks)
        with openai.OpenAI(base_url=base_url, api_key=key, max_retries=retries, http_client=http_client) as client:
            yield client
    except openai.APIConnectionError as exc:
        raise Refused(f"No service answers at {base_url}. Start one with `ingest up`.") from exc
    except openai.APIStatusError as exc:
        raise Refused(f"{base_url} answers: {api_error_message(exc)}") from exc
    except openai.APIError as exc:
        raise Refused(f"The answer of {base_url} cannot be parsed: {exc.message}") from exc


def api_error_message(exc: openai.APIStatusError) -> str:
    """Return the service's error message in one line."""
    body: Any = exc.body
    message = body.get("message") if isinstance(body, dict) else None
    return str(message or f"The service answered {exc.status_code} {exc.response.reason_phrase}").strip()


def find_store(client: openai.OpenAI, name: str) -> VectorStore | None:
    """Return the newest vector store with this name or id that has not expired, or None. Raises Refused."""
    # No retry: a service that is not running is the most likely mistake, and the user should see it at once.
    answer = client.with_options(max_retries=0).vector_stores.with_raw_response.list(limit=100)
    if "json" not in answer.headers.get("content-type", ""):
        raise Refused(f"{client.base_url} answers with a web page. Is it the URL of this service?")
    for store in answer.parse():
        if name in (store.name, store.id) and store.status != "expired":
            return store
    return None


def find_store_of_batch(client: openai.OpenAI, batch_id: str) -> str:
    """Return the id of the vector store that a batch belongs to. Raises Refused when there is none."""
    for store in client.vector_stores.list(limit=100):
        try:
            client.vector_stores.file_batches.retrieve(batch_id, vector_store_id=store.id)
        except openai.NotFoundError:
            continue
        return store.id
    raise Refused(f"No vector store has a file batch {batch_id}.")

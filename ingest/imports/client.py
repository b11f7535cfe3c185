"""The service as an import reaches it: through the `openai` client, like any other application."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import openai
from openai.types import VectorStore

from ingest.errors import Refused
from ingest.imports.uploads import reason

DEFAULT_URL = "http://127.0.0.1:8000/v1"
RETRIES = 2
PATIENT_RETRIES = 8
"""With the client's pauses about 40 s: as long as a service takes to be started again."""


@contextmanager
def connected(base_url: str, api_key: str = "", *, retries: int = RETRIES) -> Iterator[openai.OpenAI]:
    """A client; what goes wrong between it and the service is Refused, in one line.

    Without a key given, that of the environment: INGEST_API_KEY or OPENAI_API_KEY.
    """
    key = api_key or os.environ.get("INGEST_API_KEY") or os.environ.get("OPENAI_API_KEY") or "none"
    try:
        with openai.OpenAI(base_url=base_url, api_key=key, max_retries=retries) as client:
            yield client
    except openai.APIConnectionError as exc:
        raise Refused(f"No service answers at {base_url}. Start one with `ingest up`.") from exc
    except openai.APIStatusError as exc:
        raise Refused(f"{base_url} answers: {reason(exc)}") from exc
    except openai.APIError as exc:
        raise Refused(f"What {base_url} answers is not understood: {exc.message}") from exc


def find_store(client: openai.OpenAI, name: str) -> VectorStore | None:
    """The store with this name or id, unless expired. The newest of several."""
    # Not tried again: a service that is not there is the most likely mistake.
    answer = client.with_options(max_retries=0).vector_stores.with_raw_response.list(limit=100)
    if "json" not in answer.headers.get("content-type", ""):
        raise Refused(f"What answers at {client.base_url} is a web page, not this service.")
    for store in answer.parse():
        if name in (store.name, store.id) and store.status != "expired":
            return store
    return None


def store_of(client: openai.OpenAI, batch_id: str) -> str:
    """The id of the store that a batch belongs to. Raises Refused when none has it."""
    for store in client.vector_stores.list(limit=100):
        try:
            client.vector_stores.file_batches.retrieve(batch_id, vector_store_id=store.id)
        except openai.NotFoundError:
            continue
        return store.id
    raise Refused(f"No vector store has a file batch {batch_id}.")

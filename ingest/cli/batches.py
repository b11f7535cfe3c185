"""What commands that begin a batch have in common: its store, waiting for it, and its outcome."""

import time
from typing import Any

import openai
from rich.console import Console

from ingest.errors import Refused
from ingest.imports.client import find_store

POLL_SECONDS = 0.5


def store_id(client: openai.OpenAI, name: str) -> str:
    """The id of the store with this id or name. Raises Refused."""
    if name.startswith("vs_"):
        return name
    found = find_store(client, name)
    if found is None:
        raise Refused(f"There is no vector store called {name}.")
    return found.id


def wait_for(client: openai.OpenAI, batch: dict[str, Any]) -> dict[str, Any]:
    """The batch, once it has ended."""
    while batch["status"] == "in_progress":
        time.sleep(POLL_SECONDS)
        found = client.vector_stores.file_batches.retrieve(batch["id"], vector_store_id=batch["vector_store_id"])
        batch = found.model_dump()
    return batch


def print_outcome(counts: dict[str, int]) -> None:
    """How many files ended how."""
    ended = ", ".join(f"{counts[name]:,} {name}" for name in ("completed", "failed", "cancelled"))
    Console(highlight=False).print(ended)

"""What commands that start a batch share: find its store, wait for its end, and print its counts."""

import time
from typing import Any

import openai
from rich.console import Console

from ingest.cli.output import print_line, print_to_stderr
from ingest.errors import Refused
from ingest.imports.client import find_store
from ingest.imports.waits import ImportWait, read_wait

POLL_SECONDS = 0.5


def resolve_store_id(client: openai.OpenAI, name: str) -> str:
    """Return the id of the vector store with this id or name. Raises Refused."""
    if name.startswith("vs_"):
        return name
    store = find_store(client, name)
    if store is None:
        raise Refused(f"No vector store has the name {name}.")
    return store.id


def wait_for_batch(client: openai.OpenAI, batch: dict[str, Any]) -> dict[str, Any]:
    """Poll a batch until it ends, and return it. What it waits for is printed to standard error."""
    waiting: ImportWait | None = None
    while batch["status"] == "in_progress":
        time.sleep(POLL_SECONDS)
        answer = client.vector_stores.file_batches.retrieve(batch["id"], vector_store_id=batch["vector_store_id"])
        previous, waiting = waiting, read_wait(answer)
        if waiting is not None and (previous is None or previous.kind != waiting.kind):
            print_to_stderr(f"waiting for {waiting.text}")
        batch = answer.model_dump()
    return batch


def is_complete(batch: dict[str, Any]) -> bool:
    """Return whether every file of a batch is completed."""
    return bool(batch["file_counts"]["completed"] == batch["file_counts"]["total"])


def print_file_counts(counts: dict[str, int]) -> None:
    """Print how many files of a batch ended in which state."""
    ended = ", ".join(f"{counts[state]:,} {state}" for state in ("completed", "failed", "cancelled"))
    print_line(Console(), ended)

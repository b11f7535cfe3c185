"""A tour of the service: start it, import a folder of documents, label some, search, stop. Run by `make demo`."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import openai
import psutil
from openai.types.vector_store_search_params import Filters
from rich.console import Console

DOCUMENTS = Path(__file__).parent / "documents"
INGEST = Path(sys.executable).parent / "ingest"
READY_SECONDS = 60
STOP_SECONDS = 10
PASSAGE_CHARACTERS = 160

LABELS: dict[str, dict[str, str | float | bool]] = {
    "flood-letter-1953.rtf": {"kind": "letter", "year": 1953},
    "charging-mast-letter.eml": {"kind": "letter", "year": 2024},
    "minutes-2024-03-12.docx": {"kind": "minutes", "year": 2024},
}

console = Console()


class Wrong(Exception):
    """Something is not as it should be; the demo ends with exit code 1."""


def main() -> None:
    # A proxy of this machine has no business between us and a service on the same machine.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    with tempfile.TemporaryDirectory(prefix="ingest-demo-") as data, service(Path(data)) as url:
        heading(f"Import {DOCUMENTS.name}/")
        command: list[str | Path] = [INGEST, "import", DOCUMENTS, "--store", "demo", "--base-url", url]
        command += ["--journal", Path(data) / "journals"]
        if subprocess.run(command, check=False).returncode != 0:
            raise Wrong("Not every document was imported.")

        client = openai.OpenAI(base_url=url, api_key="anything")  # from here on it is like talking to OpenAI
        store = next(store for store in client.vector_stores.list() if store.name == "demo")
        check_counts(client, store.id)
        label(client, store.id)

        heading("Search by meaning")
        search(client, store.id, "a baby was born because the boat came too late", expected="founding-of-the-ferry.txt")
        heading("Search by exact words")
        search(client, store.id, "CB-4471-K", expected="crew-manual.md")
        heading("Search among letters from before 1960")
        old_letters: Filters = {
            "type": "and",
            "filters": [
                {"type": "eq", "key": "kind", "value": "letter"},
                {"type": "lt", "key": "year", "value": 1960},
            ],
        }
        question = "How high did the water stand?"
        search(client, store.id, question, expected="flood-letter-1953.rtf", filters=old_letters, most=1)

        heading("Stop")


@contextmanager
def service(data: Path) -> Iterator[str]:
    """A running service with its base URL; afterwards none of its processes is left."""
    # Only what this command brings itself: no server that somebody uses in earnest.
    environment = {
        name: value for name, value in os.environ.items() if not (name.startswith("INGEST_") and name.endswith("_URL"))
    }
    started = time.monotonic()
    log = data / "service.log"
    command: list[str | Path] = [INGEST, "up", "--port", str(free_port()), "--data", data / "service", "--no-flower"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        url = wait_until_ready(process, log)
        console.print(f"The service is ready at {url} after {time.monotonic() - started:.1f} s.")
        yield url
    finally:
        stop(process)
    console.print("Stopped; no process is left.")


def wait_until_ready(process: "subprocess.Popen[bytes]", log: Path) -> str:
    """The base URL, once the service has said that it is ready."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        for line in log.read_text().splitlines():
            if line.startswith("ready "):
                return line.removeprefix("ready ")
        if process.poll() is not None:
            raise Wrong(f"The service ended before it was ready:\n{log.read_text()}")
        time.sleep(0.1)
    raise Wrong(f"The service was not ready after {READY_SECONDS} s:\n{log.read_text()}")


def stop(process: "subprocess.Popen[bytes]") -> None:
    """End the service, by asking and then by force, and see to it that all its processes have gone with it."""
    parts = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise Wrong(f"The service did not stop within {STOP_SECONDS} s.") from None
    finally:
        _, left = psutil.wait_procs(parts, timeout=2)
        for part in left:
            part.kill()
    if left:
        raise Wrong(f"Processes were left behind: {', '.join(str(part.pid) for part in left)}.")


def check_counts(client: openai.OpenAI, store_id: str) -> None:
    """The store's own numbers must be those of the folder."""
    counts = client.vector_stores.retrieve(store_id).file_counts
    console.print(f"The store counts {counts.completed} completed, {counts.failed} failed, {counts.total} in total.")
    documents = sum(not path.name.startswith(".") for path in DOCUMENTS.iterdir())
    if (counts.completed, counts.total) != (documents, documents):
        raise Wrong(f"The folder has {documents} documents.")


def label(client: openai.OpenAI, store_id: str) -> None:
    """Give some files attributes that searches can filter by."""
    for file in client.vector_stores.files.list(store_id, limit=100):
        attributes = LABELS.get(client.files.retrieve(file.id).filename)
        if attributes:
            client.vector_stores.files.update(file.id, vector_store_id=store_id, attributes=attributes)


def search(
    client: openai.OpenAI, store_id: str, query: str, *, expected: str, filters: Filters | None = None, most: int = 3
) -> None:
    """Print what is found; the expected file must come first, and no more than `most` may come."""
    console.print(f"[italic]{query}[/italic]")
    found = client.vector_stores.search(
        store_id, query=query, filters=openai.omit if filters is None else filters, max_num_results=3
    ).data
    for hit in found:
        passage = " ".join(hit.content[0].text.split())[:PASSAGE_CHARACTERS]
        console.print(f"  [bold]{hit.score:.3f}[/bold]  [cyan]{hit.filename}[/cyan]", highlight=False)
        console.print(f"         {passage}…", style="dim", highlight=False, markup=False, soft_wrap=True)
    if not found or found[0].filename != expected or len(found) > most:
        raise Wrong(f"Expected {expected} on top, and at most {most} results.")


def heading(text: str) -> None:
    console.print(f"\n[bold green]{text}[/bold green]", highlight=False)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
    except (Wrong, openai.OpenAIError) as exc:
        console.print(f"The demo failed: {exc}", style="red", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        console.print("Interrupted.")
        sys.exit(130)

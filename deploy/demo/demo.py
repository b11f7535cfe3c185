"""Tour of the service: start it, import a folder of documents, set attributes, search, stop. Run by `make demo`."""

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

ATTRIBUTES: dict[str, dict[str, str | float | bool]] = {
    "flood-letter-1953.rtf": {"kind": "letter", "year": 1953},
    "charging-mast-letter.eml": {"kind": "letter", "year": 2024},
    "minutes-2024-03-12.docx": {"kind": "minutes", "year": 2024},
}

console = Console()


class DemoError(Exception):
    """An unexpected result; the demo exits with code 1."""


def main() -> None:
    # Requests to a service on this machine must not go through a proxy.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    with tempfile.TemporaryDirectory(prefix="ingest-demo-") as data, service(Path(data)) as url:
        heading(f"Import {DOCUMENTS.name}/")
        command: list[str | Path] = [INGEST, "import", DOCUMENTS, "--store", "demo", "--base-url", url]
        command += ["--journal", Path(data) / "journals"]
        if subprocess.run(command, check=False).returncode != 0:
            raise DemoError("Not every document was imported.")

        client = openai.OpenAI(base_url=url, api_key="anything")  # from here on the code is the same as for OpenAI
        store = next(store for store in client.vector_stores.list() if store.name == "demo")
        check_counts(client, store.id)
        set_attributes(client, store.id)

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
    """Start a service, yield its base URL, and check that no process is left afterwards."""
    # Use only the embedded parts, never a configured production server.
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
    """Return the base URL once the service has printed that it is ready."""
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        for line in log.read_text().splitlines():
            if line.startswith("ready "):
                return line.removeprefix("ready ")
        if process.poll() is not None:
            raise DemoError(f"The service ended before it was ready:\n{log.read_text()}")
        time.sleep(0.1)
    raise DemoError(f"The service was not ready after {READY_SECONDS} s:\n{log.read_text()}")


def stop(process: "subprocess.Popen[bytes]") -> None:
    """Stop the service with SIGTERM, then SIGKILL, and check that all of its processes have ended."""
    parts = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise DemoError(f"The service did not stop within {STOP_SECONDS} s.") from None
    finally:
        _, left = psutil.wait_procs(parts, timeout=2)
        for part in left:
            part.kill()
    if left:
        raise DemoError(f"Processes were left behind: {', '.join(str(part.pid) for part in left)}.")


def check_counts(client: openai.OpenAI, store_id: str) -> None:
    """Check that the store's counters match the number of documents."""
    counts = client.vector_stores.retrieve(store_id).file_counts
    console.print(f"The store counts {counts.completed} completed, {counts.failed} failed, {counts.total} in total.")
    documents = sum(not path.name.startswith(".") for path in DOCUMENTS.iterdir())
    if (counts.completed, counts.total) != (documents, documents):
        raise DemoError(f"The folder has {documents} documents.")


def set_attributes(client: openai.OpenAI, store_id: str) -> None:
    """Set attributes on some files for filtered searches."""
    for file in client.vector_stores.files.list(store_id, limit=100):
        attributes = ATTRIBUTES.get(client.files.retrieve(file.id).filename)
        if attributes:
            client.vector_stores.files.update(file.id, vector_store_id=store_id, attributes=attributes)


def search(
    client: openai.OpenAI, store_id: str, query: str, *, expected: str, filters: Filters | None = None, most: int = 3
) -> None:
    """Print the results; check that the expected file comes first and that there are at most `most` results."""
    console.print(f"[italic]{query}[/italic]")
    found = client.vector_stores.search(
        store_id, query=query, filters=openai.omit if filters is None else filters, max_num_results=3
    ).data
    for hit in found:
        passage = " ".join(hit.content[0].text.split())[:PASSAGE_CHARACTERS]
        console.print(f"  [bold]{hit.score:.3f}[/bold]  [cyan]{hit.filename}[/cyan]", highlight=False)
        console.print(f"         {passage}…", style="dim", highlight=False, markup=False, soft_wrap=True)
    if not found or found[0].filename != expected or len(found) > most:
        raise DemoError(f"Expected {expected} on top, and at most {most} results.")


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
    except (DemoError, openai.OpenAIError) as exc:
        console.print(f"The demo failed: {exc}", style="red", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        console.print("Interrupted.")
        sys.exit(130)

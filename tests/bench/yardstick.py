"""Measure the bare work with external scripts: `make bench YARDSTICK=FOLDER`.

The folder has gen.py (writes documents and a manifest.json), embed_stub.py (the embedding server that both sides use)
and limit.py (reads, parses, chunks and embeds the documents of a manifest, and prints JSON with `files_per_s`). Their
extra dependencies, for example reportlab for PDFs, must be installed.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from os import cpu_count
from pathlib import Path

from ingest.embedded.processes import free_port
from tests.bench.corpus import Document
from tests.bench.limit import TIMEOUT_SECONDS
from tests.bench.stub import serving


def documents(scripts: Path, folder: Path, count: int, kinds: Sequence[str]) -> list[Document]:
    """Generate this many of their documents, about 10 KB of text each, in a new folder."""
    _run(scripts / "gen.py", "--out", str(folder), "-n", str(count), "--mix", ",".join(f"{kind}=1" for kind in kinds))
    rows = json.loads((folder / "manifest.json").read_text())["files"]
    return [Document(folder / row["name"], row["kind"], row["probe"]) for row in rows]


@contextmanager
def stub(scripts: Path, folder: Path) -> Iterator[str]:
    """Run their embedding server without latency and yield its base URL."""
    port = free_port()
    command = [sys.executable, str(scripts / "embed_stub.py"), "--port", str(port)]
    with serving(command, port, folder / "stub.log") as url:
        yield url


def files_per_second(scripts: Path, folder: Path, url: str) -> float:
    """Return the result of their limit.py, with its light parsers and one process per core."""
    options = {"corpus": folder, "parser": "light", "procs": cpu_count() or 1, "embed-url": url}
    result = _run(scripts / "limit.py", *(f"--{name}={value}" for name, value in options.items()))
    found: float = json.loads(result[result.index("{") :])["files_per_s"]
    return found


def _run(script: Path, *options: str) -> str:
    command = [sys.executable, str(script), *options]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, timeout=TIMEOUT_SECONDS).stdout

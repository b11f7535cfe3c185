"""The same scenario through every generation of the unmodified openai clients (tests/clients)."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import openai
import pytest

from tests.stories.running import Service

SCRIPTS = Path(__file__).parents[1] / "clients"
INSTALLED = Path(sys.prefix) / "clients"

CHECKS = {
    "store_lifecycle",
    "batch_upload",
    "batch_of_failures",
    "batch_cancel",
    "batch_of_a_deleted_store",
    "paging",
    "list_of_all_files",
    "single_files",
    "deletes",
    "searching",
    "errors",
}
PYTHON = CHECKS | {"asynchronous_batch_upload"}

GENERATIONS = {
    f"python-{openai.__version__}": PYTHON | {"attributes", "uploads"},
    "python-1.55.3": PYTHON | {"uploads"},  # vector stores are in beta; paging ends with an empty page
    "python-1.30.5": PYTHON,  # the first with vector stores; the list of files is one page
    "node-6.49.0": CHECKS | {"attributes", "uploads"},  # the last that runs on Node.js before 22
    "node-4.52.0": CHECKS,  # the same checks as Python 1.30
}

STORY_SECONDS = 60


@pytest.fixture(scope="module")
def large_store(service: Service) -> dict[str, Any]:
    """Create a store with 250 files, most of them cancelled, and return the ids of the files, oldest first."""
    text = " ".join(f"Remark {n} about the large store." for n in range(150))
    with service.client() as client, ThreadPoolExecutor(8) as pool:
        store = client.vector_stores.create(name="a large store").id
        files = list(
            pool.map(
                lambda n: client.files.create(file=(f"{n}.txt", f"{n}: {text}".encode()), purpose="assistants").id,
                range(250),
            )
        )
        batch = client.vector_stores.file_batches.create(store, file_ids=files).id
        client.vector_stores.file_batches.cancel(batch, vector_store_id=store)
    return {"store": store, "batch": batch, "files": files}


@pytest.mark.parametrize("generation", GENERATIONS)
def test_the_client_works_unchanged(service: Service, large_store: dict[str, Any], generation: str) -> None:
    version, errors = _run_story(_command(generation), service, large_store)

    failures = [f"{check}: {error}" for check, error in errors.items() if error]
    assert not failures, "\n".join(failures)
    assert sorted(errors) == sorted(GENERATIONS[generation]), "The story ended too early, or has other checks."
    assert generation.endswith(f"-{version}")


def _command(generation: str) -> list[str]:
    if generation == f"python-{openai.__version__}":
        return [sys.executable, str(SCRIPTS / "story.py")]
    home = INSTALLED / generation
    if not (home / "installed").exists():
        reason = f"{generation} is not installed; `make clients` does it, or says why not"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    if generation.startswith("python"):
        return [str(home / "bin" / "python"), str(SCRIPTS / "story.py")]
    return ["node", str(SCRIPTS / "node" / "story.mjs"), str(home)]


def _run_story(command: list[str], service: Service, large_store: dict[str, Any]) -> tuple[str, dict[str, str | None]]:
    """Run the story and return the client's version and the error of each check. A story that hangs has fewer checks."""
    environment = os.environ | {"OPENAI_BASE_URL": service.base_url, "OPENAI_API_KEY": "none"}
    try:
        output = subprocess.run(
            command,
            env=environment,
            input=json.dumps(large_store).encode(),
            stdout=subprocess.PIPE,
            timeout=STORY_SECONDS,
        ).stdout
    except subprocess.TimeoutExpired as expired:
        output = expired.stdout or b""
    first, *others = [json.loads(line) for line in output.splitlines()]
    return first["client"], {line["check"]: line["error"] for line in others}

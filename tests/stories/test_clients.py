"""The same scenario through every generation of the unmodified openai clients (tests/clients)."""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openai
import pytest

from tests.stories.client_scripts import SCRIPTS, require_installed, run_checks
from tests.stories.running import Service

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
    "python-3.57.0": PYTHON | {"attributes", "uploads"},
    "python-1.55.3": PYTHON | {"uploads"},  # vector stores are in beta; paging ends with an empty page
    "python-1.30.5": PYTHON,  # the first with vector stores; the list of files is one page
    "node-6.49.0": CHECKS | {"attributes", "uploads"},  # the last that runs on Node.js before 22
    "node-4.52.0": CHECKS,  # the same checks as Python 1.30
}


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
    first, *checks = run_checks(_command(generation), service, json.dumps(large_store).encode())
    version, errors = first["client"], {check["check"]: check["error"] for check in checks}

    failures = [f"{check}: {error}" for check, error in errors.items() if error]
    assert not failures, "\n".join(failures)
    assert sorted(errors) == sorted(GENERATIONS[generation]), "The story ended too early, or has other checks."
    assert generation.endswith(f"-{version}")


def _command(generation: str) -> list[str]:
    if generation == f"python-{openai.__version__}":
        return [sys.executable, str(SCRIPTS / "story.py")]
    home = require_installed(generation)
    if generation.startswith("python"):
        return [str(home / "bin" / "python"), str(SCRIPTS / "story.py")]
    return ["node", str(SCRIPTS / "node" / "story.mjs"), str(home)]

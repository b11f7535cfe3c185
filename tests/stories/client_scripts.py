"""Run the scripts of tests/clients, each with the interpreter of its client, and read their checks."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.stories.running import Service

SCRIPTS = Path(__file__).parents[1] / "clients"
INSTALLED = Path(sys.prefix) / "clients"

TOKENIZERS = Path(__file__).parents[2] / "ingest" / "data" / "tiktoken"

STORY_SECONDS = 60


def require_installed(name: str) -> Path:
    """Return the environment that `make clients` installs; without it, fail in CI and skip elsewhere."""
    home = INSTALLED / name
    if not (home / "installed").exists():
        reason = f"{name} is not installed; `make clients` does it, or says why not"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return home


def run_checks(command: list[str], service: Service, given: bytes = b"") -> list[dict[str, Any]]:
    """Run a script against the service, and return the JSON lines that it prints. A script that hangs prints fewer."""
    addresses = {"OPENAI_BASE_URL": service.base_url, "OPENAI_API_KEY": "none", "TIKTOKEN_CACHE_DIR": str(TOKENIZERS)}
    try:
        output = subprocess.run(
            command, env=os.environ | addresses, input=given, stdout=subprocess.PIPE, timeout=STORY_SECONDS
        ).stdout
    except subprocess.TimeoutExpired as expired:
        output = expired.stdout or b""
    return [json.loads(line) for line in output.splitlines()]

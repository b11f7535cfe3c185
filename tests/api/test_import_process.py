"""The API that a scheduled import serves for itself; tests/imports/test_scheduled_run.py covers its runs."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from starlette.types import Message, Receive, Scope, Send

from api import import_process
from api.import_process import ImportCallerMiddleware
from ingest.db.models import ImportSchedule
from ingest.imports.runner import EXIT_LEASE_LOST
from tests.fakes import CALLER, FakeServices


def test_a_run_whose_lease_is_lost_does_nothing(services: FakeServices, tmp_path: Path) -> None:
    assert import_process.execute_run(services, 1, 1, tmp_path) == EXIT_LEASE_LOST


def test_the_process_of_an_import_cannot_allocate_more_than_its_limit() -> None:
    code = (
        "from api.import_process import limit_memory\nlimit_memory(512)\n"
        "try:\n    bytearray(600 * 2**20)\nexcept MemoryError:\n    print('refused')"
    )

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)

    assert ended.stdout == "refused\n"


@pytest.mark.anyio
async def test_every_request_acts_for_the_project_of_the_schedule() -> None:
    scopes: list[Scope] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(_: Message) -> None:
        pass

    schedule = cast(ImportSchedule, SimpleNamespace(row=1, fence=1))
    await ImportCallerMiddleware(inner, CALLER, schedule)({"type": "http", "headers": []}, receive, send)

    assert scopes[0]["caller"].project == CALLER.project

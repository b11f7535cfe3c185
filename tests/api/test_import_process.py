"""The API that a scheduled import serves for itself; tests/imports/test_scheduled_run.py covers its runs."""

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

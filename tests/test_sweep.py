"""The periodic work as a whole: what it leaves alone for a while."""

import time
from contextlib import suppress

from sqlalchemy.exc import OperationalError

from ingest.db import progress
from ingest.db.session import Database
from ingest.errors import DependencyDown
from ingest.sweep import HEARTBEATS, sweep
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import FakeTools


def outage(database: Database) -> None:
    """Let a transaction find the database away."""
    with suppress(DependencyDown), database.transaction():
        raise OperationalError("SELECT 1", {}, Exception("the server closed the connection"))


def test_an_outage_of_the_database_costs_no_file_a_kill(tools: FakeTools, clock: Clock) -> None:
    tools.settings = tools.settings.model_copy(update={"heartbeat_seconds": 0.2})
    store = rows.a_store(tools.database)
    [file] = rows.files(tools.database, 1)
    claim = rows.claimed(tools.database, rows.attach(tools.database, store, [file])[0])
    clock.advance(60)
    outage(tools.database)

    sweep(tools)

    with tools.database.transaction() as session:
        assert progress.renew(session, claim, lease_seconds=30)
    assert rows.row(tools.database, store, file).kills == 0


def test_a_worker_that_stays_silent_after_an_outage_loses_its_file(tools: FakeTools, clock: Clock) -> None:
    tools.settings = tools.settings.model_copy(update={"heartbeat_seconds": 0.1})
    store = rows.a_store(tools.database)
    [file] = rows.files(tools.database, 1)
    rows.claimed(tools.database, rows.attach(tools.database, store, [file])[0])
    clock.advance(60)
    outage(tools.database)

    time.sleep(HEARTBEATS * 0.1)
    sweep(tools)

    lost = rows.row(tools.database, store, file)
    assert (lost.status, lost.kills) == ("queued", 1)

"""The heartbeat of a worker's parent process: at the start, periodically, at the end, and never across a fork."""

import os
from pathlib import Path

import pytest

from ingest.config import Settings
from ingest.db.queue import workers
from ingest.db.session import Database
from ingest.jobs.worker_heartbeat import WorkerHeartbeat
from tests.servers import wait_until


@pytest.fixture
def heartbeat_settings(settings: Settings, database_url: str) -> Settings:
    return settings.model_copy(update={"database_url": database_url, "heartbeat_seconds": 0.05, "node": "machine"})


def read(settings: Settings) -> list[workers.WorkerView]:
    database = Database(settings.sql_url)
    with database.reading() as session:
        found = workers.list_workers(session)
    database.dispose()
    return found


def test_a_worker_is_known_from_its_start_to_its_end(heartbeat_settings: Settings) -> None:
    heartbeat = WorkerHeartbeat(heartbeat_settings, lanes=["interactive", "bulk"], processes=3)
    heartbeat.start()
    try:
        [first] = read(heartbeat_settings)
        assert (first.node, first.lanes, first.processes) == ("machine", ("interactive", "bulk"), 3)
        wait_until(
            lambda: any(each.heartbeat_at > first.heartbeat_at for each in read(heartbeat_settings)),
            what="the next heartbeat",
        )
        pid = os.fork()
        if pid == 0:
            os._exit(0)  # the child got the lock of the heartbeat in an unlocked state
        assert os.waitpid(pid, 0)[1] == 0
    finally:
        heartbeat.stop()

    assert [each.is_alive for each in read(heartbeat_settings)] == [False]


def test_a_worker_starts_while_its_database_is_down(settings: Settings, tmp_path: Path) -> None:
    nowhere = settings.model_copy(update={"database_url": f"sqlite:///{tmp_path}/missing/none.db"})
    heartbeat = WorkerHeartbeat(nowhere, lanes=["bulk"], processes=1)

    heartbeat.start()
    heartbeat.stop()

"""Scheduled imports that are interrupted at any step, over fakes and on both databases."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from api import import_process
from api.lifespan import IMPORT_COMMAND
from ingest import ids
from ingest.caller import ImportOrigin
from ingest.config import Settings
from ingest.db.schedules import import_schedules as schedule_rows
from ingest.db.session import Database
from ingest.embedded.processes import free_port
from ingest.errors import Abandoned
from ingest.imports import failures, schedules, store_sync
from ingest.imports.runner import EXIT_ENDED, EXIT_LEASE_LOST, ImportRunner
from ingest.imports.service_journal import ServiceJournal
from ingest.stores import files
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeServices
from tests.imports.mirror_scenes import (
    claim_run,
    count_files,
    create_mirror,
    execute_run,
    nonzero_counts,
    reload,
    run_to_end,
    start_run,
    store_file_names,
    workers_running,
)
from tests.servers import wait_until


class Killed(BaseException):
    """Simulates the death of the process."""


def die_at(monkeypatch: pytest.MonkeyPatch, where: Any, name: str, after: int, *, done: bool) -> None:
    """Raise Killed once, at the given call of a method: before the method, or after it if `done`."""
    original: Callable[..., Any] = getattr(where, name)
    calls = 0

    def call(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == after and not done:
            raise Killed
        answer = original(*given, **named)
        if calls == after:
            raise Killed
        return answer

    monkeypatch.setattr(where, name, call)


@pytest.mark.parametrize("done", [False, True])
@pytest.mark.parametrize(
    ("where", "name", "after"),
    [
        (ServiceJournal, "record_upload", 1), (ServiceJournal, "record_upload", 2), (ServiceJournal, "record_batch", 1),
        (ServiceJournal, "close_batch", 1), (ServiceJournal, "mark_missing", 1), (ServiceJournal, "record_removed", 1),
        (ServiceJournal, "record_superseded_deleted", 1), (store_sync.StoreSync, "_delete", 1), (store_sync.StoreSync, "_delete", 2),
        (failures, "group_by_reason", 1),
    ],
)  # fmt: skip
def test_a_run_killed_at_any_step_is_completed_by_the_next_process(
    services: FakeServices,
    documents: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: Any,
    name: str,
    after: int,
    done: bool,
) -> None:
    schedule = create_mirror(services, documents)
    run_to_end(services, schedule, tmp_path)
    for change, text in (("a.txt", "A kingfisher."), ("d.txt", "A newt."), ("e.txt", "A vole.")):
        (documents / change).write_text(text)
    (documents / "b.txt").unlink()
    first = start_run(services, schedule)
    with monkeypatch.context() as patched:
        die_at(patched, where, name, after, done=done)
        with pytest.raises(Killed):
            execute_run(services, first, tmp_path)
    with services.database.transaction() as session:
        assert schedule_rows.release_run(session, first.row, first.fence, after_seconds=0.0, is_counted=True)

    second = claim_run(services)
    assert (second.run_id, second.attempts) == (first.run_id, 2)
    assert execute_run(services, second, tmp_path) == EXIT_ENDED

    ended = reload(services, schedule)
    assert (ended.result, nonzero_counts(ended)) == (
        "completed",
        {"uploaded": 3, "removed": 1, "completed": 4, "total": 4},
    )
    assert store_file_names(services, schedule) == ["a.txt", "c.txt", "d.txt", "e.txt"]
    assert count_files(services) == 4
    assert rows.read_counts(services.database, schedule.vector_store_id) == (0, 4, 0, 0)


def test_a_process_without_the_lease_cannot_upload_or_end_the_run(
    services: FakeServices, documents: Path, tmp_path: Path, clock: Clock
) -> None:
    schedule = create_mirror(services, documents)
    old = start_run(services, schedule)
    clock.advance(31)
    new = claim_run(services)
    assert (new.row, new.run_id, new.fence) == (old.row, reload(services, schedule).run_id, old.fence + 1)

    assert (
        import_process.execute_run(services, old.row, old.fence, tmp_path, exit_process=lambda _: None)
        == EXIT_LEASE_LOST
    )
    with pytest.raises(Abandoned):
        files.create(
            services,
            replace(CALLER, import_origin=ImportOrigin(old.row, old.fence, b"/a", "a.txt", "1")),
            filename="a.txt", purpose="assistants", blocks=[b"a"], expires_after=None,
        )  # fmt: skip

    with services.database.transaction() as session:
        assert not schedule_rows.end_run(session, old.row, old.fence, "completed")
        assert not schedule_rows.renew_lease(session, old.row, old.fence, 30.0, {})
        assert schedule_rows.renew_lease(session, new.row, new.fence, 30.0, {})
    assert count_files(services) == 0


@pytest.mark.parametrize("running", [False, True])
def test_a_run_of_a_schedule_that_is_being_deleted_is_not_claimed(
    services: FakeServices, documents: Path, tmp_path: Path, clock: Clock, running: bool
) -> None:
    schedule = create_mirror(services, documents)
    run_to_end(services, schedule, tmp_path)
    old = start_run(services, schedule) if running else None
    schedules.run_now(services, CALLER, schedule.vector_store_id, schedule.id)
    with services.database.transaction() as session:
        locked = schedule_rows.get(session, schedule.vector_store_id, schedule.id, lock=True)
        assert locked is not None
        assert not schedule_rows.delete_some(session, locked, 2)

    clock.advance(2 * 86_400)
    assert schedules.run_due(services) == 0
    with services.database.transaction() as session:
        assert schedule_rows.claim_run(session, "test/2", ids.new("imp_"), 30.0) is None
        assert old is None or not schedule_rows.renew_lease(session, old.row, old.fence, 30.0)
    assert (reload(services, schedule).paused, reload(services, schedule).result) == (
        True, "failed" if running else "completed"
    )  # fmt: skip
    schedules.delete(services, CALLER, schedule.vector_store_id, schedule.id)
    assert count_files(services) == 3


def test_a_killed_process_is_replaced_by_one_that_ends_the_run(
    settings: Settings, database_url: str, tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    for n in range(120):
        (shared / f"{n}.txt").write_text(f"marker{n} " * 300)
    given = {"import_roots": str(shared), "sweep_seconds": 0.2, "redis_url": f"redis://127.0.0.1:{free_port()}/0"}
    services = FakeServices(settings.model_copy(update=given), Database(database_url))
    environment = {f"INGEST_{name.upper()}": str(value) for name, value in given.items()}
    environment |= {"INGEST_DATA": str(settings.data), "INGEST_DATABASE_URL": database_url}
    schedule = create_mirror(services, shared)
    schedules.run_now(services, CALLER, schedule.vector_store_id, schedule.id)
    runner = ImportRunner(services, IMPORT_COMMAND, environment)
    with workers_running(services):
        runner.start()
        wait_until(lambda: reload(services, schedule).uploaded >= 20, seconds=60, what="some uploads")
        runner.processes[0].popen.kill()
        wait_until(lambda: reload(services, schedule).ended_at is not None, seconds=60, what="the end of the run")
        runner.stop()

    ended = reload(services, schedule)
    assert (ended.result, nonzero_counts(ended)) == ("completed", {"uploaded": 120, "completed": 120, "total": 120})
    assert ended.attempts == 2
    assert count_files(services) == 120
    assert rows.read_counts(services.database, schedule.vector_store_id) == (0, 120, 0, 0)
    services.database.dispose()

"""The processes that the runner starts for due imports, on both databases."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from ingest.db.models import ImportSchedule
from ingest.imports import schedules
from ingest.imports.runner import MAX_ATTEMPTS, ImportRunner
from tests.conftest import Clock
from tests.fakes import CALLER, FakeServices
from tests.imports.schedule_scenes import DAY, HOUR, LEASE, claim_run, create_hourly, create_store, reload
from tests.servers import wait_until

FAILS = "import sys; sys.exit(1)"
RETRIES_LATER = "import sys; sys.exit(75)"
_REPORT_READY_AND_WAIT = "open(sys.argv[3] + '/ready', 'w'); time.sleep(60)"
RUNS = f"import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(130)); {_REPORT_READY_AND_WAIT}"
FAILS_ON_SIGTERM = (
    f"import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(1)); {_REPORT_READY_AND_WAIT}"
)


IGNORES_SIGTERM = f"import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); {_REPORT_READY_AND_WAIT}"
LEAVES_FILES = "import tempfile, time; tempfile.mkdtemp(); time.sleep(60)"
FREEZES = "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"


@pytest.fixture
def new_runner(services: FakeServices) -> Iterator[Any]:
    """A factory of runners whose processes execute a given program. They are killed after the test."""
    runners: list[ImportRunner] = []

    def create(program: str) -> ImportRunner:
        runners.append(ImportRunner(services, [sys.executable, "-c", program]))
        return runners[-1]

    yield create
    for runner in runners:
        for process in runner.processes:
            process.popen.kill()
            process.popen.wait()


def create_due(services: FakeServices) -> ImportSchedule:
    """Create a schedule that is due."""
    schedule = create_hourly(services, create_store(services))
    return schedules.run_now(services, CALLER, schedule.vector_store_id, schedule.id)


def have_exited(runner: ImportRunner) -> bool:
    """Return whether all processes have ended."""
    return all(process.popen.poll() is not None for process in runner.processes)


def test_the_number_of_running_processes_is_limited(services: FakeServices, new_runner: Any) -> None:
    created = [create_due(services) for _ in range(3)]
    runner: ImportRunner = new_runner(RUNS)

    runner.run_once()
    runner.run_once()

    assert len(runner.processes) == services.settings.imports_at_once == 2
    waiting = [schedule for schedule in created if reload(services, schedule).due_since is not None]
    assert len(waiting) == 1


def test_a_run_whose_process_failed_is_retried_after_a_pause(
    services: FakeServices, new_runner: Any, clock: Clock
) -> None:
    schedule = create_due(services)
    runner: ImportRunner = new_runner(FAILS)
    runner.run_once()
    first = reload(services, schedule)
    folder = runner.processes[0].folder
    wait_until(lambda: have_exited(runner), what="the end of the process")

    runner.run_once()

    assert runner.processes == []
    assert not folder.exists()
    assert reload(services, schedule).lease_until is None
    clock.advance(60)
    runner.run_once()
    again = reload(services, schedule)
    assert (again.run_id, again.attempts, again.fence) == (first.run_id, 2, first.fence + 1)


def test_the_folder_of_a_killed_process_is_deleted(services: FakeServices, new_runner: Any) -> None:
    create_due(services)
    runner: ImportRunner = new_runner(LEAVES_FILES)
    runner.run_once()
    [process] = runner.processes
    wait_until(lambda: any(process.folder.iterdir()), what="a file of the process")
    process.popen.kill()
    wait_until(lambda: have_exited(runner), what="the end of the process")

    runner.run_once()

    assert not process.folder.exists()


def test_a_run_fails_after_the_maximum_number_of_attempts(
    services: FakeServices, new_runner: Any, clock: Clock
) -> None:
    schedule = create_due(services)
    runner: ImportRunner = new_runner(FAILS)

    for _ in range(MAX_ATTEMPTS + 1):
        runner.run_once()
        wait_until(lambda: have_exited(runner), what="the end of the process")
        runner.run_once()
        clock.advance(601)

    ended = reload(services, schedule)
    assert (ended.result, ended.lease_holder) == ("failed", None)
    assert ended.error is not None
    assert "given up" in ended.error


def test_attempts_without_a_dependency_count_only_after_the_retry_deadline(
    services: FakeServices, new_runner: Any, clock: Clock
) -> None:
    schedule = create_due(services)
    runner: ImportRunner = new_runner(RETRIES_LATER)

    def attempts(times: int, every: float) -> int:
        for _ in range(times):
            runner.run_once()
            wait_until(lambda: have_exited(runner), what="the end of the process")
            runner.run_once()
            clock.advance(every)
        return reload(services, schedule).attempts

    assert attempts(3, HOUR) == 0
    clock.advance(DAY)
    assert attempts(2, HOUR) == 2
    assert reload(services, schedule).ended_at is None


@pytest.mark.parametrize("program", ["RUNS", "IGNORES_SIGTERM", "FAILS_ON_SIGTERM"])
def test_stopping_releases_the_run_without_counting_an_attempt(
    services: FakeServices, new_runner: Any, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr("ingest.imports.runner.STOP_SECONDS", 1.0)
    schedule = create_due(services)
    runner: ImportRunner = new_runner(globals()[program])
    runner.run_once()
    [process] = runner.processes
    wait_until(lambda: any(process.folder.iterdir()), what="the program")

    runner.stop_processes()

    assert process.popen.returncode is not None
    others = claim_run(services, "others")
    assert others is not None
    assert (others.id, others.attempts) == (schedule.id, 1)


def test_a_frozen_process_that_lost_its_lease_is_killed(services: FakeServices, new_runner: Any, clock: Clock) -> None:
    create_due(services)
    runner: ImportRunner = new_runner(FREEZES)
    runner.run_once()
    [process] = runner.processes
    clock.advance(LEASE + 1)
    others = claim_run(services, "others")
    assert others is not None

    runner.run_once()
    assert process.popen.poll() is None
    runner.run_once()

    assert process.popen.returncode == -9
    assert reload(services, others).lease_holder == "others"


def test_the_runner_renews_the_lease_of_a_starting_process(
    services: FakeServices, new_runner: Any, clock: Clock
) -> None:
    schedule = create_due(services)
    runner: ImportRunner = new_runner(RUNS)
    runner.run_once()
    for _ in range(5):
        clock.advance(LEASE - 1)
        runner.run_once()
        assert claim_run(services, "others") is None

    [process] = runner.processes
    runner.processes[0] = replace(process, startup_deadline=0.0)
    runner.run_once()
    clock.advance(LEASE + 1)

    others = claim_run(services, "others")
    assert others is not None
    assert others.run_id == reload(services, schedule).run_id


def test_a_runner_with_no_slots_starts_no_process(services: FakeServices, new_runner: Any) -> None:
    services.settings = services.settings.model_copy(update={"imports_at_once": 0})
    create_due(services)
    runner: ImportRunner = new_runner(RUNS)

    runner.run_once()

    assert runner.processes == []

"""When scheduled imports fall due, who takes them, and what their importer does, on both databases."""

import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ingest import ids
from ingest.caller import Caller
from ingest.db.models import ImportSchedule
from ingest.db.schedules import import_schedules as rows
from ingest.errors import InvalidRequest, NotFound
from ingest.imports import schedules
from ingest.imports.runner import MOST_ATTEMPTS, Importer
from ingest.jobs.maintenance import sweep
from ingest.stores import vector_stores
from ingest.webhooks import endpoints
from tests.conftest import Clock
from tests.fakes import CALLER, FakeServices
from tests.servers import wait_until

HOUR = 3_600
DAY = 24 * HOUR
LEASE = 30.0
WEB = "https://docs.example/a.txt"


def store(services: FakeServices, **wish: Any) -> str:
    made: dict[str, Any] = {"name": "s", "description": None, "metadata": {}, "expires_after_days": None}
    return vector_stores.create(services, CALLER, **made | wish).id


def hourly(services: FakeServices, store_id: str, *, paused: bool = False, **wish: Any) -> ImportSchedule:
    columns: dict[str, Any] = {
        "sources": [WEB], "manifests": [], "include": [], "exclude": [], "attributes": {},
        "attributes_from_path": [], "delete_missing": False, "retry_failed": False,
    }  # fmt: skip
    return schedules.create(
        services, CALLER, store_id, cron="0 * * * *", timezone="UTC", paused=paused, wish=columns | wish
    )


def now_of(services: FakeServices, schedule: ImportSchedule) -> ImportSchedule:
    return schedules.retrieve(services, CALLER, schedule.vector_store_id, schedule.id)


def take(services: FakeServices, owner: str = "one") -> ImportSchedule | None:
    with services.database.transaction() as session:
        return rows.take(session, owner, ids.new("imp_"), LEASE)


def taken(services: FakeServices, store_id: str) -> tuple[ImportSchedule, ImportSchedule]:
    """A schedule that was asked to run at once, and its run, which somebody is at work on."""
    made = hourly(services, store_id)
    schedules.run_now(services, CALLER, made.vector_store_id, made.id)
    run = take(services)
    assert run is not None
    return made, run


def end(services: FakeServices, run: ImportSchedule) -> bool:
    """End a run, and tell of it: whether it was one's own."""
    with services.database.transaction() as session:
        mine = rows.end(session, run.row, run.fence, "completed", counts={"total": 1})
    endpoints.enqueue(services)
    return mine


# --- due ---


def test_a_schedule_falls_due_at_its_time_and_runs_once(services: FakeServices, clock: Clock) -> None:
    made = hourly(services, store(services))
    assert made.next_run_at is not None
    clock.advance(made.next_run_at - clock() - 1)
    sweep(services)
    assert take(services) is None

    clock.advance(1)
    sweep(services)
    sweep(services)
    run = take(services)

    assert run is not None
    assert (run.began_at, run.next_run_at, run.due_since) == (int(clock()), made.next_run_at + HOUR, None)
    assert end(services, run)
    assert take(services) is None
    assert (now_of(services, made).result, now_of(services, made).counts) == ("completed", {"total": 1})


def test_what_was_missed_is_caught_up_once(services: FakeServices, clock: Clock) -> None:
    made = hourly(services, store(services))
    clock.advance(5 * HOUR)

    sweep(services)

    run = take(services)
    assert run is not None
    end(services, run)
    sweep(services)
    assert take(services) is None
    following = now_of(services, made).next_run_at
    assert following is not None
    assert clock() < following <= clock() + HOUR


def test_two_that_sweep_at_once_make_one_run(services: FakeServices, clock: Clock) -> None:
    hourly(services, store(services))
    for _ in range(5):
        clock.advance(HOUR)
        together = threading.Barrier(2)
        due: list[int] = []

        def one_of_two(together: threading.Barrier = together, due: list[int] = due) -> None:
            together.wait(10)
            due.append(schedules.run_due(services))

        threads = [threading.Thread(target=one_of_two) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)

        assert sorted(due) == [0, 1]
        run = take(services)
        assert run is not None
        assert end(services, run)
        assert take(services) is None


def test_one_that_still_runs_when_it_falls_due_is_not_doubled_but_runs_afterwards(
    services: FakeServices, clock: Clock
) -> None:
    hourly(services, store(services))
    clock.advance(HOUR)
    sweep(services)
    first = take(services)
    assert first is not None
    for _ in range(3):
        with services.database.transaction() as session:
            assert rows.renew(session, first.row, first.fence, 2 * HOUR, {})
        clock.advance(HOUR)
        sweep(services)
        assert take(services, "two") is None

    end(services, first)
    second = take(services, "two")

    assert second is not None
    assert second.run_id != first.run_id
    end(services, second)
    assert take(services) is None


def test_a_paused_schedule_rests_and_what_it_missed_stays_missed(services: FakeServices, clock: Clock) -> None:
    made = hourly(services, store(services))
    clock.advance(HOUR)
    sweep(services)
    schedules.update(services, CALLER, made.vector_store_id, made.id, {"paused": True})  # due, and not begun
    assert take(services) is None
    clock.advance(DAY)
    sweep(services)

    resumed = schedules.update(services, CALLER, made.vector_store_id, made.id, {"paused": False})
    sweep(services)

    assert take(services) is None
    assert resumed.next_run_at is not None
    assert clock() < resumed.next_run_at <= clock() + HOUR


def test_a_paused_schedule_runs_when_somebody_asks_for_it(services: FakeServices) -> None:
    made = hourly(services, store(services), paused=True)

    schedules.run_now(services, CALLER, made.vector_store_id, made.id)
    schedules.run_now(services, CALLER, made.vector_store_id, made.id)

    run = take(services)
    assert run is not None
    assert (run.paused, run.next_run_at) == (True, None)
    end(services, run)
    assert take(services) is None


@pytest.mark.parametrize("what", ["delete", "expire"])
def test_a_store_that_has_ended_is_left_alone(services: FakeServices, clock: Clock, what: str) -> None:
    made, run = taken(services, store(services, expires_after_days=2))
    if what == "delete":
        vector_stores.delete(services, CALLER, made.vector_store_id)
    clock.advance(3 * DAY)
    sweep(services)

    with services.database.transaction() as session:
        assert not rows.renew(session, run.row, run.fence, LEASE, {})
    assert take(services) is None


@pytest.mark.parametrize("at_work", ["a process", "nobody"])
def test_the_run_of_a_store_that_expires_fails_and_says_so(services: FakeServices, clock: Clock, at_work: str) -> None:
    made, run = taken(services, store(services, expires_after_days=2))
    if at_work == "nobody":
        with services.database.transaction() as session:
            rows.give_back(session, run.row, run.fence, after_seconds=60, counted=False)
    clock.advance(3 * DAY)
    sweep(services)  # the store expires, and the schedule falls due once more

    ended = now_of(services, made)
    assert (ended.run_id, ended.ended_at, ended.result) == (run.run_id, int(clock()), "failed")
    assert ended.error == "Its vector store has expired."
    assert (ended.due_since, ended.lease_until) == (None, None)
    assert not end(services, run)
    clock.advance(1)
    sweep(services)
    assert now_of(services, made).ended_at == ended.ended_at


def test_a_run_that_is_due_when_its_store_expires_is_due_no_more(services: FakeServices, clock: Clock) -> None:
    made = hourly(services, store(services, expires_after_days=2))
    schedules.run_now(services, CALLER, made.vector_store_id, made.id)
    clock.advance(3 * DAY)

    sweep(services)

    assert (now_of(services, made).due_since, now_of(services, made).run_id) == (None, None)


def test_a_deleted_schedule_is_gone_and_its_run_with_it(services: FakeServices) -> None:
    made, run = taken(services, store(services))

    schedules.delete(services, CALLER, made.vector_store_id, made.id)

    with pytest.raises(NotFound):
        now_of(services, made)
    assert not end(services, run)


def test_the_one_that_waits_longest_is_next_and_none_is_taken_twice(services: FakeServices, clock: Clock) -> None:
    made = [hourly(services, store(services)) for _ in range(3)]
    for schedule in reversed(made):
        schedules.run_now(services, CALLER, schedule.vector_store_id, schedule.id)
        clock.advance(1)

    taken = [take(services, owner) for owner in ("one", "two", "one", "two")]

    assert [None if run is None else run.id for run in taken] == [*[each.id for each in reversed(made)], None]


def test_four_that_take_at_once_take_one_each(services: FakeServices) -> None:
    for _ in range(3):
        made = hourly(services, store(services))
        schedules.run_now(services, CALLER, made.vector_store_id, made.id)
    together = threading.Barrier(4)
    taken: list[str] = []

    def one_of_four() -> None:
        together.wait(10)
        while (run := take(services)) is not None:
            taken.append(run.id)

    threads = [threading.Thread(target=one_of_four) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(taken) == len(set(taken)) == 3


# --- what may be imported ---


@pytest.fixture
def shared(services: FakeServices, tmp_path: Path) -> Path:
    """A folder for each project, of which ours is there; and a bucket."""
    roots = f"{tmp_path}/shared/{{project}}, s3://company/reports/"
    services.settings = services.settings.model_copy(update={"import_roots": roots})
    mine = tmp_path / "shared" / CALLER.project
    mine.mkdir(parents=True)
    return mine


def test_what_is_below_the_roots_is_taken(services: FakeServices, shared: Path) -> None:
    (shared / "list.csv").write_text("path\n")
    sources = [str(shared), f"{shared}/not-yet/*.pdf", f"file://{shared}/a.txt", "s3://company/reports/2026/*.pdf"]

    made = hourly(services, store(services), sources=[*sources, WEB], manifests=[f"{shared}/list.csv"])

    assert now_of(services, made).sources == [*sources, WEB]


@pytest.mark.parametrize(
    "source",
    [
        "{mine}/../proj_other", "{mine}/..", "{mine}/../../secret", "{mine}/link", "{mine}/link/*", "{mine}/./x",
        "{mine}-too", "/etc/passwd", "/", "file:///etc/passwd", "FILE:///etc/passwd", "local:///etc/passwd",
        "file://{mine}/%2e%2e/%2e%2e/secret", "http://[::1", "file://[x/y", "{mine}/a\0b", "file://{mine}/%00", "documents", "~/documents", "*", "", "/etc/*",
        "s3://company/reports-too", "s3://company/reports/../salaries", "s3://company", "s3://other/reports",
        "s3://company/reports@evil/x", "memory://x", "ftp://host/x", "github://org:repo@main/x",
        "s3://company/reports/a.zip::file:///etc/passwd", "zip://x::s3://company/reports/a.zip", "{data}/ingest.db",
    ],
)  # fmt: skip
def test_nothing_else_is_and_nobody_learns_what_is_there(
    services: FakeServices, shared: Path, tmp_path: Path, source: str
) -> None:
    (tmp_path / "secret").mkdir()
    (shared / "link").symlink_to(tmp_path / "secret")
    asked = source.format(mine=shared, data=services.settings.data)

    with pytest.raises(InvalidRequest) as refused:
        hourly(services, store(services), sources=[asked])

    assert str(refused.value).removeprefix(f"'{asked}' cannot be imported: ") in (
        "It is outside of what may be imported from.", "A path must be absolute.",
        "Chained addresses, and parts of '.' and '..', are not taken.", "It is no address.",
    )  # fmt: skip


def test_the_services_own_data_is_not_imported_even_from_below_a_root(services: FakeServices) -> None:
    services.settings = services.settings.model_copy(update={"import_roots": "/"})

    for own in (services.settings.data, services.settings.data / "blobs" / "raw"):
        with pytest.raises(InvalidRequest, match="outside"):
            hourly(services, store(services), sources=[str(own)])


def test_another_project_has_another_folder(services: FakeServices, shared: Path) -> None:
    other = Caller("proj_other")

    assert schedules.roots(services.settings, CALLER.project).complaint_about(str(shared)) == ""
    assert "outside" in schedules.roots(services.settings, other.project).complaint_about(str(shared))


def test_with_no_roots_only_the_web_may_be_imported(services: FakeServices, tmp_path: Path) -> None:
    hourly(services, store(services), sources=[WEB])
    with pytest.raises(InvalidRequest, match="outside"):
        hourly(services, store(services), sources=[str(tmp_path)])


def test_a_change_is_checked_like_a_beginning(services: FakeServices) -> None:
    made = hourly(services, store(services))

    wishes: list[dict[str, Any]] = [
        {"sources": ["/etc"]},
        {"manifests": ["/etc/passwd"]},
        {"sources": []},
        {"cron": "never"},
    ]
    for wrong in wishes:
        with pytest.raises(InvalidRequest):
            schedules.update(services, CALLER, made.vector_store_id, made.id, wrong)
    assert now_of(services, made).sources == [WEB]


# --- the importer ---

GIVES_UP = "import sys; sys.exit(1)"
WAITS = "import sys; sys.exit(75)"
_THEN = "open(sys.argv[3] + '/ready', 'w'); time.sleep(60)"
STAYS = f"import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(130)); {_THEN}"
ENDS_BADLY = f"import signal, sys, time; signal.signal(signal.SIGTERM, lambda *_: sys.exit(1)); {_THEN}"
DEAF = f"import signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); {_THEN}"
LEAVES = "import tempfile, time; tempfile.mkdtemp(); time.sleep(60)"
FROZEN = "import os, signal; os.kill(os.getpid(), signal.SIGSTOP)"


@pytest.fixture
def importers(services: FakeServices) -> Iterator[Any]:
    """Makes importers whose processes do what they are told; none of them lives longer than the test."""
    made: list[Importer] = []

    def importer(program: str) -> Importer:
        made.append(Importer(services, [sys.executable, "-c", program]))
        return made[-1]

    yield importer
    for each in made:
        for child in each.children:
            child.process.kill()
            child.process.wait()


def due(services: FakeServices) -> ImportSchedule:
    made = hourly(services, store(services))
    return schedules.run_now(services, CALLER, made.vector_store_id, made.id)


def exited(importer: Importer) -> bool:
    return all(child.process.poll() is not None for child in importer.children)


def test_no_more_run_at_a_time_than_may(services: FakeServices, importers: Any) -> None:
    made = [due(services) for _ in range(3)]
    importer: Importer = importers(STAYS)

    importer.round()
    importer.round()

    assert len(importer.children) == services.settings.imports_at_once == 2
    waiting = [schedule for schedule in made if now_of(services, schedule).due_since is not None]
    assert len(waiting) == 1


def test_a_process_that_ends_before_its_run_does_is_followed_by_another_later(
    services: FakeServices, importers: Any, clock: Clock
) -> None:
    made = due(services)
    importer: Importer = importers(GIVES_UP)
    importer.round()
    first = now_of(services, made)
    folder = importer.children[0].folder
    wait_until(lambda: exited(importer), what="the end of the process")

    importer.round()

    assert importer.children == []
    assert not folder.exists()
    assert now_of(services, made).lease_until is None
    clock.advance(60)
    importer.round()
    again = now_of(services, made)
    assert (again.run_id, again.attempts, again.fence) == (first.run_id, 2, first.fence + 1)


def test_what_a_killed_process_was_fetching_goes_with_it(services: FakeServices, importers: Any) -> None:
    due(services)
    importer: Importer = importers(LEAVES)
    importer.round()
    [child] = importer.children
    wait_until(lambda: any(child.folder.iterdir()), what="a file")
    child.process.kill()
    wait_until(lambda: exited(importer), what="the end of the process")

    importer.round()

    assert not child.folder.exists()


def test_a_run_that_takes_down_its_processes_is_given_up(services: FakeServices, importers: Any, clock: Clock) -> None:
    made = due(services)
    importer: Importer = importers(GIVES_UP)

    for _ in range(MOST_ATTEMPTS + 1):
        importer.round()
        wait_until(lambda: exited(importer), what="the end of the process")
        importer.round()
        clock.advance(601)

    ended = now_of(services, made)
    assert (ended.result, ended.lease_owner) == ("failed", None)
    assert ended.error is not None
    assert "given up" in ended.error


def test_what_it_needs_may_be_down_for_a_day(services: FakeServices, importers: Any, clock: Clock) -> None:
    made = due(services)
    importer: Importer = importers(WAITS)

    def attempts(times: int, every: float) -> int:
        for _ in range(times):
            importer.round()
            wait_until(lambda: exited(importer), what="the end of the process")
            importer.round()
            clock.advance(every)
        return now_of(services, made).attempts

    assert attempts(3, HOUR) == 0
    clock.advance(DAY)
    assert attempts(2, HOUR) == 2
    assert now_of(services, made).ended_at is None


@pytest.mark.parametrize("program", ["STAYS", "DEAF", "ENDS_BADLY"])
def test_stopping_gives_the_run_to_others_at_once_and_counts_no_attempt(
    services: FakeServices, importers: Any, monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    monkeypatch.setattr("ingest.imports.runner.STOP_SECONDS", 1.0)
    made = due(services)
    importer: Importer = importers(globals()[program])
    importer.round()
    [child] = importer.children
    wait_until(lambda: any(child.folder.iterdir()), what="the program")

    importer.end_children()

    assert child.process.returncode is not None
    others = take(services, "others")
    assert others is not None
    assert (others.id, others.attempts) == (made.id, 1)


def test_a_frozen_process_whose_run_others_took_is_killed(services: FakeServices, importers: Any, clock: Clock) -> None:
    due(services)
    importer: Importer = importers(FROZEN)
    importer.round()
    [child] = importer.children
    clock.advance(LEASE + 1)
    others = take(services, "others")
    assert others is not None

    importer.round()
    assert child.process.poll() is None
    importer.round()

    assert child.process.returncode == -9
    assert now_of(services, others).lease_owner == "others"


def test_a_run_is_kept_for_a_process_that_takes_long_to_start(
    services: FakeServices, importers: Any, clock: Clock
) -> None:
    made = due(services)
    importer: Importer = importers(STAYS)
    importer.round()
    for _ in range(5):
        clock.advance(LEASE - 1)
        importer.round()
        assert take(services, "others") is None

    [child] = importer.children
    importer.children[0] = replace(child, keep_until=0.0)  # the time for its start is over
    importer.round()
    clock.advance(LEASE + 1)

    others = take(services, "others")
    assert others is not None
    assert others.run_id == now_of(services, made).run_id


def test_an_importer_that_may_run_none_runs_none(services: FakeServices, importers: Any) -> None:
    services.settings = services.settings.model_copy(update={"imports_at_once": 0})
    due(services)
    importer: Importer = importers(STAYS)

    importer.round()

    assert importer.children == []

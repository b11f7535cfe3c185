"""The clock of the database jumps by a day or a year: nothing is lost, and nothing waits for as long as the jump."""

from collections.abc import Callable

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from ingest.caller import Caller, Limits
from ingest.db.content import stores as store_rows
from ingest.db.models import Project, ReindexSchedule
from ingest.db.queue import claims
from ingest.db.queue.membership import Member
from ingest.db.tenancy import quotas
from ingest.errors import DependencyDown, RateLimited
from ingest.jobs import clock_watch
from ingest.jobs.maintenance import run_maintenance
from ingest.stores import files, members, vector_stores
from tests.conftest import Clock
from tests.db import rows
from tests.db.schedules.scenes import create_reindex_schedule
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import attach_texts, run_published_jobs, upload_text

DAY = 86_400.0
YEAR = 365 * DAY


@pytest.fixture
def jump(services: FakeServices, clock: Clock) -> Callable[[float], None]:
    """Let time pass without the clock, and the clock jump: a function of the seconds."""
    elapsed = [0.0]
    services.uptime = lambda: elapsed[0]

    def jump(seconds: float) -> None:
        elapsed[0] += 5.0
        clock.advance(seconds)

    run_maintenance(services)
    return jump


def pass_time(services: FakeServices, clock: Clock, seconds: float) -> None:
    """Advance the clock and the uptime together."""
    before = services.uptime()
    services.uptime = lambda: before + seconds
    clock.advance(seconds)


def test_a_jump_of_a_year_deletes_neither_stores_nor_files_before_a_day_has_passed(
    services: FakeServices, clock: Clock, jump: Callable[[float], None]
) -> None:
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=7).id
    file_id = files.create(
        services, CALLER, filename="a.txt", purpose="assistants", blocks=[b"a wren"], expires_after=3_600
    ).id
    members.attach(services, CALLER, store, Member(file_id, {}, 800, 400))
    run_published_jobs(services)

    jump(YEAR)
    with capture_logs() as logs:
        run_maintenance(services)
    run_maintenance(services)
    jump(-YEAR)
    run_maintenance(services)

    jumps = [entry["seconds"] for entry in logs if entry["event"] == "clock_jumped"]
    assert jumps == [pytest.approx(YEAR, abs=10)]
    assert files.retrieve(services, CALLER, file_id).id == file_id
    assert vector_stores.retrieve(services, CALLER, store).expired_at is None
    assert rows.read_counts(services.database, store) == (0, 1, 0, 0)
    assert services.index.points

    jump(YEAR)
    run_maintenance(services)
    pass_time(services, clock, DAY + 60)
    run_maintenance(services)
    assert list(services.blobs.list_keys("raw/")) == []


def test_without_a_jump_what_is_due_expires_at_once(services: FakeServices, clock: Clock) -> None:
    services.uptime = lambda: 0.0
    run_maintenance(services)
    vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=7)
    pass_time(services, clock, 8 * DAY)

    run_maintenance(services)

    with services.database.reading() as session:
        assert store_rows.list_due(session, 10) == []


@pytest.mark.parametrize("seconds", [DAY, -DAY])
def test_a_live_worker_keeps_its_file_through_a_jump(
    services: FakeServices, clock: Clock, jump: Callable[[float], None], seconds: float
) -> None:
    store, [file_id] = attach_texts(services, "one")
    row = rows.get_row(services.database, store, file_id).row
    claim = rows.claim(services.database, row)

    jump(seconds)
    run_maintenance(services)

    with services.database.transaction() as session:
        assert claims.renew(session, claim, lease_seconds=30)


@pytest.mark.parametrize("seconds", [DAY, -DAY])
def test_the_file_of_a_dead_worker_is_queued_again_soon_after_a_jump(
    services: FakeServices, clock: Clock, jump: Callable[[float], None], seconds: float
) -> None:
    store, [file_id] = attach_texts(services, "one")
    rows.claim(services.database, rows.get_row(services.database, store, file_id).row)

    jump(seconds)
    run_maintenance(services)
    pass_time(services, clock, 2 * services.settings.lease_seconds)
    run_maintenance(services)

    assert rows.get_row(services.database, store, file_id).status == "queued"
    assert run_published_jobs(services)[0] == "completed"


def test_a_lease_in_the_far_future_is_lost_although_nobody_noticed_a_jump(services: FakeServices, clock: Clock) -> None:
    store, [file_id] = attach_texts(services, "one")
    rows.claim(services.database, rows.get_row(services.database, store, file_id).row)
    clock.advance(-DAY)

    run_maintenance(services)

    assert rows.get_row(services.database, store, file_id).status == "queued"


def test_the_clock_may_go_back_while_the_service_is_stopped(
    services: FakeServices, clock: Clock, jump: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, [file_id] = attach_texts(services, "one")
    rows.claim(services.database, rows.get_row(services.database, store, file_id).row)
    monkeypatch.setattr("ingest.runtime.uptime.boot_id", lambda: "another start")

    jump(-DAY)
    run_maintenance(services)
    pass_time(services, clock, 2 * services.settings.lease_seconds)
    run_maintenance(services)

    assert rows.get_row(services.database, store, file_id).status == "queued"


def test_a_schedule_runs_at_its_next_time_after_the_clock_went_back(
    services: FakeServices, clock: Clock, jump: Callable[[float], None]
) -> None:
    store, _ = attach_texts(services, "one")
    schedule = create_reindex_schedule(services.database, store, clock() + 1_800)  # every hour

    jump(-DAY)
    run_maintenance(services)

    with services.database.reading() as session:
        stored = session.get(ReindexSchedule, schedule.row)
    assert stored is not None
    assert stored.next_run_at is not None
    assert clock() < stored.next_run_at <= clock() + 3_600


def test_a_project_is_not_over_its_rate_limit_for_as_long_as_the_clock_went_back(
    services: FakeServices, clock: Clock
) -> None:
    caller = Caller(CALLER.project, limits=Limits(requests_per_minute=2))

    def count_request() -> None:
        with services.database.transaction() as session:
            quotas.count_request(session, caller)

    count_request()
    count_request()
    with pytest.raises(RateLimited):
        count_request()
    clock.advance(-DAY)

    count_request()

    with services.database.reading() as session:
        assert max(session.scalars(select(Project.paced_until))) <= clock() + 60


@pytest.mark.parametrize("has_jumped", [True, False])
def test_a_file_whose_dependency_is_down_is_not_given_up_because_the_clock_jumped(
    services: FakeServices, clock: Clock, jump: Callable[[float], None], has_jumped: bool
) -> None:
    attach_texts(services, "one")
    if has_jumped:
        jump(YEAR)
    else:
        pass_time(services, clock, YEAR)
    run_maintenance(services)
    services.index.is_down = True

    assert run_published_jobs(services)[:1] == ["deferred" if has_jumped else "failed"]


def test_a_database_that_is_down_postpones_the_watch_and_all_expiries(
    services: FakeServices, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: FakeServices) -> None:
        raise DependencyDown("database", "is down")

    upload_text(services, "one")
    expiring = files.create(
        services, CALLER, filename="a.txt", purpose="assistants", blocks=[b"a wren"], expires_after=3_600
    )
    clock.advance(DAY)
    monkeypatch.setattr(clock_watch, "watch_clock", fail)
    monkeypatch.setattr(fail, "__name__", "watch_clock")

    with capture_logs() as logs:
        run_maintenance(services)

    assert {"task": "watch_clock", "event": "maintenance_task_postponed"}.items() <= logs[0].items()
    clock.advance(-DAY)
    assert files.retrieve(services, CALLER, expiring.id)

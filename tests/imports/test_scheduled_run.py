"""Scheduled imports as their process does them, over fakes and on both databases: mirrors, and whatever interrupts."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import pytest
from sqlalchemy import func, select

from api import import_process
from api.app import IMPORTING
from ingest import ids
from ingest.caller import Importing
from ingest.config import Settings
from ingest.db.content import imported_files
from ingest.db.models import File, ImportSchedule
from ingest.db.pages import Window
from ingest.db.schedules import import_schedules as schedule_rows
from ingest.db.session import Database
from ingest.embedded.parts import free_port
from ingest.errors import Abandoned
from ingest.imports import mirror, report, schedules
from ingest.imports.runner import ENDED, LOST, Importer
from ingest.imports.service_journal import Kept
from ingest.stores import files, members, search, vector_stores
from ingest.tenancy import projects
from ingest.webhooks import endpoints
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeServices
from tests.jobs.test_run import run_all
from tests.servers import wait_until

NIGHTLY = "0 3 * * *"


@pytest.fixture
def folder(tmp_path: Path, services: FakeServices) -> Path:
    """A folder that may be imported from, with three files in it."""
    services.settings = services.settings.model_copy(update={"import_roots": str(tmp_path / "shared")})
    folder = tmp_path / "shared" / "documents"
    (folder / "more").mkdir(parents=True)
    for name, text in (("a.txt", "A heron stands."), ("b.txt", "An otter swims."), ("more/c.txt", "A toad waits.")):
        (folder / name).write_text(text)
    return folder


@contextmanager
def working(services: FakeServices) -> Iterator[None]:
    """Workers, for as long as the context lasts."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.01):
            services.feeder.top_up()
            run_all(services)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(20)


def mirrored(services: FakeServices, folder: Path, **wish: Any) -> ImportSchedule:
    """A schedule that mirrors a folder into a new store."""
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=None)
    columns: dict[str, Any] = {
        "sources": [str(folder)], "manifests": [], "include": [], "exclude": [], "attributes": {},
        "attributes_from_path": [], "delete_missing": True, "retry_failed": False,
    }  # fmt: skip
    return schedules.create(services, CALLER, store.id, cron=NIGHTLY, timezone="UTC", paused=False, wish=columns | wish)


def taken(services: FakeServices, schedule: ImportSchedule) -> ImportSchedule:
    """The schedule, with a run of it that this process holds."""
    endpoints.enqueue(services)  # the end of the run before
    schedules.run_now(services, CALLER, schedule.vector_store_id, schedule.id)
    return held(services)


def held(services: FakeServices) -> ImportSchedule:
    with services.database.transaction() as session:
        found = schedule_rows.take(session, "test/1", ids.new("imp_"), 30.0)
    assert found is not None
    return found


def run(services: FakeServices, run: ImportSchedule, tmp_path: Path) -> int:
    """Carry out a run that is held; the exit code of the process."""
    work = tmp_path / f"work-{run.fence}"
    work.mkdir()
    with working(services):
        return import_process.work(services, run.row, run.fence, work, lost=lambda _: None)


def ran(services: FakeServices, schedule: ImportSchedule, tmp_path: Path) -> ImportSchedule:
    """Run it now, to its end."""
    assert run(services, taken(services, schedule), tmp_path) == ENDED
    return now_of(services, schedule)


def now_of(services: FakeServices, schedule: ImportSchedule) -> ImportSchedule:
    return schedules.retrieve(services, CALLER, schedule.vector_store_id, schedule.id)


def counts(schedule: ImportSchedule) -> Mapping[str, int]:
    """What is not 0 of a run's counts."""
    all_counts = {**schedule.counts, "uploaded": schedule.uploaded, "removed": schedule.removed}
    return {name: count for name, count in all_counts.items() if count}


def names(services: FakeServices, schedule: ImportSchedule) -> list[str]:
    """The names of the files in the schedule's store, with how they stand if not completed."""
    page = members.list_page(services, CALLER, schedule.vector_store_id, Window(limit=100), status=None)
    return sorted(
        files.retrieve(services, CALLER, shown.file_id).filename + ("" if shown.status == "completed" else shown.status)
        for shown in page.items
    )


def uploaded(services: FakeServices) -> int:
    """All files of the service, in a store or not."""
    with services.database.reading() as session:
        return session.scalar(select(func.count()).select_from(File)) or 0


def test_a_folder_is_mirrored_and_the_next_run_does_only_what_changed(
    services: FakeServices, folder: Path, tmp_path: Path
) -> None:
    schedule = mirrored(services, folder)

    first = ran(services, schedule, tmp_path)
    (folder / "a.txt").write_text("A kingfisher dives now.")
    (folder / "b.txt").unlink()
    (folder / "d.txt").write_text("A newt hides.")
    second = ran(services, schedule, tmp_path)
    third = ran(services, schedule, tmp_path)

    assert (first.result, counts(first)) == ("completed", {"uploaded": 3, "completed": 3, "total": 3})
    assert (second.result, counts(second)) == ("completed", {"uploaded": 2, "removed": 1, "completed": 3, "total": 3})
    assert (third.result, counts(third)) == ("completed", {"completed": 3, "total": 3})
    assert len({first.run_id, second.run_id, third.run_id}) == 3
    assert names(services, schedule) == ["a.txt", "c.txt", "d.txt"]
    assert uploaded(services) == 3
    assert rows.counts(services.database, schedule.vector_store_id) == (0, 3, 0, 0)
    [found, *_] = search.search(services, CALLER, schedule.vector_store_id, ["kingfisher"], limit=5)
    assert found.filename == "a.txt"


def test_the_path_of_the_folder_for_temporary_files_may_be_longer_than_a_sockets_address(
    services: FakeServices, folder: Path, tmp_path: Path
) -> None:
    deep = tmp_path / ("long" * 40)
    deep.mkdir()

    told = ran(services, mirrored(services, folder), deep)

    assert (told.result, counts(told)) == ("completed", {"uploaded": 3, "completed": 3, "total": 3})


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # uvicorn exits its thread
def test_a_process_whose_own_api_does_not_start_says_so_at_once(
    services: FakeServices, folder: Path, tmp_path: Path
) -> None:
    held = taken(services, mirrored(services, folder))
    (tmp_path / "work" / "api").mkdir(parents=True)  # where the socket belongs

    with pytest.raises(RuntimeError, match="did not start"):
        import_process.work(services, held.row, held.fence, tmp_path / "work", lost=lambda _: None)


def test_a_file_that_was_only_touched_is_read_once_and_not_uploaded(
    services: FakeServices, folder: Path, tmp_path: Path
) -> None:
    schedule = mirrored(services, folder)
    ran(services, schedule, tmp_path)
    os.utime(folder / "a.txt", (1, 1))

    assert counts(ran(services, schedule, tmp_path)) == {"completed": 3, "total": 3}

    with services.database.reading():
        stamps = {version.name: version.stamp for version in imported_files.versions(services.database, schedule.row)}
    assert stamps["a.txt"] == str(10**9)


def test_attributes_patterns_and_manifests_are_taken(services: FakeServices, folder: Path, tmp_path: Path) -> None:
    listing = folder.parent / "list.csv"
    listing.write_text("path,kind\ndocuments/a.txt,bird\n")
    wish = {
        "manifests": [str(listing)], "include": ["*.txt"], "exclude": ["b*"], "attributes": {"year": 2026},
        "attributes_from_path": ["{part}/*"],
    }  # fmt: skip
    schedule = mirrored(services, folder, **wish)

    assert counts(ran(services, schedule, tmp_path)) == {"uploaded": 2, "completed": 2, "total": 2}

    page = members.list_page(services, CALLER, schedule.vector_store_id, Window(limit=100), status=None)
    assert sorted((each.attributes for each in page.items), key=len) == [{"year": 2026}, {"year": 2026, "part": "more"}]


def test_new_attributes_reach_files_that_have_not_changed(services: FakeServices, folder: Path, tmp_path: Path) -> None:
    schedule = mirrored(services, folder)
    ran(services, schedule, tmp_path)
    schedules.update(
        services, CALLER, schedule.vector_store_id, schedule.id, {"attributes": {"checked": True, "part": 1.5}}
    )

    assert counts(ran(services, schedule, tmp_path)) == {"completed": 3, "total": 3}

    page = members.list_page(services, CALLER, schedule.vector_store_id, Window(limit=100), status=None)
    assert [each.attributes for each in page.items] == [{"checked": True, "part": 1.5}] * 3


def test_a_bucket_is_mirrored_as_a_folder_is(services: FakeServices, tmp_path: Path) -> None:
    services.settings = services.settings.model_copy(update={"import_roots": "memory://shared/reports"})
    bucket = fsspec.filesystem("memory")
    bucket.pipe(
        {"/shared/reports/a.txt": b"A heron.", "/shared/reports/b.txt": b"An otter.", "/shared/c.txt": b"A toad."}
    )
    try:
        schedule = mirrored(services, tmp_path, sources=["memory://shared/reports"])
        first = ran(services, schedule, tmp_path)
        bucket.rm("/shared/reports/b.txt")
        second = ran(services, schedule, tmp_path)
    finally:
        bucket.rm("/shared", recursive=True)

    assert counts(first) == {"uploaded": 2, "completed": 2, "total": 2}
    assert counts(second) == {"removed": 1, "completed": 1, "total": 1}
    assert names(services, schedule) == ["a.txt"]


def test_a_file_that_somebody_deleted_from_the_service_is_brought_back(
    services: FakeServices, folder: Path, tmp_path: Path
) -> None:
    schedule = mirrored(services, folder)
    ran(services, schedule, tmp_path)
    page = members.list_page(services, CALLER, schedule.vector_store_id, Window(limit=100), status=None)
    files.delete(services, CALLER, page.items[0].file_id)
    members.delete(services, CALLER, schedule.vector_store_id, page.items[1].file_id)

    assert counts(ran(services, schedule, tmp_path)) == {"uploaded": 1, "completed": 3, "total": 3}

    assert names(services, schedule) == ["a.txt", "b.txt", "c.txt"]


def test_without_delete_missing_nothing_is_removed(services: FakeServices, folder: Path, tmp_path: Path) -> None:
    schedule = mirrored(services, folder, delete_missing=False)
    ran(services, schedule, tmp_path)
    (folder / "b.txt").unlink()

    assert counts(ran(services, schedule, tmp_path)) == {"completed": 2, "total": 2}

    assert names(services, schedule) == ["a.txt", "b.txt", "c.txt"]


def test_files_that_fail_are_told_by_their_reason_and_tried_again_if_that_is_asked(
    services: FakeServices, folder: Path, tmp_path: Path
) -> None:
    (folder / "empty.txt").write_text("")
    (folder / "b.txt").write_bytes(b"\xff\xfe\xff")  # what the fake parser cannot read
    schedule = mirrored(services, folder)

    told = ran(services, schedule, tmp_path)

    assert told.result == "incomplete"
    assert counts(told) == {"uploaded": 3, "completed": 2, "failed": 1, "not_uploaded": 1, "total": 4}
    assert {each["first"][0]: each["files"] for each in told.reasons} == {"empty.txt": 1, "b.txt": 1}
    parsed = services.parser.parsed
    assert counts(ran(services, schedule, tmp_path)) == {"completed": 2, "failed": 1, "not_uploaded": 1, "total": 4}
    assert services.parser.parsed == parsed
    schedules.update(services, CALLER, schedule.vector_store_id, schedule.id, {"retry_failed": True})
    assert counts(ran(services, schedule, tmp_path))["failed"] == 1


# --- interruptions ---


class Killed(BaseException):
    """The process dies here."""


def dying(monkeypatch: pytest.MonkeyPatch, where: Any, name: str, after: int, *, done: bool) -> None:
    """Let the process die at the call of a method, once; `done` when it has done what it does."""
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
        (Kept, "uploaded", 1), (Kept, "uploaded", 2), (Kept, "attached", 1),
        (Kept, "ended", 1), (Kept, "miss", 1), (Kept, "removed", 1),
        (Kept, "dropped", 1), (mirror.Mirror, "_delete", 1), (mirror.Mirror, "_delete", 2),
        (report, "grouped", 1),
    ],
)  # fmt: skip
def test_wherever_a_run_is_killed_the_next_process_ends_it_and_all_counts_are_right(
    services: FakeServices,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: Any,
    name: str,
    after: int,
    done: bool,
) -> None:
    schedule = mirrored(services, folder)
    ran(services, schedule, tmp_path)
    for change, text in (("a.txt", "A kingfisher."), ("d.txt", "A newt."), ("e.txt", "A vole.")):
        (folder / change).write_text(text)
    (folder / "b.txt").unlink()
    first = taken(services, schedule)
    with monkeypatch.context() as patched:
        dying(patched, where, name, after, done=done)
        with pytest.raises(Killed):
            run(services, first, tmp_path)
    with services.database.transaction() as session:
        assert schedule_rows.give_back(session, first.row, first.fence, after_seconds=0.0, counted=True)

    second = held(services)
    assert (second.run_id, second.attempts) == (first.run_id, 2)
    assert run(services, second, tmp_path) == ENDED

    ended = now_of(services, schedule)
    assert (ended.result, counts(ended)) == ("completed", {"uploaded": 3, "removed": 1, "completed": 4, "total": 4})
    assert names(services, schedule) == ["a.txt", "c.txt", "d.txt", "e.txt"]
    assert uploaded(services) == 4
    assert rows.counts(services.database, schedule.vector_store_id) == (0, 4, 0, 0)


def test_who_lost_a_run_uploads_nothing_more_and_cannot_end_it(
    services: FakeServices, folder: Path, tmp_path: Path, clock: Clock
) -> None:
    schedule = mirrored(services, folder)
    old = taken(services, schedule)
    clock.advance(31)
    new = held(services)
    assert (new.row, new.run_id, new.fence) == (old.row, schedule_id_of(services, schedule), old.fence + 1)

    assert import_process.work(services, old.row, old.fence, tmp_path, lost=lambda _: None) == LOST
    with pytest.raises(Abandoned):
        files.create(
            services,
            replace(CALLER, importing=Importing(old.row, old.fence, b"/a", "a.txt", "1")),
            filename="a.txt", purpose="assistants", blocks=[b"a"], expires_after=None,
        )  # fmt: skip

    with services.database.transaction() as session:
        assert not schedule_rows.end(session, old.row, old.fence, "completed")
        assert not schedule_rows.renew(session, old.row, old.fence, 30.0, {})
        assert schedule_rows.renew(session, new.row, new.fence, 30.0, {})
    assert uploaded(services) == 0


@pytest.mark.parametrize("running", [False, True])
def test_nobody_takes_up_a_schedule_that_is_being_deleted(
    services: FakeServices, folder: Path, tmp_path: Path, clock: Clock, running: bool
) -> None:
    schedule = mirrored(services, folder)
    ran(services, schedule, tmp_path)
    old = taken(services, schedule) if running else None
    schedules.run_now(services, CALLER, schedule.vector_store_id, schedule.id)
    with services.database.transaction() as session:
        locked = schedule_rows.get(session, schedule.vector_store_id, schedule.id, lock=True)
        assert locked is not None
        assert not schedule_rows.remove(session, locked, 2)

    clock.advance(2 * 86_400)
    assert schedules.run_due(services) == 0
    with services.database.transaction() as session:
        assert schedule_rows.take(session, "test/2", ids.new("imp_"), 30.0) is None
        assert old is None or not schedule_rows.renew(session, old.row, old.fence, 30.0)
    assert (now_of(services, schedule).paused, now_of(services, schedule).result) == (
        True, "failed" if running else "completed"
    )  # fmt: skip
    schedules.delete(services, CALLER, schedule.vector_store_id, schedule.id)
    assert uploaded(services) == 3


def schedule_id_of(services: FakeServices, schedule: ImportSchedule) -> str | None:
    return now_of(services, schedule).run_id


def test_a_source_that_is_not_there_fails_the_run_and_removes_nothing(
    services: FakeServices, folder: Path, tmp_path: Path
) -> None:
    schedule = mirrored(services, folder)
    ran(services, schedule, tmp_path)
    folder.rename(folder.with_name("unmounted"))
    told = ran(services, schedule, tmp_path)
    folder.mkdir()
    empty = ran(services, schedule, tmp_path)

    assert (told.result, told.error) == ("failed", f"There is no {folder}.")
    assert (empty.result, empty.error) == ("failed", "There are no files there.")
    assert names(services, schedule) == ["a.txt", "b.txt", "c.txt"]


def test_an_empty_source_among_others_is_told_and_nothing_is_removed(
    services: FakeServices, folder: Path, tmp_path: Path
) -> None:
    other = folder.parent / "other"
    other.mkdir()
    (other / "d.txt").write_text("A newt hides.")
    listing = folder.parent / "list.txt"
    listing.write_text(f"{other}\n")
    schedule = mirrored(services, folder, sources=[str(folder), str(other)], manifests=[str(listing)])
    assert ran(services, schedule, tmp_path).result == "completed"
    (other / "d.txt").unlink()
    (folder / "b.txt").unlink()

    for lines, problems in ((f"{other}\n", 2), ("", 2)):
        listing.write_text(lines)
        told = ran(services, schedule, tmp_path)
        assert (told.result, counts(told)) == (
            "incomplete", {"completed": 2, "not_uploaded": problems, "total": 2 + problems}
        )  # fmt: skip
        assert [(each["reason"], each["files"]) for each in told.reasons] == [("There are no files there", problems)]
    assert names(services, schedule) == ["a.txt", "b.txt", "c.txt", "d.txt"]


@pytest.mark.parametrize("inner_first", [False, True])
def test_a_source_within_another_is_not_empty(
    services: FakeServices, folder: Path, tmp_path: Path, inner_first: bool
) -> None:
    (folder / "a.txt").unlink()
    (folder / "b.txt").unlink()
    sources = sorted([str(folder), str(folder / "more")], reverse=inner_first)

    told = ran(services, mirrored(services, folder, sources=sources), tmp_path)

    assert (told.result, counts(told)) == ("completed", {"uploaded": 1, "completed": 1, "total": 1})


def test_a_quota_that_is_used_up_ends_the_run_with_the_reason(
    services: FakeServices, folder: Path, tmp_path: Path
) -> None:
    projects.set_limits(services.database, "default", {"stored_bytes": 20})

    told = ran(services, mirrored(services, folder), tmp_path)

    assert told.result == "failed"
    assert told.error is not None
    assert "quota" in told.error


def test_a_limit_of_files_in_progress_makes_smaller_batches(
    services: FakeServices, folder: Path, tmp_path: Path
) -> None:
    projects.set_limits(services.database, "default", {"files_in_progress": 2})

    told = ran(services, mirrored(services, folder), tmp_path)

    assert (told.result, counts(told)) == ("completed", {"uploaded": 3, "completed": 3, "total": 3})


# --- what may not be read ---


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A folder beside the one that may be imported from."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key.txt").write_text("The key is under the mat.")
    return secret


def test_links_out_of_the_roots_are_not_followed(
    services: FakeServices, folder: Path, tmp_path: Path, secret: Path
) -> None:
    (folder / "file.txt").symlink_to(secret / "key.txt")
    (folder / "folder").symlink_to(secret)
    (folder / "own.txt").symlink_to(services.settings.data.parent / "test.db")

    told = ran(services, mirrored(services, folder), tmp_path)

    assert (told.result, counts(told)) == ("incomplete", {"uploaded": 3, "completed": 3, "not_uploaded": 3, "total": 6})
    assert [(each["reason"], each["files"]) for each in told.reasons] == [
        ("It is outside of what may be imported from", 3)
    ]
    assert names(services, mirrored(services, folder)) == []


def test_a_folder_that_becomes_a_link_is_refused_at_the_next_run(
    services: FakeServices, folder: Path, tmp_path: Path, secret: Path
) -> None:
    schedule = mirrored(services, folder)
    ran(services, schedule, tmp_path)
    folder.rename(folder.with_name("moved"))
    folder.symlink_to(secret)

    told = ran(services, schedule, tmp_path)

    assert (told.result, counts(told)) == ("failed", {})
    assert told.error is not None
    assert "outside" in told.error
    assert names(services, schedule) == ["a.txt", "b.txt", "c.txt"]


def test_a_file_that_becomes_a_link_between_the_look_and_the_upload_is_not_read(
    services: FakeServices, folder: Path, tmp_path: Path, secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Kept.entries

    def entries(*given: Any, **named: Any) -> Any:
        (folder / "a.txt").unlink(missing_ok=True)
        (folder / "a.txt").symlink_to(secret / "key.txt")
        return original(*given, **named)

    monkeypatch.setattr(Kept, "entries", entries)

    told = ran(services, mirrored(services, folder), tmp_path)

    assert counts(told) == {"uploaded": 2, "completed": 2, "not_uploaded": 1, "total": 3}
    assert told.reasons[0]["reason"] == "It is outside of what may be imported from"


def test_a_manifest_leads_nowhere_else(services: FakeServices, folder: Path, tmp_path: Path, secret: Path) -> None:
    listing = folder / "list.txt"
    lines = [str(secret / "key.txt"), "../../secret/key.txt", f"file://{secret}/key.txt", f"{secret}/*", "a.txt"]
    lines += ["file:///etc/%2e%2e/etc/hostname", "memory://x", "a.txt::file:///etc/hostname", "http://127.0.0.1:1/x"]
    listing.write_text("\n".join(lines))

    told = ran(services, mirrored(services, folder, sources=[], manifests=[str(listing)]), tmp_path)

    assert counts(told) == {"uploaded": 1, "completed": 1, "not_uploaded": 8, "total": 9}


# --- real processes ---


def test_a_process_that_is_killed_is_followed_by_one_that_ends_the_run(
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
    schedule = mirrored(services, shared)
    schedules.run_now(services, CALLER, schedule.vector_store_id, schedule.id)
    importer = Importer(services, IMPORTING, environment)
    with working(services):
        importer.start()
        wait_until(lambda: now_of(services, schedule).uploaded >= 20, seconds=60, what="some uploads")
        importer.children[0].process.kill()
        wait_until(lambda: now_of(services, schedule).ended_at is not None, seconds=60, what="the end")
        importer.stop()

    ended = now_of(services, schedule)
    assert (ended.result, counts(ended)) == ("completed", {"uploaded": 120, "completed": 120, "total": 120})
    assert ended.attempts == 2
    assert uploaded(services) == 120
    assert rows.counts(services.database, schedule.vector_store_id) == (0, 120, 0, 0)
    services.database.dispose()

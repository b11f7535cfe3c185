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

from api import importing
from api.app import IMPORTING
from ingest import files, ids, import_schedules, projects, search, store_files, vector_stores, webhooks
from ingest.callers import Importing
from ingest.cli.importing import mirror, report
from ingest.cli.importing.kept import Kept
from ingest.config import Settings
from ingest.db import import_schedules as schedule_rows
from ingest.db import imported
from ingest.db.models import File, ImportSchedule
from ingest.db.pages import Window
from ingest.db.session import Database
from ingest.embedded.parts import free_port
from ingest.errors import Abandoned
from ingest.importer import ENDED, LOST, Importer
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeTools
from tests.servers import wait_until
from tests.test_jobs import run_all

NIGHTLY = "0 3 * * *"


@pytest.fixture
def folder(tmp_path: Path, tools: FakeTools) -> Path:
    """A folder that may be imported from, with three files in it."""
    tools.settings = tools.settings.model_copy(update={"import_roots": str(tmp_path / "shared")})
    folder = tmp_path / "shared" / "documents"
    (folder / "more").mkdir(parents=True)
    for name, text in (("a.txt", "A heron stands."), ("b.txt", "An otter swims."), ("more/c.txt", "A toad waits.")):
        (folder / name).write_text(text)
    return folder


@contextmanager
def working(tools: FakeTools) -> Iterator[None]:
    """Workers, for as long as the context lasts."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.01):
            tools.feeder.top_up()
            run_all(tools)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(20)


def mirrored(tools: FakeTools, folder: Path, **wish: Any) -> ImportSchedule:
    """A schedule that mirrors a folder into a new store."""
    store = vector_stores.create(tools, CALLER, name="s", description=None, metadata={}, expires_after_days=None)
    columns: dict[str, Any] = {
        "sources": [str(folder)], "manifests": [], "include": [], "exclude": [], "attributes": {},
        "attributes_from_path": [], "delete_missing": True, "retry_failed": False,
    }  # fmt: skip
    return import_schedules.create(
        tools, CALLER, store.id, cron=NIGHTLY, timezone="UTC", paused=False, wish=columns | wish
    )


def taken(tools: FakeTools, schedule: ImportSchedule) -> ImportSchedule:
    """The schedule, with a run of it that this process holds."""
    webhooks.enqueue(tools)  # the end of the run before
    import_schedules.run_now(tools, CALLER, schedule.vector_store_id, schedule.id)
    return held(tools)


def held(tools: FakeTools) -> ImportSchedule:
    with tools.database.transaction() as session:
        found = schedule_rows.take(session, "test/1", ids.new("imp_"), 30.0)
    assert found is not None
    return found


def run(tools: FakeTools, run: ImportSchedule, tmp_path: Path) -> int:
    """Carry out a run that is held; the exit code of the process."""
    work = tmp_path / f"work-{run.fence}"
    work.mkdir()
    with working(tools):
        return importing.work(tools, run.row, run.fence, work, lost=lambda _: None)


def ran(tools: FakeTools, schedule: ImportSchedule, tmp_path: Path) -> ImportSchedule:
    """Run it now, to its end."""
    assert run(tools, taken(tools, schedule), tmp_path) == ENDED
    return now_of(tools, schedule)


def now_of(tools: FakeTools, schedule: ImportSchedule) -> ImportSchedule:
    return import_schedules.retrieve(tools, CALLER, schedule.vector_store_id, schedule.id)


def counts(schedule: ImportSchedule) -> Mapping[str, int]:
    """What is not 0 of a run's counts."""
    all_counts = {**schedule.counts, "uploaded": schedule.uploaded, "removed": schedule.removed}
    return {name: count for name, count in all_counts.items() if count}


def names(tools: FakeTools, schedule: ImportSchedule) -> list[str]:
    """The names of the files in the schedule's store, with how they stand if not completed."""
    page = store_files.listed(tools, CALLER, schedule.vector_store_id, Window(limit=100), status=None)
    return sorted(
        files.retrieve(tools, CALLER, shown.file_id).filename + ("" if shown.status == "completed" else shown.status)
        for shown in page.items
    )


def uploaded(tools: FakeTools) -> int:
    """All files of the service, in a store or not."""
    with tools.database.reading() as session:
        return session.scalar(select(func.count()).select_from(File)) or 0


def test_a_folder_is_mirrored_and_the_next_run_does_only_what_changed(
    tools: FakeTools, folder: Path, tmp_path: Path
) -> None:
    schedule = mirrored(tools, folder)

    first = ran(tools, schedule, tmp_path)
    (folder / "a.txt").write_text("A kingfisher dives now.")
    (folder / "b.txt").unlink()
    (folder / "d.txt").write_text("A newt hides.")
    second = ran(tools, schedule, tmp_path)
    third = ran(tools, schedule, tmp_path)

    assert (first.result, counts(first)) == ("completed", {"uploaded": 3, "completed": 3, "total": 3})
    assert (second.result, counts(second)) == ("completed", {"uploaded": 2, "removed": 1, "completed": 3, "total": 3})
    assert (third.result, counts(third)) == ("completed", {"completed": 3, "total": 3})
    assert len({first.run_id, second.run_id, third.run_id}) == 3
    assert names(tools, schedule) == ["a.txt", "c.txt", "d.txt"]
    assert uploaded(tools) == 3
    assert rows.counts(tools.database, schedule.vector_store_id) == (0, 3, 0, 0)
    [found, *_] = search.search(tools, CALLER, schedule.vector_store_id, ["kingfisher"], limit=5)
    assert found.filename == "a.txt"


def test_the_path_of_the_folder_for_temporary_files_may_be_longer_than_a_sockets_address(
    tools: FakeTools, folder: Path, tmp_path: Path
) -> None:
    deep = tmp_path / ("long" * 40)
    deep.mkdir()

    told = ran(tools, mirrored(tools, folder), deep)

    assert (told.result, counts(told)) == ("completed", {"uploaded": 3, "completed": 3, "total": 3})


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")  # uvicorn exits its thread
def test_a_process_whose_own_api_does_not_start_says_so_at_once(tools: FakeTools, folder: Path, tmp_path: Path) -> None:
    held = taken(tools, mirrored(tools, folder))
    (tmp_path / "work" / "api").mkdir(parents=True)  # where the socket belongs

    with pytest.raises(RuntimeError, match="did not start"):
        importing.work(tools, held.row, held.fence, tmp_path / "work", lost=lambda _: None)


def test_a_file_that_was_only_touched_is_read_once_and_not_uploaded(
    tools: FakeTools, folder: Path, tmp_path: Path
) -> None:
    schedule = mirrored(tools, folder)
    ran(tools, schedule, tmp_path)
    os.utime(folder / "a.txt", (1, 1))

    assert counts(ran(tools, schedule, tmp_path)) == {"completed": 3, "total": 3}

    with tools.database.reading():
        stamps = {version.name: version.stamp for version in imported.versions(tools.database, schedule.row)}
    assert stamps["a.txt"] == str(10**9)


def test_attributes_patterns_and_manifests_are_taken(tools: FakeTools, folder: Path, tmp_path: Path) -> None:
    listing = folder.parent / "list.csv"
    listing.write_text("path,kind\ndocuments/a.txt,bird\n")
    wish = {
        "manifests": [str(listing)], "include": ["*.txt"], "exclude": ["b*"], "attributes": {"year": 2026},
        "attributes_from_path": ["{part}/*"],
    }  # fmt: skip
    schedule = mirrored(tools, folder, **wish)

    assert counts(ran(tools, schedule, tmp_path)) == {"uploaded": 2, "completed": 2, "total": 2}

    page = store_files.listed(tools, CALLER, schedule.vector_store_id, Window(limit=100), status=None)
    assert sorted((each.attributes for each in page.items), key=len) == [{"year": 2026}, {"year": 2026, "part": "more"}]


def test_new_attributes_reach_files_that_have_not_changed(tools: FakeTools, folder: Path, tmp_path: Path) -> None:
    schedule = mirrored(tools, folder)
    ran(tools, schedule, tmp_path)
    import_schedules.update(
        tools, CALLER, schedule.vector_store_id, schedule.id, {"attributes": {"checked": True, "part": 1.5}}
    )

    assert counts(ran(tools, schedule, tmp_path)) == {"completed": 3, "total": 3}

    page = store_files.listed(tools, CALLER, schedule.vector_store_id, Window(limit=100), status=None)
    assert [each.attributes for each in page.items] == [{"checked": True, "part": 1.5}] * 3


def test_a_bucket_is_mirrored_as_a_folder_is(tools: FakeTools, tmp_path: Path) -> None:
    tools.settings = tools.settings.model_copy(update={"import_roots": "memory://shared/reports"})
    bucket = fsspec.filesystem("memory")
    bucket.pipe(
        {"/shared/reports/a.txt": b"A heron.", "/shared/reports/b.txt": b"An otter.", "/shared/c.txt": b"A toad."}
    )
    try:
        schedule = mirrored(tools, tmp_path, sources=["memory://shared/reports"])
        first = ran(tools, schedule, tmp_path)
        bucket.rm("/shared/reports/b.txt")
        second = ran(tools, schedule, tmp_path)
    finally:
        bucket.rm("/shared", recursive=True)

    assert counts(first) == {"uploaded": 2, "completed": 2, "total": 2}
    assert counts(second) == {"removed": 1, "completed": 1, "total": 1}
    assert names(tools, schedule) == ["a.txt"]


def test_a_file_that_somebody_deleted_from_the_service_is_brought_back(
    tools: FakeTools, folder: Path, tmp_path: Path
) -> None:
    schedule = mirrored(tools, folder)
    ran(tools, schedule, tmp_path)
    page = store_files.listed(tools, CALLER, schedule.vector_store_id, Window(limit=100), status=None)
    files.delete(tools, CALLER, page.items[0].file_id)
    store_files.delete(tools, CALLER, schedule.vector_store_id, page.items[1].file_id)

    assert counts(ran(tools, schedule, tmp_path)) == {"uploaded": 1, "completed": 3, "total": 3}

    assert names(tools, schedule) == ["a.txt", "b.txt", "c.txt"]


def test_without_delete_missing_nothing_is_removed(tools: FakeTools, folder: Path, tmp_path: Path) -> None:
    schedule = mirrored(tools, folder, delete_missing=False)
    ran(tools, schedule, tmp_path)
    (folder / "b.txt").unlink()

    assert counts(ran(tools, schedule, tmp_path)) == {"completed": 2, "total": 2}

    assert names(tools, schedule) == ["a.txt", "b.txt", "c.txt"]


def test_files_that_fail_are_told_by_their_reason_and_tried_again_if_that_is_asked(
    tools: FakeTools, folder: Path, tmp_path: Path
) -> None:
    (folder / "empty.txt").write_text("")
    (folder / "b.txt").write_bytes(b"\xff\xfe\xff")  # what the fake parser cannot read
    schedule = mirrored(tools, folder)

    told = ran(tools, schedule, tmp_path)

    assert told.result == "incomplete"
    assert counts(told) == {"uploaded": 3, "completed": 2, "failed": 1, "not_uploaded": 1, "total": 4}
    assert {each["first"][0]: each["files"] for each in told.reasons} == {"empty.txt": 1, "b.txt": 1}
    parsed = tools.parser.parsed
    assert counts(ran(tools, schedule, tmp_path)) == {"completed": 2, "failed": 1, "not_uploaded": 1, "total": 4}
    assert tools.parser.parsed == parsed
    import_schedules.update(tools, CALLER, schedule.vector_store_id, schedule.id, {"retry_failed": True})
    assert counts(ran(tools, schedule, tmp_path))["failed"] == 1


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
    tools: FakeTools,
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    where: Any,
    name: str,
    after: int,
    done: bool,
) -> None:
    schedule = mirrored(tools, folder)
    ran(tools, schedule, tmp_path)
    for change, text in (("a.txt", "A kingfisher."), ("d.txt", "A newt."), ("e.txt", "A vole.")):
        (folder / change).write_text(text)
    (folder / "b.txt").unlink()
    first = taken(tools, schedule)
    with monkeypatch.context() as patched:
        dying(patched, where, name, after, done=done)
        with pytest.raises(Killed):
            run(tools, first, tmp_path)
    with tools.database.transaction() as session:
        assert schedule_rows.give_back(session, first.row, first.fence, after_seconds=0.0, counted=True)

    second = held(tools)
    assert (second.run_id, second.attempts) == (first.run_id, 2)
    assert run(tools, second, tmp_path) == ENDED

    ended = now_of(tools, schedule)
    assert (ended.result, counts(ended)) == ("completed", {"uploaded": 3, "removed": 1, "completed": 4, "total": 4})
    assert names(tools, schedule) == ["a.txt", "c.txt", "d.txt", "e.txt"]
    assert uploaded(tools) == 4
    assert rows.counts(tools.database, schedule.vector_store_id) == (0, 4, 0, 0)


def test_who_lost_a_run_uploads_nothing_more_and_cannot_end_it(
    tools: FakeTools, folder: Path, tmp_path: Path, clock: Clock
) -> None:
    schedule = mirrored(tools, folder)
    old = taken(tools, schedule)
    clock.advance(31)
    new = held(tools)
    assert (new.row, new.run_id, new.fence) == (old.row, schedule_id_of(tools, schedule), old.fence + 1)

    assert importing.work(tools, old.row, old.fence, tmp_path, lost=lambda _: None) == LOST
    with pytest.raises(Abandoned):
        files.create(
            tools,
            replace(CALLER, importing=Importing(old.row, old.fence, b"/a", "a.txt", "1")),
            filename="a.txt", purpose="assistants", blocks=[b"a"], expires_after=None,
        )  # fmt: skip

    with tools.database.transaction() as session:
        assert not schedule_rows.end(session, old.row, old.fence, "completed")
        assert not schedule_rows.renew(session, old.row, old.fence, 30.0, {})
        assert schedule_rows.renew(session, new.row, new.fence, 30.0, {})
    assert uploaded(tools) == 0


@pytest.mark.parametrize("running", [False, True])
def test_nobody_takes_up_a_schedule_that_is_being_deleted(
    tools: FakeTools, folder: Path, tmp_path: Path, clock: Clock, running: bool
) -> None:
    schedule = mirrored(tools, folder)
    ran(tools, schedule, tmp_path)
    old = taken(tools, schedule) if running else None
    import_schedules.run_now(tools, CALLER, schedule.vector_store_id, schedule.id)
    with tools.database.transaction() as session:
        locked = schedule_rows.get(session, schedule.vector_store_id, schedule.id, lock=True)
        assert locked is not None
        assert not schedule_rows.remove(session, locked, 2)

    clock.advance(2 * 86_400)
    assert import_schedules.run_due(tools) == 0
    with tools.database.transaction() as session:
        assert schedule_rows.take(session, "test/2", ids.new("imp_"), 30.0) is None
        assert old is None or not schedule_rows.renew(session, old.row, old.fence, 30.0)
    assert (now_of(tools, schedule).paused, now_of(tools, schedule).result) == (
        True, "failed" if running else "completed"
    )  # fmt: skip
    import_schedules.delete(tools, CALLER, schedule.vector_store_id, schedule.id)
    assert uploaded(tools) == 3


def schedule_id_of(tools: FakeTools, schedule: ImportSchedule) -> str | None:
    return now_of(tools, schedule).run_id


def test_a_source_that_is_not_there_fails_the_run_and_removes_nothing(
    tools: FakeTools, folder: Path, tmp_path: Path
) -> None:
    schedule = mirrored(tools, folder)
    ran(tools, schedule, tmp_path)
    folder.rename(folder.with_name("unmounted"))
    told = ran(tools, schedule, tmp_path)
    folder.mkdir()
    empty = ran(tools, schedule, tmp_path)

    assert (told.result, told.error) == ("failed", f"There is no {folder}.")
    assert (empty.result, empty.error) == ("failed", "There are no files there.")
    assert names(tools, schedule) == ["a.txt", "b.txt", "c.txt"]


def test_an_empty_source_among_others_is_told_and_nothing_is_removed(
    tools: FakeTools, folder: Path, tmp_path: Path
) -> None:
    other = folder.parent / "other"
    other.mkdir()
    (other / "d.txt").write_text("A newt hides.")
    listing = folder.parent / "list.txt"
    listing.write_text(f"{other}\n")
    schedule = mirrored(tools, folder, sources=[str(folder), str(other)], manifests=[str(listing)])
    assert ran(tools, schedule, tmp_path).result == "completed"
    (other / "d.txt").unlink()
    (folder / "b.txt").unlink()

    for lines, problems in ((f"{other}\n", 2), ("", 2)):
        listing.write_text(lines)
        told = ran(tools, schedule, tmp_path)
        assert (told.result, counts(told)) == (
            "incomplete", {"completed": 2, "not_uploaded": problems, "total": 2 + problems}
        )  # fmt: skip
        assert [(each["reason"], each["files"]) for each in told.reasons] == [("There are no files there", problems)]
    assert names(tools, schedule) == ["a.txt", "b.txt", "c.txt", "d.txt"]


@pytest.mark.parametrize("inner_first", [False, True])
def test_a_source_within_another_is_not_empty(
    tools: FakeTools, folder: Path, tmp_path: Path, inner_first: bool
) -> None:
    (folder / "a.txt").unlink()
    (folder / "b.txt").unlink()
    sources = sorted([str(folder), str(folder / "more")], reverse=inner_first)

    told = ran(tools, mirrored(tools, folder, sources=sources), tmp_path)

    assert (told.result, counts(told)) == ("completed", {"uploaded": 1, "completed": 1, "total": 1})


def test_a_quota_that_is_used_up_ends_the_run_with_the_reason(tools: FakeTools, folder: Path, tmp_path: Path) -> None:
    projects.set_limits(tools.database, "default", {"stored_bytes": 20})

    told = ran(tools, mirrored(tools, folder), tmp_path)

    assert told.result == "failed"
    assert told.error is not None
    assert "quota" in told.error


def test_a_limit_of_files_in_progress_makes_smaller_batches(tools: FakeTools, folder: Path, tmp_path: Path) -> None:
    projects.set_limits(tools.database, "default", {"files_in_progress": 2})

    told = ran(tools, mirrored(tools, folder), tmp_path)

    assert (told.result, counts(told)) == ("completed", {"uploaded": 3, "completed": 3, "total": 3})


# --- what may not be read ---


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A folder beside the one that may be imported from."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key.txt").write_text("The key is under the mat.")
    return secret


def test_links_out_of_the_roots_are_not_followed(tools: FakeTools, folder: Path, tmp_path: Path, secret: Path) -> None:
    (folder / "file.txt").symlink_to(secret / "key.txt")
    (folder / "folder").symlink_to(secret)
    (folder / "own.txt").symlink_to(tools.settings.data.parent / "test.db")

    told = ran(tools, mirrored(tools, folder), tmp_path)

    assert (told.result, counts(told)) == ("incomplete", {"uploaded": 3, "completed": 3, "not_uploaded": 3, "total": 6})
    assert [(each["reason"], each["files"]) for each in told.reasons] == [
        ("It is outside of what may be imported from", 3)
    ]
    assert names(tools, mirrored(tools, folder)) == []


def test_a_folder_that_becomes_a_link_is_refused_at_the_next_run(
    tools: FakeTools, folder: Path, tmp_path: Path, secret: Path
) -> None:
    schedule = mirrored(tools, folder)
    ran(tools, schedule, tmp_path)
    folder.rename(folder.with_name("moved"))
    folder.symlink_to(secret)

    told = ran(tools, schedule, tmp_path)

    assert (told.result, counts(told)) == ("failed", {})
    assert told.error is not None
    assert "outside" in told.error
    assert names(tools, schedule) == ["a.txt", "b.txt", "c.txt"]


def test_a_file_that_becomes_a_link_between_the_look_and_the_upload_is_not_read(
    tools: FakeTools, folder: Path, tmp_path: Path, secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = Kept.entries

    def entries(*given: Any, **named: Any) -> Any:
        (folder / "a.txt").unlink(missing_ok=True)
        (folder / "a.txt").symlink_to(secret / "key.txt")
        return original(*given, **named)

    monkeypatch.setattr(Kept, "entries", entries)

    told = ran(tools, mirrored(tools, folder), tmp_path)

    assert counts(told) == {"uploaded": 2, "completed": 2, "not_uploaded": 1, "total": 3}
    assert told.reasons[0]["reason"] == "It is outside of what may be imported from"


def test_a_manifest_leads_nowhere_else(tools: FakeTools, folder: Path, tmp_path: Path, secret: Path) -> None:
    listing = folder / "list.txt"
    lines = [str(secret / "key.txt"), "../../secret/key.txt", f"file://{secret}/key.txt", f"{secret}/*", "a.txt"]
    lines += ["file:///etc/%2e%2e/etc/hostname", "memory://x", "a.txt::file:///etc/hostname", "http://127.0.0.1:1/x"]
    listing.write_text("\n".join(lines))

    told = ran(tools, mirrored(tools, folder, sources=[], manifests=[str(listing)]), tmp_path)

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
    tools = FakeTools(settings.model_copy(update=given), Database(database_url))
    environment = {f"INGEST_{name.upper()}": str(value) for name, value in given.items()}
    environment |= {"INGEST_DATA": str(settings.data), "INGEST_DATABASE_URL": database_url}
    schedule = mirrored(tools, shared)
    import_schedules.run_now(tools, CALLER, schedule.vector_store_id, schedule.id)
    importer = Importer(tools, IMPORTING, environment)
    with working(tools):
        importer.start()
        wait_until(lambda: now_of(tools, schedule).uploaded >= 20, seconds=60, what="some uploads")
        importer.children[0].process.kill()
        wait_until(lambda: now_of(tools, schedule).ended_at is not None, seconds=60, what="the end")
        importer.stop()

    ended = now_of(tools, schedule)
    assert (ended.result, counts(ended)) == ("completed", {"uploaded": 120, "completed": 120, "total": 120})
    assert ended.attempts == 2
    assert uploaded(tools) == 120
    assert rows.counts(tools.database, schedule.vector_store_id) == (0, 120, 0, 0)
    tools.database.dispose()

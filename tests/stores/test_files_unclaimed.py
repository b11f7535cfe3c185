"""Bytes are kept before there is a file and removed after it: whatever fails in between, none are lost sight of."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import func, select
from sqlalchemy import text as sql

from ingest.blobs import Staged, text
from ingest.config import Settings
from ingest.db.content.unclaimed_blobs import WANTED_SECONDS
from ingest.db.models import File, LooseBlob
from ingest.db.queue.membership import Member
from ingest.db.session import Database
from ingest.errors import DependencyDown, InvalidRequest
from ingest.jobs.maintenance import drop_loose
from ingest.stores import files, members, vector_stores
from ingest.timeouts import REQUEST_TIMEOUTS
from tests.conftest import Clock
from tests.fakes import CALLER, FakeServices
from tests.jobs.test_run import run_all


def create(services: FakeServices, content: bytes = b"x") -> File:
    return files.create(services, CALLER, filename="a.txt", purpose="assistants", blocks=[content], expires_after=None)


def kept(services: FakeServices) -> int:
    return len(list(services.blobs.names("raw/")))


def loose(services: FakeServices) -> int:
    with services.database.reading() as session:
        return int(session.scalar(select(func.count()).select_from(LooseBlob)) or 0)


def killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_file_and_its_deletion_leave_nothing_behind(services: FakeServices) -> None:
    file = create(services)
    assert (kept(services), loose(services)) == (1, 0)

    files.delete(services, CALLER, file.id)

    assert (kept(services), loose(services)) == (0, 0)


def test_what_was_read_in_a_file_goes_with_the_last_file_of_these_bytes(services: FakeServices) -> None:
    first, second = create(services, b"same"), create(services, b"same")
    other = create(services, b"other")
    for blob, version, extension in ((first.blob, "1", "md"), (first.blob, "2", "pdf"), (other.blob, "2", "pdf")):
        services.blobs.put(text(blob, version, extension), b"{}")

    files.delete(services, CALLER, first.id)
    assert len(list(services.blobs.names("text/"))) == 3
    files.delete(services, CALLER, second.id)

    assert list(services.blobs.names("text/")) == [text(other.blob, "2", "pdf")]


def test_what_a_worker_reads_in_a_file_that_is_deleted_meanwhile_does_not_stay(services: FakeServices) -> None:
    file = create(services, b"A heron.")
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=None).id
    members.attach(services, CALLER, store, Member(file.id, {}, 800, 400))
    services.parser.kind = "pdf"  # what was read in it is kept
    services.embedder.before = lambda: files.delete(services, CALLER, file.id)

    assert run_all(services) == ["abandoned"]
    assert [*services.blobs.names("raw/"), *services.blobs.names("text/")] == []


@pytest.mark.parametrize("place", ["ingest.stores.files.add", "ingest.stores.files.ids.new"])
def test_bytes_of_a_killed_upload_are_removed_after_a_while(
    services: FakeServices, clock: Clock, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setattr(place, killed)
    with pytest.raises(KeyboardInterrupt):
        create(services)
    drop_loose(services)
    assert kept(services) == 1

    clock.advance(WANTED_SECONDS)
    drop_loose(services)

    assert (kept(services), loose(services)) == (0, 0)


def test_bytes_of_a_killed_upload_stay_when_a_file_has_them(
    services: FakeServices, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("ingest.stores.files.add", killed)
        with pytest.raises(KeyboardInterrupt):
            create(services)
    create(services)

    clock.advance(WANTED_SECONDS)
    drop_loose(services)

    assert (kept(services), loose(services)) == (1, 0)


def test_bytes_of_a_file_that_is_refused_are_removed_at_once(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise InvalidRequest("There is no room for it.")

    monkeypatch.setattr("ingest.stores.files.add", refuse)
    with pytest.raises(InvalidRequest):
        create(services)

    assert (kept(services), loose(services)) == (0, 0)


def test_a_deletion_that_is_killed_before_the_bytes_go_is_finished_by_the_sweep(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = create(services)
    with monkeypatch.context() as patched:
        patched.setattr("ingest.stores.files.drop_unused", killed)
        with pytest.raises(KeyboardInterrupt):
            files.delete(services, CALLER, file.id)
    assert kept(services) == 1

    drop_loose(services)

    assert (kept(services), loose(services)) == (0, 0)


def test_a_deletion_spares_bytes_that_are_just_arriving_again(services: FakeServices) -> None:
    """The race of content-addressed bytes: the old file goes between `keep` and the new file's row."""
    old = create(services)
    with services.blobs.staged([b"x"], max_bytes=10) as staged, files.stored_as_unclaimed(services, staged) as number:
        files.delete(services, CALLER, old.id)
        assert kept(services) == 1
        with services.database.transaction() as session:
            new = files.add_file(session, CALLER, staged, number, filename="b.txt", purpose="assistants", expires_after=None)

    drop_loose(services)

    _, blocks = files.read_content(services, CALLER, new.id)
    assert b"".join(blocks) == b"x"
    assert loose(services) == 0


@pytest.mark.parametrize("database_url", [pytest.param("postgres", marks=pytest.mark.services)], indirect=True)
def test_a_deletion_that_the_database_gave_up_spares_bytes_that_came_again_since(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite cannot end another's transaction; Postgres does when its owner sleeps, or is cut off, and frees its locks."""
    old = create(services)
    new: list[File] = []
    services.blobs.put(text(old.blob, "1", "pdf"), b"{}")
    really = services.blobs.delete

    def delete(name: str) -> None:
        if not new:
            with services.database.transaction() as session:
                others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                session.execute(sql(f"{others} AND datname = current_database()"))
            new.append(create(services))
        really(name)

    monkeypatch.setattr(services.blobs, "delete", delete)
    with pytest.raises(DependencyDown, match="database"):
        files.delete(services, CALLER, old.id)
    drop_loose(services)

    assert b"".join(files.read_content(services, CALLER, new[0].id)[1]) == b"x"
    assert loose(services) == 0


@pytest.mark.parametrize("database_url", [pytest.param("postgres", marks=pytest.mark.services)], indirect=True)
def test_an_upload_waits_for_a_deletion_that_takes_longer_than_other_transactions_may(
    settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is on its way to a bucket cannot be called back."""
    database = Database(database_url, timeouts=replace(REQUEST_TIMEOUTS, idle=0.2, lock=10))
    services = FakeServices(settings, database)
    old = create(services)
    really, begun = services.blobs.delete, threading.Event()

    def delete(name: str) -> None:
        begun.set()
        time.sleep(1)
        really(name)

    monkeypatch.setattr(services.blobs, "delete", delete)
    deletion = threading.Thread(target=files.delete, args=(services, CALLER, old.id))
    deletion.start()
    begun.wait()
    new = create(services)
    deletion.join()

    assert b"".join(files.read_content(services, CALLER, new.id)[1]) == b"x"
    database.dispose()


@pytest.mark.parametrize("given_up", ["before they are kept", "after it"])
def test_bytes_that_were_given_up_before_there_was_a_file_make_none_and_do_not_stay(
    services: FakeServices, clock: Clock, monkeypatch: pytest.MonkeyPatch, given_up: str
) -> None:
    really = services.blobs.keep

    def keep(staged: Staged, name: str) -> None:
        if given_up == "after it":
            really(staged, name)
        clock.advance(WANTED_SECONDS)
        drop_loose(services)
        if given_up == "before they are kept":
            really(staged, name)

    monkeypatch.setattr(services.blobs, "keep", keep)
    with pytest.raises(DependencyDown, match="blobs"):
        create(services)

    assert (kept(services), loose(services)) == (0, 0)


def test_creating_and_deleting_the_same_bytes_at_once_never_leaves_a_file_without_them(services: FakeServices) -> None:
    problems: list[Exception] = []

    def again_and_again() -> None:
        try:
            for _ in range(15):
                file = create(services)
                assert b"".join(files.read_content(services, CALLER, file.id)[1]) == b"x"
                files.delete(services, CALLER, file.id)
        except Exception as exc:  # noqa: BLE001 - shown by the test
            problems.append(exc)

    threads = [threading.Thread(target=again_and_again) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert problems == []
    assert (kept(services), loose(services)) == (0, 0)


def test_no_transaction_is_open_while_bytes_are_kept(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    def keep(staged: Staged, name: str) -> None:
        with services.database.transaction() as session:  # on SQLite it would wait for ever for one that is open
            session.execute(select(File.row))
        really(staged, name)

    really = services.blobs.keep
    monkeypatch.setattr(services.blobs, "keep", keep)

    create(services)

    assert kept(services) == 1


def test_a_full_disk_is_an_outage_and_leaves_nothing(services: FakeServices, clock: Clock) -> None:
    def endless() -> Iterator[bytes]:
        yield b"x"
        raise OSError(28, "No space left on device")

    with pytest.raises(DependencyDown, match="blobs: No space left"):
        files.create(services, CALLER, filename="a", purpose="assistants", blocks=endless(), expires_after=None)

    assert (kept(services), loose(services)) == (0, 0)
    assert list((services.settings.data / "blobs" / "partial").iterdir()) == []


def test_a_disk_that_is_full_when_bytes_are_kept_leaves_no_file(
    services: FakeServices, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(staged: Staged, name: str) -> None:
        raise DependencyDown("blobs", "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(services.blobs, "keep", full)
        with pytest.raises(DependencyDown):
            create(services)
    with services.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(File)) == 0

    clock.advance(WANTED_SECONDS)
    drop_loose(services)

    assert (kept(services), loose(services)) == (0, 0)

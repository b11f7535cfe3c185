"""Blobs without a file: whatever fails between the bytes and their file, no bytes stay for ever and none are lost."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import func, select
from sqlalchemy import text as sql

from ingest.blobs import StagedFile, text_key
from ingest.config import Settings
from ingest.db.content.unclaimed_blobs import RESERVATION_SECONDS
from ingest.db.models import File, UnclaimedBlob
from ingest.db.queue.membership import Member
from ingest.db.session import Database
from ingest.errors import DependencyDown, InvalidRequest
from ingest.jobs.maintenance import delete_unclaimed_blobs
from ingest.stores import files, members, vector_stores
from ingest.stores.unclaimed_blobs import store_reserved
from ingest.timeouts import REQUEST_TIMEOUTS
from tests.conftest import Clock
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import run_published_jobs


def create(services: FakeServices, content: bytes = b"x") -> File:
    return files.create(services, CALLER, filename="a.txt", purpose="assistants", blocks=[content], expires_after=None)


def count_raw_blobs(services: FakeServices) -> int:
    return len(list(services.blobs.list_keys("raw/")))


def count_unclaimed(services: FakeServices) -> int:
    with services.database.reading() as session:
        return int(session.scalar(select(func.count()).select_from(UnclaimedBlob)) or 0)


def crash(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_deleted_file_leaves_no_blob(services: FakeServices) -> None:
    file = create(services)
    assert (count_raw_blobs(services), count_unclaimed(services)) == (1, 0)

    files.delete(services, CALLER, file.id)

    assert (count_raw_blobs(services), count_unclaimed(services)) == (0, 0)


def test_parsed_texts_are_deleted_with_the_last_file_of_the_same_bytes(services: FakeServices) -> None:
    first, second = create(services, b"same"), create(services, b"same")
    other = create(services, b"other")
    for blob, version, extension in ((first.blob, "1", "md"), (first.blob, "2", "pdf"), (other.blob, "2", "pdf")):
        services.blobs.write(text_key(blob, version, extension), b"{}")

    files.delete(services, CALLER, first.id)
    assert len(list(services.blobs.list_keys("text/"))) == 3
    files.delete(services, CALLER, second.id)

    assert list(services.blobs.list_keys("text/")) == [text_key(other.blob, "2", "pdf")]


def test_the_parsed_text_of_a_file_deleted_during_its_job_is_deleted(services: FakeServices) -> None:
    file = create(services, b"A heron.")
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=None).id
    members.attach(services, CALLER, store, Member(file.id, {}, 800, 400))
    services.parser.kind = "pdf"  # the parsed text of such a file is stored
    services.embedder.before_embedding = lambda: files.delete(services, CALLER, file.id)

    assert run_published_jobs(services) == ["abandoned"]
    assert [*services.blobs.list_keys("raw/"), *services.blobs.list_keys("text/")] == []


@pytest.mark.parametrize("crash_site", ["ingest.stores.files.add_file", "ingest.stores.files.ids.new"])
def test_the_bytes_of_a_crashed_upload_are_deleted_when_the_reservation_times_out(
    services: FakeServices, clock: Clock, monkeypatch: pytest.MonkeyPatch, crash_site: str
) -> None:
    monkeypatch.setattr(crash_site, crash)
    with pytest.raises(KeyboardInterrupt):
        create(services)
    delete_unclaimed_blobs(services)
    assert count_raw_blobs(services) == 1

    clock.advance(RESERVATION_SECONDS)
    delete_unclaimed_blobs(services)

    assert (count_raw_blobs(services), count_unclaimed(services)) == (0, 0)


def test_the_bytes_of_a_crashed_upload_stay_if_a_file_has_them(
    services: FakeServices, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("ingest.stores.files.add_file", crash)
        with pytest.raises(KeyboardInterrupt):
            create(services)
    create(services)

    clock.advance(RESERVATION_SECONDS)
    delete_unclaimed_blobs(services)

    assert (count_raw_blobs(services), count_unclaimed(services)) == (1, 0)


def test_the_bytes_of_a_refused_file_are_deleted_at_once(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise InvalidRequest("There is no room for it.")

    monkeypatch.setattr("ingest.stores.files.add_file", refuse)
    with pytest.raises(InvalidRequest):
        create(services)

    assert (count_raw_blobs(services), count_unclaimed(services)) == (0, 0)


def test_a_deletion_that_crashes_before_the_bytes_are_deleted_is_finished_by_maintenance(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = create(services)
    with monkeypatch.context() as patched:
        patched.setattr("ingest.stores.files.delete_blob_if_unreferenced", crash)
        with pytest.raises(KeyboardInterrupt):
            files.delete(services, CALLER, file.id)
    assert count_raw_blobs(services) == 1

    delete_unclaimed_blobs(services)

    assert (count_raw_blobs(services), count_unclaimed(services)) == (0, 0)


def test_a_deletion_keeps_reserved_bytes(services: FakeServices) -> None:
    """Blobs are content-addressed: the old file goes between the storing of the bytes and the row of the new file."""
    old = create(services)
    with services.blobs.stage([b"x"], max_bytes=10) as staged, store_reserved(services, staged) as reservation:
        files.delete(services, CALLER, old.id)
        assert count_raw_blobs(services) == 1
        with services.database.transaction() as session:
            new = files.add_file(
                session, CALLER, staged, reservation, filename="b.txt", purpose="assistants", expires_after=None
            )

    delete_unclaimed_blobs(services)

    _, blocks = files.read_content(services, CALLER, new.id)
    assert b"".join(blocks) == b"x"
    assert count_unclaimed(services) == 0


@pytest.mark.parametrize("database_url", [pytest.param("postgres", marks=pytest.mark.services)], indirect=True)
def test_a_deletion_whose_lock_was_lost_keeps_bytes_uploaded_since(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Postgres ends the transaction of a client that sleeps or is cut off, and frees its locks. SQLite cannot."""
    old = create(services)
    new: list[File] = []
    services.blobs.write(text_key(old.blob, "1", "pdf"), b"{}")
    original = services.blobs.delete

    def delete(name: str) -> None:
        if not new:
            with services.database.transaction() as session:
                terminate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                session.execute(sql(f"{terminate} AND datname = current_database()"))
            new.append(create(services))
        original(name)

    monkeypatch.setattr(services.blobs, "delete", delete)
    with pytest.raises(DependencyDown, match="database"):
        files.delete(services, CALLER, old.id)
    delete_unclaimed_blobs(services)

    assert b"".join(files.read_content(services, CALLER, new[0].id)[1]) == b"x"
    assert count_unclaimed(services) == 0


@pytest.mark.parametrize("database_url", [pytest.param("postgres", marks=pytest.mark.services)], indirect=True)
def test_an_upload_waits_for_a_deletion_longer_than_the_idle_timeout(
    settings: Settings, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deletion that was sent to a bucket cannot be undone."""
    database = Database(database_url, timeouts=replace(REQUEST_TIMEOUTS, idle_in_transaction=0.2, lock=10))
    services = FakeServices(settings, database)
    old = create(services)
    original, started = services.blobs.delete, threading.Event()

    def delete(name: str) -> None:
        started.set()
        time.sleep(1)
        original(name)

    monkeypatch.setattr(services.blobs, "delete", delete)
    deletion = threading.Thread(target=files.delete, args=(services, CALLER, old.id))
    deletion.start()
    started.wait()
    new = create(services)
    deletion.join()

    assert b"".join(files.read_content(services, CALLER, new.id)[1]) == b"x"
    database.dispose()


@pytest.mark.parametrize("timed_out", ["before_the_bytes_are_stored", "after_the_bytes_are_stored"])
def test_bytes_whose_reservation_timed_out_create_no_file_and_are_deleted(
    services: FakeServices, clock: Clock, monkeypatch: pytest.MonkeyPatch, timed_out: str
) -> None:
    original = services.blobs.store

    def store(staged: StagedFile, name: str) -> None:
        if timed_out == "after_the_bytes_are_stored":
            original(staged, name)
        clock.advance(RESERVATION_SECONDS)
        delete_unclaimed_blobs(services)
        if timed_out == "before_the_bytes_are_stored":
            original(staged, name)

    monkeypatch.setattr(services.blobs, "store", store)
    with pytest.raises(DependencyDown, match="blobs"):
        create(services)

    assert (count_raw_blobs(services), count_unclaimed(services)) == (0, 0)


def test_concurrent_uploads_and_deletions_of_the_same_bytes_never_leave_a_file_without_bytes(
    services: FakeServices,
) -> None:
    errors: list[Exception] = []

    def create_and_delete_repeatedly() -> None:
        try:
            for _ in range(15):
                file = create(services)
                assert b"".join(files.read_content(services, CALLER, file.id)[1]) == b"x"
                files.delete(services, CALLER, file.id)
        except Exception as exc:  # noqa: BLE001 - the test shows it
            errors.append(exc)

    threads = [threading.Thread(target=create_and_delete_repeatedly) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert errors == []
    assert (count_raw_blobs(services), count_unclaimed(services)) == (0, 0)


def test_no_transaction_is_open_while_bytes_are_stored(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    def store(staged: StagedFile, name: str) -> None:
        with (
            services.database.transaction() as session
        ):  # on SQLite this waits for ever while another transaction is open
            session.execute(select(File.row))
        original(staged, name)

    original = services.blobs.store
    monkeypatch.setattr(services.blobs, "store", store)

    create(services)

    assert count_raw_blobs(services) == 1


def test_a_full_disk_is_an_outage_and_leaves_no_bytes(services: FakeServices, clock: Clock) -> None:
    def endless() -> Iterator[bytes]:
        yield b"x"
        raise OSError(28, "No space left on device")

    with pytest.raises(DependencyDown, match="blobs: No space left"):
        files.create(services, CALLER, filename="a", purpose="assistants", blocks=endless(), expires_after=None)

    assert (count_raw_blobs(services), count_unclaimed(services)) == (0, 0)
    assert list((services.settings.data / "blobs" / "partial").iterdir()) == []


def test_a_disk_that_fills_up_while_bytes_are_stored_leaves_no_file(
    services: FakeServices, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(staged: StagedFile, name: str) -> None:
        raise DependencyDown("blobs", "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(services.blobs, "store", full)
        with pytest.raises(DependencyDown):
            create(services)
    with services.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(File)) == 0

    clock.advance(RESERVATION_SECONDS)
    delete_unclaimed_blobs(services)

    assert (count_raw_blobs(services), count_unclaimed(services)) == (0, 0)

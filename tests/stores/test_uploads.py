"""Uploads in parts: completion, cancel and expiry, on both databases."""

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ingest.db.content import uploads as rows
from ingest.db.models import Upload, UploadPart
from ingest.db.pages import Window
from ingest.errors import InvalidRequest, NotFound, TooLarge
from ingest.jobs.maintenance import run_maintenance
from ingest.stores import files, uploads
from ingest.verify import verify
from tests.conftest import Clock
from tests.fakes import CALLER, FakeServices

HOUR = 3_600
MONTH = 30 * 86_400


def create_upload(services: FakeServices, size: int, **fields: str) -> str:
    values = {"filename": "a.txt", "mime_type": "text/plain", "purpose": "assistants"} | fields
    return uploads.create(services, CALLER, size=size, file_expires_after=None, **values).upload.id


def add_parts(services: FakeServices, upload: str, *texts: bytes) -> list[str]:
    return [uploads.add_part(services, CALLER, upload, [text]).id for text in texts]


def read_bytes(services: FakeServices, file_id: str) -> bytes:
    return b"".join(files.read_content(services, CALLER, file_id)[1])


def count_part_blobs(services: FakeServices) -> int:
    return len(list(services.blobs.list_keys("part/")))


def count_part_rows(services: FakeServices) -> int:
    with services.database.reading() as session:
        return session.query(UploadPart).count()


def test_parts_are_joined_in_the_given_order(services: FakeServices) -> None:
    upload = create_upload(services, 9, filename="../notes.txt", purpose="batch")
    c, a, b = add_parts(services, upload, b"ghi", b"abc", b"def")

    done = uploads.complete(services, CALLER, upload, [a, b, c], None)

    assert done.upload.status == "completed"
    assert done.file is not None
    file = files.retrieve(services, CALLER, done.file.id)
    assert (file.filename, file.purpose, file.bytes) == ("notes.txt", "batch", 9)
    assert file.expires_at == file.created_at + 30 * 86_400
    assert read_bytes(services, file.id) == b"abcdefghi"
    assert (count_part_blobs(services), count_part_rows(services)) == (0, 0)
    assert verify(services).findings == []


def test_the_file_expires_as_requested(services: FakeServices) -> None:
    upload = uploads.create(
        services, CALLER, filename="a", size=1, mime_type="text/plain", purpose="user_data", file_expires_after=7200
    ).upload

    file = uploads.complete(services, CALLER, upload.id, add_parts(services, upload.id, b"x"), None).file

    assert file is not None
    assert file.expires_at == file.created_at + 7200
    assert upload.expires_at == upload.created_at + HOUR


def test_a_part_may_be_left_out(services: FakeServices) -> None:
    upload = create_upload(services, 2)
    _, b = add_parts(services, upload, b"aa", b"bb")

    file = uploads.complete(services, CALLER, upload, [b], None).file

    assert file is not None
    assert read_bytes(services, file.id) == b"bb"
    assert count_part_blobs(services) == 0


def test_an_upload_of_nothing_is_an_empty_file(services: FakeServices) -> None:
    file = uploads.complete(services, CALLER, create_upload(services, 0), [], None).file

    assert file is not None
    assert read_bytes(services, file.id) == b""


def test_foreign_unknown_and_repeated_parts_are_refused(services: FakeServices) -> None:
    upload, other = create_upload(services, 2), create_upload(services, 2)
    [own_part], [foreign_part] = add_parts(services, upload, b"aa"), add_parts(services, other, b"bb")

    for part_ids, message in (
        ([foreign_part], "no part of upload"),
        ([own_part, "part_unknown"], "'part_unknown'"),
        ([own_part, own_part], "named more than once"),
        ([], "0 bytes together"),
    ):
        with pytest.raises(InvalidRequest, match=message) as refused:
            uploads.complete(services, CALLER, upload, part_ids, None)
        assert refused.value.param == "part_ids"
    assert uploads.complete(services, CALLER, upload, [own_part], None).file is not None


def test_the_size_and_the_md5_must_match(services: FakeServices) -> None:
    upload = create_upload(services, 4)
    parts = add_parts(services, upload, b"aa", b"bb", b"c")

    with pytest.raises(InvalidRequest, match="5 bytes together, but 4"):
        uploads.complete(services, CALLER, upload, parts, None)
    with pytest.raises(InvalidRequest, match="md5"):
        uploads.complete(services, CALLER, upload, parts[:2], "0" * 32)
    assert files.list_page(services, CALLER, Window(limit=9), purpose=None).items == []
    md5 = hashlib.md5(b"aabb", usedforsecurity=False).hexdigest().upper()
    assert uploads.complete(services, CALLER, upload, parts[:2], md5).file is not None


def test_a_completion_is_idempotent(services: FakeServices) -> None:
    upload = create_upload(services, 2)
    parts = add_parts(services, upload, b"a", b"b")

    first, second = (uploads.complete(services, CALLER, upload, parts, None) for _ in range(2))

    assert first.file is not None
    assert second.file is not None
    assert first.file.id == second.file.id
    with pytest.raises(InvalidRequest, match="completed"):
        uploads.complete(services, CALLER, upload, parts[::-1], None)
    files.delete(services, CALLER, first.file.id)
    assert uploads.complete(services, CALLER, upload, parts, None).file is None


def test_concurrent_completions_make_one_file(services: FakeServices) -> None:
    upload = create_upload(services, 2)
    parts = add_parts(services, upload, b"a", b"b")
    barrier = threading.Barrier(4)

    def complete(_: int) -> str:
        barrier.wait(10)
        file = uploads.complete(services, CALLER, upload, parts, None).file
        assert file is not None
        return file.id

    with ThreadPoolExecutor(4) as pool:
        file_ids = set(pool.map(complete, range(4)))

    assert len(file_ids) == 1
    assert [file.id for file in files.list_page(services, CALLER, Window(limit=9), purpose=None).items] == list(
        file_ids
    )
    assert count_part_blobs(services) == 0


def test_parts_can_arrive_concurrently(services: FakeServices) -> None:
    upload = create_upload(services, 80)

    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda n: uploads.add_part(services, CALLER, upload, [b"%d" % n] * 10).id, range(8)))
    file = uploads.complete(services, CALLER, upload, sent, None).file

    assert file is not None
    assert read_bytes(services, file.id) == b"".join(b"%d" % n * 10 for n in range(8))


def test_a_cancelled_upload_accepts_no_parts_and_keeps_none(services: FakeServices) -> None:
    upload = create_upload(services, 1)
    parts = add_parts(services, upload, b"x")

    for _ in range(2):
        assert uploads.cancel(services, CALLER, upload).upload.status == "cancelled"

    assert (count_part_blobs(services), count_part_rows(services)) == (0, 0)
    with pytest.raises(InvalidRequest, match="cancelled"):
        uploads.add_part(services, CALLER, upload, [b"x"])
    with pytest.raises(InvalidRequest, match="cancelled"):
        uploads.complete(services, CALLER, upload, parts, None)


def test_a_completed_upload_accepts_no_parts_and_cannot_be_cancelled(services: FakeServices) -> None:
    upload = create_upload(services, 1)
    uploads.complete(services, CALLER, upload, add_parts(services, upload, b"x"), None)

    with pytest.raises(InvalidRequest, match="completed"):
        uploads.add_part(services, CALLER, upload, [b"x"])
    with pytest.raises(InvalidRequest, match="completed"):
        uploads.cancel(services, CALLER, upload)


@pytest.mark.parametrize("maintenance_ran", [False, True])
def test_an_upload_expires_after_an_hour(services: FakeServices, clock: Clock, maintenance_ran: bool) -> None:
    upload, completed = create_upload(services, 1), create_upload(services, 1)
    parts = add_parts(services, upload, b"x")
    file = uploads.complete(services, CALLER, completed, add_parts(services, completed, b"y"), None).file
    clock.advance(HOUR)
    if maintenance_ran:
        run_maintenance(services)

    for call in (
        lambda: uploads.add_part(services, CALLER, upload, [b"x"]),
        lambda: uploads.complete(services, CALLER, upload, parts, None),
        lambda: uploads.cancel(services, CALLER, upload),
    ):
        with pytest.raises(InvalidRequest, match="expired"):
            call()
    run_maintenance(services)
    with services.database.reading() as session:
        assert session.query(Upload.status).filter(Upload.id == upload).scalar() == "expired"
    assert (count_part_blobs(services), count_part_rows(services)) == (0, 0)
    assert file is not None
    assert read_bytes(services, file.id) == b"y"


def test_an_ended_upload_is_deleted_after_a_month(services: FakeServices, clock: Clock) -> None:
    completed, expired, pending = create_upload(services, 1), create_upload(services, 1), create_upload(services, 1)
    parts = add_parts(services, completed, b"x")
    file = uploads.complete(services, CALLER, completed, parts, None).file
    assert file is not None

    clock.advance(HOUR + MONTH)
    run_maintenance(services)
    assert uploads.complete(services, CALLER, completed, parts, None).file is not None
    with pytest.raises(InvalidRequest, match="expired"):
        uploads.cancel(services, CALLER, expired)
    clock.advance(1)
    recent = create_upload(services, 1)
    run_maintenance(services)

    for upload in (completed, expired, pending):
        with pytest.raises(NotFound):
            uploads.cancel(services, CALLER, upload)
    assert uploads.cancel(services, CALLER, recent).upload.status == "cancelled"
    assert read_bytes(services, file.id) == b"x"


def test_an_upload_with_parts_is_not_deleted(services: FakeServices, clock: Clock) -> None:
    upload = create_upload(services, 1)
    part = add_parts(services, upload, b"x")
    clock.advance(HOUR + MONTH + 1)

    with services.database.transaction() as session:
        rows.expire(session, 10)
        assert rows.delete_ended(session, 10) == 0
        rows.delete_parts(session, part)
        assert rows.delete_ended(session, 10) == 1


def test_an_unknown_upload_is_not_found(services: FakeServices) -> None:
    for call in (
        lambda: uploads.add_part(services, CALLER, "upload_x", [b"x"]),
        lambda: uploads.complete(services, CALLER, "upload_x", [], None),
        lambda: uploads.cancel(services, CALLER, "upload_x"),
    ):
        with pytest.raises(NotFound, match="No such Upload object: upload_x"):
            call()


def test_a_part_that_is_too_large_leaves_no_bytes(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.stores.uploads.MAX_PART_BYTES", 10)
    upload = create_upload(services, 11)

    with pytest.raises(TooLarge, match="at most 10 bytes"):
        add_parts(services, upload, b"eleven byte")

    assert (count_part_blobs(services), count_part_rows(services)) == (0, 0)


def test_a_part_that_arrives_during_a_cancel_leaves_no_bytes(services: FakeServices) -> None:
    upload = create_upload(services, 1)

    def interrupted_blocks() -> Iterator[bytes]:
        yield b"x"
        uploads.cancel(services, CALLER, upload)

    with pytest.raises(InvalidRequest, match="cancelled"):
        uploads.add_part(services, CALLER, upload, interrupted_blocks())

    assert (count_part_blobs(services), count_part_rows(services)) == (0, 0)


def test_an_upload_survives_a_crash_while_a_part_arrives(services: FakeServices, clock: Clock) -> None:
    upload = create_upload(services, 1)

    def interrupted_blocks() -> Iterator[bytes]:
        yield b"x"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        uploads.add_part(services, CALLER, upload, interrupted_blocks())

    assert uploads.complete(services, CALLER, upload, add_parts(services, upload, b"y"), None).file is not None
    assert count_part_rows(services) == 1
    clock.advance(HOUR + 1)
    run_maintenance(services)
    assert (count_part_blobs(services), count_part_rows(services)) == (0, 0)


def test_an_upload_survives_a_crash_during_its_completion(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = create_upload(services, 1)
    parts = add_parts(services, upload, b"x")
    monkeypatch.setattr("ingest.db.content.uploads.complete", crash)

    with pytest.raises(KeyboardInterrupt):
        uploads.complete(services, CALLER, upload, parts, None)
    monkeypatch.undo()

    file = uploads.complete(services, CALLER, upload, parts, None).file
    assert file is not None
    assert read_bytes(services, file.id) == b"x"
    assert verify(services).findings == []


@pytest.mark.parametrize("has_file", [False, True])
def test_the_bytes_of_a_crashed_completion_are_deleted_unless_a_file_has_them(
    services: FakeServices, clock: Clock, monkeypatch: pytest.MonkeyPatch, has_file: bool
) -> None:
    upload = create_upload(services, 1)
    parts = add_parts(services, upload, b"x")
    monkeypatch.setattr("ingest.db.content.uploads.complete", crash)
    with pytest.raises(KeyboardInterrupt):
        uploads.complete(services, CALLER, upload, parts, None)
    if has_file:
        files.create(services, CALLER, filename="a", purpose="assistants", blocks=[b"x"], expires_after=None)
    assert len(list(services.blobs.list_keys("raw/"))) == 1

    clock.advance(HOUR)
    for _ in range(2):
        run_maintenance(services)

    assert len(list(services.blobs.list_keys("raw/"))) == has_file
    assert count_part_blobs(services) == 0


def crash(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_verify_reports_no_parts_of_a_pending_upload(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.verify.blobs.GRACE_SECONDS", -1.0)
    add_parts(services, create_upload(services, 1), b"x")

    assert verify(services).findings == []


def test_verify_reports_an_old_part_without_an_upload(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    services.blobs.write("part/" + "ab" * 16, b"left over")
    assert verify(services).findings == []

    monkeypatch.setattr("ingest.verify.blobs.GRACE_SECONDS", -1.0)

    assert [finding.kind for finding in verify(services).findings] == ["part_orphaned"]

"""Files that arrive in parts, on both databases."""

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ingest.db.content import uploads as rows
from ingest.db.models import Upload, UploadPart
from ingest.db.pages import Window
from ingest.errors import InvalidRequest, NotFound, TooLarge
from ingest.jobs.maintenance import sweep
from ingest.stores import files, uploads
from ingest.verify import verify
from tests.conftest import Clock
from tests.fakes import CALLER, FakeServices

HOUR = 3_600
MONTH = 30 * 86_400


def announced(services: FakeServices, size: int, **others: str) -> str:
    given = {"filename": "a.txt", "mime_type": "text/plain", "purpose": "assistants"} | others
    return uploads.create(services, CALLER, size=size, file_expires_after=None, **given).upload.id


def send(services: FakeServices, upload: str, *texts: bytes) -> list[str]:
    return [uploads.add_part(services, CALLER, upload, [text]).id for text in texts]


def bytes_of(services: FakeServices, file_id: str) -> bytes:
    return b"".join(files.read_content(services, CALLER, file_id)[1])


def part_blobs(services: FakeServices) -> int:
    return len(list(services.blobs.names("part/")))


def rows_left(services: FakeServices) -> int:
    with services.database.reading() as session:
        return session.query(UploadPart).count()


def test_the_parts_make_a_file_in_the_order_of_their_ids(services: FakeServices) -> None:
    upload = announced(services, 9, filename="../notes.txt", purpose="batch")
    c, a, b = send(services, upload, b"ghi", b"abc", b"def")

    done = uploads.complete(services, CALLER, upload, [a, b, c], None)

    assert done.upload.status == "completed"
    assert done.file is not None
    file = files.retrieve(services, CALLER, done.file.id)
    assert (file.filename, file.purpose, file.bytes) == ("notes.txt", "batch", 9)
    assert file.expires_at == file.created_at + 30 * 86_400
    assert bytes_of(services, file.id) == b"abcdefghi"
    assert (part_blobs(services), rows_left(services)) == (0, 0)
    assert verify(services).findings == []


def test_the_file_lives_as_long_as_was_asked(services: FakeServices) -> None:
    upload = uploads.create(
        services, CALLER, filename="a", size=1, mime_type="text/plain", purpose="user_data", file_expires_after=7200
    ).upload

    file = uploads.complete(services, CALLER, upload.id, send(services, upload.id, b"x"), None).file

    assert file is not None
    assert file.expires_at == file.created_at + 7200
    assert upload.expires_at == upload.created_at + HOUR


def test_a_part_may_be_left_out(services: FakeServices) -> None:
    upload = announced(services, 2)
    _, b = send(services, upload, b"aa", b"bb")

    file = uploads.complete(services, CALLER, upload, [b], None).file

    assert file is not None
    assert bytes_of(services, file.id) == b"bb"
    assert part_blobs(services) == 0


def test_an_upload_of_nothing_is_an_empty_file(services: FakeServices) -> None:
    file = uploads.complete(services, CALLER, announced(services, 0), [], None).file

    assert file is not None
    assert bytes_of(services, file.id) == b""


def test_parts_that_are_not_its_own_are_refused(services: FakeServices) -> None:
    upload, other = announced(services, 2), announced(services, 2)
    [mine], [foreign] = send(services, upload, b"aa"), send(services, other, b"bb")

    for part_ids, message in (
        ([foreign], "no part of upload"),
        ([mine, "part_unknown"], "'part_unknown'"),
        ([mine, mine], "named more than once"),
        ([], "0 bytes together"),
    ):
        with pytest.raises(InvalidRequest, match=message) as refused:
            uploads.complete(services, CALLER, upload, part_ids, None)
        assert refused.value.param == "part_ids"
    assert uploads.complete(services, CALLER, upload, [mine], None).file is not None


def test_the_bytes_must_be_those_that_were_announced(services: FakeServices) -> None:
    upload = announced(services, 4)
    parts = send(services, upload, b"aa", b"bb", b"c")

    with pytest.raises(InvalidRequest, match="5 bytes together, but 4"):
        uploads.complete(services, CALLER, upload, parts, None)
    with pytest.raises(InvalidRequest, match="md5"):
        uploads.complete(services, CALLER, upload, parts[:2], "0" * 32)
    assert files.list_page(services, CALLER, Window(limit=9), purpose=None).items == []
    md5 = hashlib.md5(b"aabb", usedforsecurity=False).hexdigest().upper()
    assert uploads.complete(services, CALLER, upload, parts[:2], md5).file is not None


def test_a_completion_done_twice_answers_the_same(services: FakeServices) -> None:
    upload = announced(services, 2)
    parts = send(services, upload, b"a", b"b")

    first, second = (uploads.complete(services, CALLER, upload, parts, None) for _ in range(2))

    assert first.file is not None
    assert second.file is not None
    assert first.file.id == second.file.id
    with pytest.raises(InvalidRequest, match="completed"):
        uploads.complete(services, CALLER, upload, parts[::-1], None)
    files.delete(services, CALLER, first.file.id)
    assert uploads.complete(services, CALLER, upload, parts, None).file is None


def test_completions_at_the_same_time_make_one_file(services: FakeServices) -> None:
    upload = announced(services, 2)
    parts = send(services, upload, b"a", b"b")
    together = threading.Barrier(4)

    def complete(_: int) -> str:
        together.wait(10)
        file = uploads.complete(services, CALLER, upload, parts, None).file
        assert file is not None
        return file.id

    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(complete, range(4)))

    assert len(made) == 1
    assert [file.id for file in files.list_page(services, CALLER, Window(limit=9), purpose=None).items] == list(made)
    assert part_blobs(services) == 0


def test_parts_may_arrive_at_the_same_time(services: FakeServices) -> None:
    upload = announced(services, 80)

    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda n: uploads.add_part(services, CALLER, upload, [b"%d" % n] * 10).id, range(8)))
    file = uploads.complete(services, CALLER, upload, sent, None).file

    assert file is not None
    assert bytes_of(services, file.id) == b"".join(b"%d" % n * 10 for n in range(8))


def test_a_cancelled_upload_takes_no_parts_and_keeps_none(services: FakeServices) -> None:
    upload = announced(services, 1)
    parts = send(services, upload, b"x")

    for _ in range(2):
        assert uploads.cancel(services, CALLER, upload).upload.status == "cancelled"

    assert (part_blobs(services), rows_left(services)) == (0, 0)
    with pytest.raises(InvalidRequest, match="cancelled"):
        uploads.add_part(services, CALLER, upload, [b"x"])
    with pytest.raises(InvalidRequest, match="cancelled"):
        uploads.complete(services, CALLER, upload, parts, None)


def test_a_completed_upload_takes_no_parts_and_cannot_be_cancelled(services: FakeServices) -> None:
    upload = announced(services, 1)
    uploads.complete(services, CALLER, upload, send(services, upload, b"x"), None)

    with pytest.raises(InvalidRequest, match="completed"):
        uploads.add_part(services, CALLER, upload, [b"x"])
    with pytest.raises(InvalidRequest, match="completed"):
        uploads.cancel(services, CALLER, upload)


@pytest.mark.parametrize("swept", [False, True])
def test_an_upload_expires_after_an_hour(services: FakeServices, clock: Clock, swept: bool) -> None:
    upload, completed = announced(services, 1), announced(services, 1)
    parts = send(services, upload, b"x")
    kept = uploads.complete(services, CALLER, completed, send(services, completed, b"y"), None).file
    clock.advance(HOUR)
    if swept:
        sweep(services)

    for ask in (
        lambda: uploads.add_part(services, CALLER, upload, [b"x"]),
        lambda: uploads.complete(services, CALLER, upload, parts, None),
        lambda: uploads.cancel(services, CALLER, upload),
    ):
        with pytest.raises(InvalidRequest, match="expired"):
            ask()
    sweep(services)
    with services.database.reading() as session:
        assert session.query(Upload.status).filter(Upload.id == upload).scalar() == "expired"
    assert (part_blobs(services), rows_left(services)) == (0, 0)
    assert kept is not None
    assert bytes_of(services, kept.id) == b"y"


def test_an_upload_is_remembered_for_a_month_after_it_ended(services: FakeServices, clock: Clock) -> None:
    completed, expired, pending = announced(services, 1), announced(services, 1), announced(services, 1)
    parts = send(services, completed, b"x")
    file = uploads.complete(services, CALLER, completed, parts, None).file
    assert file is not None

    clock.advance(HOUR + MONTH)
    sweep(services)
    assert uploads.complete(services, CALLER, completed, parts, None).file is not None
    with pytest.raises(InvalidRequest, match="expired"):
        uploads.cancel(services, CALLER, expired)
    clock.advance(1)
    young = announced(services, 1)
    sweep(services)

    for upload in (completed, expired, pending):
        with pytest.raises(NotFound):
            uploads.cancel(services, CALLER, upload)
    assert uploads.cancel(services, CALLER, young).upload.status == "cancelled"
    assert bytes_of(services, file.id) == b"x"


def test_an_upload_is_remembered_as_long_as_something_of_it_is_left(services: FakeServices, clock: Clock) -> None:
    upload = announced(services, 1)
    part = send(services, upload, b"x")
    clock.advance(HOUR + MONTH + 1)

    with services.database.transaction() as session:
        rows.expire(session, 10)
        assert rows.forget_ended(session, 10) == 0
        rows.forget(session, part)
        assert rows.forget_ended(session, 10) == 1


def test_an_unknown_upload_is_not_found(services: FakeServices) -> None:
    for ask in (
        lambda: uploads.add_part(services, CALLER, "upload_x", [b"x"]),
        lambda: uploads.complete(services, CALLER, "upload_x", [], None),
        lambda: uploads.cancel(services, CALLER, "upload_x"),
    ):
        with pytest.raises(NotFound, match="No such Upload object: upload_x"):
            ask()


def test_a_part_that_is_too_large_leaves_nothing(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.stores.uploads.MAX_PART_BYTES", 10)
    upload = announced(services, 11)

    with pytest.raises(TooLarge, match="at most 10 bytes"):
        send(services, upload, b"eleven byte")

    assert (part_blobs(services), rows_left(services)) == (0, 0)


def test_a_part_that_arrives_while_its_upload_is_cancelled_leaves_nothing(services: FakeServices) -> None:
    upload = announced(services, 1)

    def cut_off() -> Iterator[bytes]:
        yield b"x"
        uploads.cancel(services, CALLER, upload)

    with pytest.raises(InvalidRequest, match="cancelled"):
        uploads.add_part(services, CALLER, upload, cut_off())

    assert (part_blobs(services), rows_left(services)) == (0, 0)


def test_a_killed_request_leaves_a_usable_upload_and_nothing_in_the_end(services: FakeServices, clock: Clock) -> None:
    upload = announced(services, 1)

    def cut_off() -> Iterator[bytes]:
        yield b"x"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        uploads.add_part(services, CALLER, upload, cut_off())

    assert uploads.complete(services, CALLER, upload, send(services, upload, b"y"), None).file is not None
    assert rows_left(services) == 1
    clock.advance(HOUR + 1)
    sweep(services)
    assert (part_blobs(services), rows_left(services)) == (0, 0)


def test_a_killed_completion_leaves_a_usable_upload(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = announced(services, 1)
    parts = send(services, upload, b"x")
    monkeypatch.setattr("ingest.db.content.uploads.complete", killed)

    with pytest.raises(KeyboardInterrupt):
        uploads.complete(services, CALLER, upload, parts, None)
    monkeypatch.undo()

    file = uploads.complete(services, CALLER, upload, parts, None).file
    assert file is not None
    assert bytes_of(services, file.id) == b"x"
    assert verify(services).findings == []


@pytest.mark.parametrize("needed", [False, True])
def test_what_a_killed_completion_kept_is_removed_when_nobody_needs_it(
    services: FakeServices, clock: Clock, monkeypatch: pytest.MonkeyPatch, needed: bool
) -> None:
    upload = announced(services, 1)
    parts = send(services, upload, b"x")
    monkeypatch.setattr("ingest.db.content.uploads.complete", killed)
    with pytest.raises(KeyboardInterrupt):
        uploads.complete(services, CALLER, upload, parts, None)
    if needed:
        files.create(services, CALLER, filename="a", purpose="assistants", blocks=[b"x"], expires_after=None)
    assert len(list(services.blobs.names("raw/"))) == 1

    clock.advance(HOUR)
    for _ in range(2):
        sweep(services)

    assert len(list(services.blobs.names("raw/"))) == needed
    assert part_blobs(services) == 0


def killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_parts_of_a_living_upload_are_nothing_to_report(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.verify.blobs.GRACE_SECONDS", -1.0)
    send(services, announced(services, 1), b"x")

    assert verify(services).findings == []


def test_a_part_without_an_upload_is_reported_when_it_is_old(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.blobs.put("part/" + "ab" * 16, b"left over")
    assert verify(services).findings == []

    monkeypatch.setattr("ingest.verify.blobs.GRACE_SECONDS", -1.0)

    assert [finding.kind for finding in verify(services).findings] == ["part left over"]

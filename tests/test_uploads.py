"""Files that arrive in parts, on both databases."""

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from ingest import files, uploads
from ingest.db import uploads as rows
from ingest.db.models import Upload, UploadPart
from ingest.db.pages import Window
from ingest.errors import InvalidRequest, NotFound, TooLarge
from ingest.sweep import sweep
from ingest.verify import verify
from tests.conftest import Clock
from tests.fakes import CALLER, FakeTools

HOUR = 3_600
MONTH = 30 * 86_400


def announced(tools: FakeTools, size: int, **others: str) -> str:
    given = {"filename": "a.txt", "mime_type": "text/plain", "purpose": "assistants"} | others
    return uploads.create(tools, CALLER, size=size, file_expires_after=None, **given).upload.id


def send(tools: FakeTools, upload: str, *texts: bytes) -> list[str]:
    return [uploads.add_part(tools, CALLER, upload, [text]).id for text in texts]


def bytes_of(tools: FakeTools, file_id: str) -> bytes:
    return b"".join(files.content(tools, CALLER, file_id)[1])


def part_blobs(tools: FakeTools) -> int:
    return len(list(tools.blobs.names("part/")))


def rows_left(tools: FakeTools) -> int:
    with tools.database.reading() as session:
        return session.query(UploadPart).count()


def test_the_parts_make_a_file_in_the_order_of_their_ids(tools: FakeTools) -> None:
    upload = announced(tools, 9, filename="../notes.txt", purpose="batch")
    c, a, b = send(tools, upload, b"ghi", b"abc", b"def")

    done = uploads.complete(tools, CALLER, upload, [a, b, c], None)

    assert done.upload.status == "completed"
    assert done.file is not None
    file = files.retrieve(tools, CALLER, done.file.id)
    assert (file.filename, file.purpose, file.bytes) == ("notes.txt", "batch", 9)
    assert file.expires_at == file.created_at + 30 * 86_400
    assert bytes_of(tools, file.id) == b"abcdefghi"
    assert (part_blobs(tools), rows_left(tools)) == (0, 0)
    assert verify(tools).findings == []


def test_the_file_lives_as_long_as_was_asked(tools: FakeTools) -> None:
    upload = uploads.create(
        tools, CALLER, filename="a", size=1, mime_type="text/plain", purpose="user_data", file_expires_after=7200
    ).upload

    file = uploads.complete(tools, CALLER, upload.id, send(tools, upload.id, b"x"), None).file

    assert file is not None
    assert file.expires_at == file.created_at + 7200
    assert upload.expires_at == upload.created_at + HOUR


def test_a_part_may_be_left_out(tools: FakeTools) -> None:
    upload = announced(tools, 2)
    _, b = send(tools, upload, b"aa", b"bb")

    file = uploads.complete(tools, CALLER, upload, [b], None).file

    assert file is not None
    assert bytes_of(tools, file.id) == b"bb"
    assert part_blobs(tools) == 0


def test_an_upload_of_nothing_is_an_empty_file(tools: FakeTools) -> None:
    file = uploads.complete(tools, CALLER, announced(tools, 0), [], None).file

    assert file is not None
    assert bytes_of(tools, file.id) == b""


def test_parts_that_are_not_its_own_are_refused(tools: FakeTools) -> None:
    upload, other = announced(tools, 2), announced(tools, 2)
    [mine], [foreign] = send(tools, upload, b"aa"), send(tools, other, b"bb")

    for part_ids, message in (
        ([foreign], "no part of upload"),
        ([mine, "part_unknown"], "'part_unknown'"),
        ([mine, mine], "named more than once"),
        ([], "0 bytes together"),
    ):
        with pytest.raises(InvalidRequest, match=message) as refused:
            uploads.complete(tools, CALLER, upload, part_ids, None)
        assert refused.value.param == "part_ids"
    assert uploads.complete(tools, CALLER, upload, [mine], None).file is not None


def test_the_bytes_must_be_those_that_were_announced(tools: FakeTools) -> None:
    upload = announced(tools, 4)
    parts = send(tools, upload, b"aa", b"bb", b"c")

    with pytest.raises(InvalidRequest, match="5 bytes together, but 4"):
        uploads.complete(tools, CALLER, upload, parts, None)
    with pytest.raises(InvalidRequest, match="md5"):
        uploads.complete(tools, CALLER, upload, parts[:2], "0" * 32)
    assert files.listed(tools, CALLER, Window(limit=9), purpose=None).items == []
    md5 = hashlib.md5(b"aabb", usedforsecurity=False).hexdigest().upper()
    assert uploads.complete(tools, CALLER, upload, parts[:2], md5).file is not None


def test_a_completion_done_twice_answers_the_same(tools: FakeTools) -> None:
    upload = announced(tools, 2)
    parts = send(tools, upload, b"a", b"b")

    first, second = (uploads.complete(tools, CALLER, upload, parts, None) for _ in range(2))

    assert first.file is not None
    assert second.file is not None
    assert first.file.id == second.file.id
    with pytest.raises(InvalidRequest, match="completed"):
        uploads.complete(tools, CALLER, upload, parts[::-1], None)
    files.delete(tools, CALLER, first.file.id)
    assert uploads.complete(tools, CALLER, upload, parts, None).file is None


def test_completions_at_the_same_time_make_one_file(tools: FakeTools) -> None:
    upload = announced(tools, 2)
    parts = send(tools, upload, b"a", b"b")
    together = threading.Barrier(4)

    def complete(_: int) -> str:
        together.wait(10)
        file = uploads.complete(tools, CALLER, upload, parts, None).file
        assert file is not None
        return file.id

    with ThreadPoolExecutor(4) as pool:
        made = set(pool.map(complete, range(4)))

    assert len(made) == 1
    assert [file.id for file in files.listed(tools, CALLER, Window(limit=9), purpose=None).items] == list(made)
    assert part_blobs(tools) == 0


def test_parts_may_arrive_at_the_same_time(tools: FakeTools) -> None:
    upload = announced(tools, 80)

    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda n: uploads.add_part(tools, CALLER, upload, [b"%d" % n] * 10).id, range(8)))
    file = uploads.complete(tools, CALLER, upload, sent, None).file

    assert file is not None
    assert bytes_of(tools, file.id) == b"".join(b"%d" % n * 10 for n in range(8))


def test_a_cancelled_upload_takes_no_parts_and_keeps_none(tools: FakeTools) -> None:
    upload = announced(tools, 1)
    parts = send(tools, upload, b"x")

    for _ in range(2):
        assert uploads.cancel(tools, CALLER, upload).upload.status == "cancelled"

    assert (part_blobs(tools), rows_left(tools)) == (0, 0)
    with pytest.raises(InvalidRequest, match="cancelled"):
        uploads.add_part(tools, CALLER, upload, [b"x"])
    with pytest.raises(InvalidRequest, match="cancelled"):
        uploads.complete(tools, CALLER, upload, parts, None)


def test_a_completed_upload_takes_no_parts_and_cannot_be_cancelled(tools: FakeTools) -> None:
    upload = announced(tools, 1)
    uploads.complete(tools, CALLER, upload, send(tools, upload, b"x"), None)

    with pytest.raises(InvalidRequest, match="completed"):
        uploads.add_part(tools, CALLER, upload, [b"x"])
    with pytest.raises(InvalidRequest, match="completed"):
        uploads.cancel(tools, CALLER, upload)


@pytest.mark.parametrize("swept", [False, True])
def test_an_upload_expires_after_an_hour(tools: FakeTools, clock: Clock, swept: bool) -> None:
    upload, completed = announced(tools, 1), announced(tools, 1)
    parts = send(tools, upload, b"x")
    kept = uploads.complete(tools, CALLER, completed, send(tools, completed, b"y"), None).file
    clock.advance(HOUR)
    if swept:
        sweep(tools)

    for ask in (
        lambda: uploads.add_part(tools, CALLER, upload, [b"x"]),
        lambda: uploads.complete(tools, CALLER, upload, parts, None),
        lambda: uploads.cancel(tools, CALLER, upload),
    ):
        with pytest.raises(InvalidRequest, match="expired"):
            ask()
    sweep(tools)
    with tools.database.reading() as session:
        assert session.query(Upload.status).filter(Upload.id == upload).scalar() == "expired"
    assert (part_blobs(tools), rows_left(tools)) == (0, 0)
    assert kept is not None
    assert bytes_of(tools, kept.id) == b"y"


def test_an_upload_is_remembered_for_a_month_after_it_ended(tools: FakeTools, clock: Clock) -> None:
    completed, expired, pending = announced(tools, 1), announced(tools, 1), announced(tools, 1)
    parts = send(tools, completed, b"x")
    file = uploads.complete(tools, CALLER, completed, parts, None).file
    assert file is not None

    clock.advance(HOUR + MONTH)
    sweep(tools)
    assert uploads.complete(tools, CALLER, completed, parts, None).file is not None
    with pytest.raises(InvalidRequest, match="expired"):
        uploads.cancel(tools, CALLER, expired)
    clock.advance(1)
    young = announced(tools, 1)
    sweep(tools)

    for upload in (completed, expired, pending):
        with pytest.raises(NotFound):
            uploads.cancel(tools, CALLER, upload)
    assert uploads.cancel(tools, CALLER, young).upload.status == "cancelled"
    assert bytes_of(tools, file.id) == b"x"


def test_an_upload_is_remembered_as_long_as_something_of_it_is_left(tools: FakeTools, clock: Clock) -> None:
    upload = announced(tools, 1)
    part = send(tools, upload, b"x")
    clock.advance(HOUR + MONTH + 1)

    with tools.database.transaction() as session:
        rows.expire(session, 10)
        assert rows.forget_ended(session, 10) == 0
        rows.forget(session, part)
        assert rows.forget_ended(session, 10) == 1


def test_an_unknown_upload_is_not_found(tools: FakeTools) -> None:
    for ask in (
        lambda: uploads.add_part(tools, CALLER, "upload_x", [b"x"]),
        lambda: uploads.complete(tools, CALLER, "upload_x", [], None),
        lambda: uploads.cancel(tools, CALLER, "upload_x"),
    ):
        with pytest.raises(NotFound, match="No such Upload object: upload_x"):
            ask()


def test_a_part_that_is_too_large_leaves_nothing(tools: FakeTools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.uploads.MAX_PART_BYTES", 10)
    upload = announced(tools, 11)

    with pytest.raises(TooLarge, match="at most 10 bytes"):
        send(tools, upload, b"eleven byte")

    assert (part_blobs(tools), rows_left(tools)) == (0, 0)


def test_a_part_that_arrives_while_its_upload_is_cancelled_leaves_nothing(tools: FakeTools) -> None:
    upload = announced(tools, 1)

    def cut_off() -> Iterator[bytes]:
        yield b"x"
        uploads.cancel(tools, CALLER, upload)

    with pytest.raises(InvalidRequest, match="cancelled"):
        uploads.add_part(tools, CALLER, upload, cut_off())

    assert (part_blobs(tools), rows_left(tools)) == (0, 0)


def test_a_killed_request_leaves_a_usable_upload_and_nothing_in_the_end(tools: FakeTools, clock: Clock) -> None:
    upload = announced(tools, 1)

    def cut_off() -> Iterator[bytes]:
        yield b"x"
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        uploads.add_part(tools, CALLER, upload, cut_off())

    assert uploads.complete(tools, CALLER, upload, send(tools, upload, b"y"), None).file is not None
    assert rows_left(tools) == 1
    clock.advance(HOUR + 1)
    sweep(tools)
    assert (part_blobs(tools), rows_left(tools)) == (0, 0)


def test_a_killed_completion_leaves_a_usable_upload(tools: FakeTools, monkeypatch: pytest.MonkeyPatch) -> None:
    upload = announced(tools, 1)
    parts = send(tools, upload, b"x")
    monkeypatch.setattr("ingest.db.uploads.complete", killed)

    with pytest.raises(KeyboardInterrupt):
        uploads.complete(tools, CALLER, upload, parts, None)
    monkeypatch.undo()

    file = uploads.complete(tools, CALLER, upload, parts, None).file
    assert file is not None
    assert bytes_of(tools, file.id) == b"x"
    assert verify(tools).findings == []


@pytest.mark.parametrize("needed", [False, True])
def test_what_a_killed_completion_kept_is_removed_when_nobody_needs_it(
    tools: FakeTools, clock: Clock, monkeypatch: pytest.MonkeyPatch, needed: bool
) -> None:
    upload = announced(tools, 1)
    parts = send(tools, upload, b"x")
    monkeypatch.setattr("ingest.db.uploads.complete", killed)
    with pytest.raises(KeyboardInterrupt):
        uploads.complete(tools, CALLER, upload, parts, None)
    if needed:
        files.create(tools, CALLER, filename="a", purpose="assistants", blocks=[b"x"], expires_after=None)
    assert len(list(tools.blobs.names("raw/"))) == 1

    clock.advance(HOUR)
    for _ in range(2):
        sweep(tools)

    assert len(list(tools.blobs.names("raw/"))) == needed
    assert part_blobs(tools) == 0


def killed(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_parts_of_a_living_upload_are_nothing_to_report(tools: FakeTools, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.verify.blobs.GRACE_SECONDS", -1.0)
    send(tools, announced(tools, 1), b"x")

    assert verify(tools).findings == []


def test_a_part_without_an_upload_is_reported_when_it_is_old(tools: FakeTools, monkeypatch: pytest.MonkeyPatch) -> None:
    tools.blobs.put("part/" + "ab" * 16, b"left over")
    assert verify(tools).findings == []

    monkeypatch.setattr("ingest.verify.blobs.GRACE_SECONDS", -1.0)

    assert [finding.kind for finding in verify(tools).findings] == ["part left over"]

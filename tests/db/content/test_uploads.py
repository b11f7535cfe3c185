"""Uploads and their parts, on both databases. An upload leaves `pending` once."""

from ingest import ids
from ingest.caller import DEFAULT_PROJECT
from ingest.db.content import uploads as rows
from ingest.db.models import Upload, UploadPart
from ingest.db.session import Database
from tests.conftest import Clock


def create_upload(database: Database, clock: Clock, *, parts: int = 0) -> str:
    upload = ids.new("upload_")
    at = int(clock())
    with database.transaction() as session:
        session.add(
            Upload(
                id=upload, project=DEFAULT_PROJECT, filename="a", bytes=1, mime_type="", purpose="batch",
                created_at=at, expires_at=at + 3600,
            )
        )  # fmt: skip
        session.flush()
        session.add_all([UploadPart(id=ids.new("part_"), upload_id=upload, created_at=at) for _ in range(parts)])
    return upload


def test_the_first_terminal_status_of_an_upload_is_final(database: Database, clock: Clock) -> None:
    completed, cancelled = create_upload(database, clock), create_upload(database, clock)
    with database.transaction() as session:
        assert rows.complete(session, completed, file_id="file-1", part_ids=["part_1"])
        assert rows.cancel(session, cancelled)

    with database.transaction() as session:
        assert not rows.complete(session, completed, file_id="file-2", part_ids=[])
        assert not rows.cancel(session, completed)
        assert not rows.complete(session, cancelled, file_id="file-2", part_ids=[])

    with database.reading() as session:
        upload = rows.get(session, DEFAULT_PROJECT, completed)
        assert upload is not None
        assert (upload.status, upload.file_id, upload.part_ids) == ("completed", "file-1", ["part_1"])


def test_only_pending_uploads_expire_and_no_more_than_the_limit(database: Database, clock: Clock) -> None:
    uploads = [create_upload(database, clock) for _ in range(3)]
    with database.transaction() as session:
        rows.cancel(session, uploads[0])
        assert rows.expire(session, 10) == 0
    clock.advance(3600)

    with database.transaction() as session:
        assert [rows.expire(session, 1) for _ in range(3)] == [1, 1, 0]


def test_an_incomplete_part_of_an_ended_upload_is_kept_for_an_hour(database: Database, clock: Clock) -> None:
    upload = create_upload(database, clock, parts=2)
    with database.transaction() as session:
        first, _ = (part.id for part in session.query(UploadPart))
        assert rows.complete_part(session, first, size=1, sha256="0" * 64)
        assert rows.list_removable_parts(session, 10) == []
        rows.cancel(session, upload)

    with database.reading() as session:
        assert rows.list_removable_parts(session, 10) == [first]
    clock.advance(3601)
    with database.reading() as session:
        assert len(rows.list_removable_parts(session, 10)) == 2
        assert len(rows.list_removable_parts(session, 1)) == 1

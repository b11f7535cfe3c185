"""The points and blobs that rows require."""

import pytest
from sqlalchemy import update

from ingest.config import LOCAL_MODEL
from ingest.db.checks import expected_state
from ingest.db.models import PointJob, StoreFile, Upload, UploadPart, VectorStore
from ingest.db.session import Database
from tests.db import rows


@pytest.fixture
def row(database: Database) -> int:
    """The row of a queued file."""
    store = rows.create_store(database)
    return rows.attach(database, store, rows.create_files(database, 1))[0]


def set_columns(database: Database, **values: object) -> None:
    with database.transaction() as session:
        session.execute(update(StoreFile).values(values))


def get(database: Database, row: int, model: str = LOCAL_MODEL) -> expected_state.ExpectedPoints:
    with database.reading() as session:
        return expected_state.get_expected_points(session, [row], model)[row]


def test_a_queued_file_needs_no_points_and_may_have_those_being_written(database: Database, row: int) -> None:
    expected = get(database, row)

    assert (expected.point_count, expected.generation, expected.kept_generation) == (0, None, 0)
    assert (expected.writing_generation, expected.newest_generation) == (1, 1)


def test_a_completed_file_needs_the_points_of_its_live_generation(database: Database, row: int) -> None:
    set_columns(database, status="completed", generation=3, live_generation=2, model=LOCAL_MODEL, chunks=7)

    expected = get(database, row)

    assert (expected.point_count, expected.generation, expected.kept_generation) == (7, 2, 2)
    assert (expected.writing_generation, expected.is_standby) == (None, False)
    assert get(database, row, "another").generations_of_other_models == (2,)


def test_the_standby_generation_needs_points_of_the_standby_model(database: Database, row: int) -> None:
    standby = {"chunk_tokens": 800, "chunk_overlap": 400, "chunks": 5, "terms": 1, "usage_bytes": 1}
    set_columns(
        database, status="completed", generation=3, live_generation=2, model=LOCAL_MODEL, chunks=7, standby_generation=3,
        standby_model="large", **{f"standby_{name}": value for name, value in standby.items()},
    )  # fmt: skip

    live, other = get(database, row), get(database, row, "large")

    assert (live.point_count, live.is_standby, live.generations_of_other_models) == (7, False, (3,))
    assert (other.point_count, other.generation, other.is_standby) == (5, 3, True)


def test_files_of_stores_that_are_not_active_are_left_out(database: Database, row: int) -> None:
    with database.transaction() as session:
        assert len(expected_state.list_expected_points(session, 0, LOCAL_MODEL)) == 1
        assert expected_state.list_expected_points(session, row, LOCAL_MODEL) == []
        session.execute(update(VectorStore).values(expired_at=1))

        assert expected_state.list_expected_points(session, 0, LOCAL_MODEL) == []


def test_purges_are_listed_by_file_and_by_store(database: Database) -> None:
    with database.transaction() as session:
        for last in (2, 4):
            session.add(PointJob(kind="purge", vector_store_id="vs_1", store_file=7, last_generation=last, due_at=1.0))
        session.add(PointJob(kind="purge", vector_store_id="vs_2", due_at=1.0))

    with database.reading() as session:
        assert expected_state.last_purged_generations(session, [7, 8]) == {7: 4}
        assert expected_state.purged_stores(session, ["vs_1", "vs_2", "vs_3"]) == {"vs_2"}


def test_blobs_of_files_are_listed_and_found(database: Database) -> None:
    file_ids = rows.create_files(database, 2)

    with database.reading() as session:
        listed = expected_state.list_blobs(session, 0)
        assert [(file.file_id, file.blob, file.size) for file in listed] == [(each, rows.BLOB, 1) for each in file_ids]
        assert expected_state.list_files_of_blob(session, rows.BLOB) == file_ids
        assert expected_state.list_blobs(session, listed[0][0]) == listed[1:]
        assert [expected_state.get_file_bytes(session, each) for each in (file_ids[0], "file-x")] == [listed[0], None]


def test_only_a_stored_part_of_a_pending_upload_must_have_its_bytes(database: Database) -> None:
    with database.transaction() as session:
        for upload_id, status in (("upload_1", "pending"), ("upload_2", "cancelled")):
            session.add(
                Upload(
                    id=upload_id, project="proj_default", filename="a", bytes=1, mime_type="", purpose="assistants",
                    created_at=1, expires_at=9, status=status,
                )
            )  # fmt: skip
        session.flush()
        for part_id, upload_id, size in (("a", "upload_1", 1), ("b", "upload_1", None), ("c", "upload_2", 1)):
            sha256 = None if size is None else "0" * 64
            session.add(UploadPart(id=part_id, upload_id=upload_id, created_at=1, bytes=size, sha256=sha256))

    with database.reading() as session:
        assert expected_state.list_parts(session) == {"a": 1, "b": None, "c": None}
        assert expected_state.list_part_hashes(session) == {"a": "0" * 64}

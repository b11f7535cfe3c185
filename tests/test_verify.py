"""`verify` finds what differs, and nothing where everything agrees."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from ingest import file_batches, files, store_files
from ingest.db.attachments import Member
from ingest.sweep import sweep
from ingest.verify import verify
from tests.fakes import CALLER, FakeTools
from tests.test_jobs import run_all, store_with, upload


def kinds(tools: FakeTools) -> list[str]:
    return sorted({finding.kind for finding in verify(tools).findings})


def test_nothing_is_wrong_whatever_was_done_properly(tools: FakeTools) -> None:
    store, [first, second, _] = store_with(tools, "one", "two", "three")
    run_all(tools)
    file_batches.create(tools, CALLER, store, [Member(first, None, 100, 0)])
    run_all(tools)
    store_files.delete(tools, CALLER, store, second)
    waiting = file_batches.create(tools, CALLER, store, [Member(upload(tools, "x"), {}, 800, 400)])
    cancelled = file_batches.create(tools, CALLER, store, [Member(upload(tools, "y"), {}, 800, 400)])
    file_batches.cancel(tools, CALLER, store, cancelled.id)

    report = verify(tools)

    assert report.findings == []
    assert (report.stores, report.batches, report.files) == (1, 3, 4)
    assert file_batches.retrieve(tools, CALLER, store, waiting.id).in_progress == 1
    sweep(tools)
    assert verify(tools).findings == []


def test_a_changed_counter_is_found(tools: FakeTools) -> None:
    store_with(tools, "one")
    run_all(tools)

    with tools.database.transaction() as session:
        session.execute(text("UPDATE vector_stores SET completed = completed + 1"))

    assert kinds(tools) == ["store counters"]


def test_a_batch_that_miscounts_is_found(tools: FakeTools) -> None:
    store, _ = store_with(tools)
    file_batches.create(tools, CALLER, store, [Member(upload(tools, "x"), {}, 800, 400)])
    run_all(tools)

    with tools.database.transaction() as session:
        session.execute(text("UPDATE file_batches SET failed = 1, completed = 0"))

    assert kinds(tools) == ["batch counters"]


def lose_points(tools: FakeTools) -> None:
    tools.index.points.clear()


def stray_points(tools: FakeTools) -> None:
    for (row, _, number), value in list(tools.index.points.items()):
        tools.index.points[row + 1_000, 1, number] = value


def old_generation(tools: FakeTools) -> None:
    for (row, generation, number), value in list(tools.index.points.items()):
        tools.index.points[row, generation + 1, number] = value


def one_chunk_too_many(tools: FakeTools) -> None:
    for (row, generation, number), value in list(tools.index.points.items()):
        tools.index.points[row, generation, number + 7] = value


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (lose_points, "points missing"),
        (stray_points, "points left over"),
        (old_generation, "points left over"),
        (one_chunk_too_many, "points left over"),
    ],
)
def test_points_that_do_not_match_their_rows_are_found(
    tools: FakeTools, damage: Callable[[FakeTools], None], kind: str
) -> None:
    store_with(tools, "one")
    run_all(tools)

    damage(tools)

    assert kinds(tools) == [kind]


def test_a_missing_blob_is_found(tools: FakeTools) -> None:
    store_with(tools, "one")
    run_all(tools)

    for name in list(tools.blobs.names("raw/")):
        tools.blobs.delete(name)

    assert kinds(tools) == ["blob missing"]


def test_a_blob_without_a_file_is_found_when_it_is_old(tools: FakeTools, monkeypatch: pytest.MonkeyPatch) -> None:
    tools.blobs.put("raw/" + "ab" * 32, b"left over")
    assert kinds(tools) == []

    monkeypatch.setattr("ingest.verify.BLOB_GRACE_SECONDS", -1.0)

    assert kinds(tools) == ["blob left over"]


def test_a_deleted_file_leaves_nothing(tools: FakeTools) -> None:
    _, [file_id] = store_with(tools, "one")
    run_all(tools)

    files.delete(tools, CALLER, file_id)
    sweep(tools)

    report = verify(tools)
    assert (report.files, report.points, report.blobs, report.findings) == (0, 0, 0, [])

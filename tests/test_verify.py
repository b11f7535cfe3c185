"""`verify` finds what differs, and nothing where everything agrees."""

import os
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import text

from ingest import blobs, file_batches, files, store_files, vector_stores
from ingest.db import progress
from ingest.db.attachments import Member
from ingest.steps.parse import PARSER_VERSION
from ingest.sweep import sweep
from ingest.verify import verify
from tests.conftest import Clock
from tests.db import rows
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

    monkeypatch.setattr("ingest.verify.blobs.GRACE_SECONDS", -1.0)

    assert kinds(tools) == ["blob left over"]


def test_a_deleted_file_leaves_nothing(tools: FakeTools) -> None:
    _, [file_id] = store_with(tools, "one")
    run_all(tools)

    files.delete(tools, CALLER, file_id)
    sweep(tools)

    report = verify(tools)
    assert (report.files, report.points, report.blobs, report.findings) == (0, 0, 0, [])


# --- repair ---


def repaired(tools: FakeTools) -> list[tuple[str, bool]]:
    """What was found, and whether something was done about it."""
    report = verify(tools, repair=True)
    assert report.left == sum(finding.repair is None for finding in report.findings)
    return sorted((finding.kind, finding.repair is not None) for finding in report.findings)


@pytest.mark.parametrize("lost", ["all", "one of three"])
def test_files_whose_points_are_gone_are_written_anew(tools: FakeTools, lost: str) -> None:
    store, _ = store_with(tools)
    texts = ["word " * 2_000, "heron", "stork"]
    batch = file_batches.create(
        tools, CALLER, store, [Member(upload(tools, text), {"a": "b"}, 800, 400) for text in texts]
    )
    run_all(tools)
    assert len(tools.index.points) > 3
    if lost == "all":
        tools.index.points.clear()
    else:
        del tools.index.points[min(tools.index.points)]

    found = repaired(tools)

    assert found == [("points missing", True)] * (3 if lost == "all" else 1)
    assert rows.counts(tools.database, store) == (len(found), 3 - len(found), 0, 0)
    tools.feeder.top_up()
    assert run_all(tools) == ["completed"] * len(found)
    sweep(tools)
    assert verify(tools).counts == {}
    assert rows.counts(tools.database, batch.id) == (0, 3, 0, 0)
    assert rows.counts(tools.database, store) == (0, 3, 0, 0)
    assert {owner.attributes["a"] for owner, _ in tools.index.points.values()} == {"b"}


def test_a_file_whose_bytes_are_gone_too_keeps_what_it_has(tools: FakeTools) -> None:
    store, _ = store_with(tools, "word " * 2_000)
    run_all(tools)
    del tools.index.points[min(tools.index.points)]
    for name in list(tools.blobs.names("raw/")):
        tools.blobs.delete(name)

    assert repaired(tools) == [("blob missing", False), ("points missing", False)]

    assert rows.counts(tools.database, store) == (0, 1, 0, 0)
    assert tools.index.points


@pytest.mark.parametrize("damage", [stray_points, old_generation, one_chunk_too_many])
def test_points_that_nobody_answers_for_are_deleted(tools: FakeTools, damage: Callable[[FakeTools], None]) -> None:
    store_with(tools, "one")
    run_all(tools)
    before = dict(tools.index.points)
    damage(tools)

    assert repaired(tools) == [("points left over", True)]

    sweep(tools)
    assert tools.index.points == before
    assert verify(tools).counts == {}


def test_points_of_the_right_row_in_another_store_are_found(tools: FakeTools) -> None:
    store_with(tools, "one")
    run_all(tools)
    [(key, (owner, point))] = tools.index.points.items()
    tools.index.points[key] = (replace(owner, vector_store_id="vs_other"), point)

    assert kinds(tools) == ["points left over", "points missing"]

    tools.index.points[key] = (replace(owner, project="proj_other"), point)
    assert kinds(tools) == ["points left over", "points missing"]


def test_points_whose_numbers_do_not_follow_each_other_are_found(tools: FakeTools) -> None:
    store_with(tools, "word " * 2_000)
    run_all(tools)
    last = max(tools.index.points)
    tools.index.points[(*last[:2], last[2] + 1)] = tools.index.points.pop(last)

    assert kinds(tools) == ["points left over", "points missing"]


def test_points_that_are_about_to_be_deleted_are_no_finding(tools: FakeTools) -> None:
    store, [file_id, _] = store_with(tools, "one", "two")
    run_all(tools)
    points = dict(tools.index.points)
    store_files.delete(tools, CALLER, store, file_id)
    vector_stores.delete(tools, CALLER, store)
    sweep(tools)
    tools.index.points = points  # as a worker that lost its file may still write them

    assert verify(tools).counts == {}


def test_wrong_counters_are_counted_anew(tools: FakeTools) -> None:
    store, _ = store_with(tools, "one", "two")
    batch = file_batches.create(tools, CALLER, store, [Member(upload(tools, "x"), {}, 800, 400)])
    run_all(tools)
    with tools.database.transaction() as session:
        session.execute(text("UPDATE vector_stores SET completed = 1, failed = 7, terms = terms + 5"))
        session.execute(text("UPDATE file_batches SET completed = 0, in_progress = 1"))

    assert repaired(tools) == [("batch counters", True), ("store counters", True)]

    assert verify(tools).counts == {}
    assert rows.counts(tools.database, store) == (0, 3, 0, 0)
    assert rows.counts(tools.database, batch.id) == (0, 1, 0, 0)


def test_a_lease_that_nobody_holds_is_released(tools: FakeTools, clock: Clock) -> None:
    store, [file_id] = store_with(tools, "one")
    rows.claimed(tools.database, rows.row(tools.database, store, file_id).row)
    clock.advance(1_000)

    assert kinds(tools) == ["stuck"]
    assert verify(tools, running=False).counts == {}
    assert repaired(tools) == [("stuck", True)]

    assert "completed" in run_all(tools)  # and once more in vain, for the first message was never taken
    assert verify(tools).counts == {}


def test_work_that_no_sweep_did_is_found_and_done(tools: FakeTools, clock: Clock) -> None:
    store, [file_id] = store_with(tools, "one")
    run_all(tools)
    store_files.delete(tools, CALLER, store, file_id)
    clock.advance(1_000)

    assert kinds(tools) == ["overdue"]
    assert repaired(tools) == [("overdue", True)]

    assert tools.index.points == {}


def test_files_that_wait_while_nothing_runs_are_a_hint_and_no_finding(tools: FakeTools, clock: Clock) -> None:
    store_with(tools, "one")
    clock.advance(300)

    report = verify(tools)

    assert report.counts == {}
    assert report.hints == ["1 files have been waiting and none is in work: are workers running?"]


def test_a_batch_that_waits_for_a_file_that_has_ended_is_found_and_ended(tools: FakeTools) -> None:
    store, _ = store_with(tools)
    batch = file_batches.create(tools, CALLER, store, [Member(upload(tools, "x"), {}, 800, 400)])
    run_all(tools)
    with tools.database.transaction() as session:
        session.execute(text("UPDATE batch_files SET status = 'in_progress'"))
        session.execute(text("UPDATE file_batches SET completed = 0, in_progress = 1"))

    assert repaired(tools) == [("batch membership", True)]

    assert verify(tools).counts == {}
    assert rows.counts(tools.database, batch.id) == (0, 1, 0, 0)


def test_a_file_that_its_batch_does_not_wait_for_is_found_and_goes_on(tools: FakeTools) -> None:
    store, _ = store_with(tools)
    batch = file_batches.create(tools, CALLER, store, [Member(upload(tools, "x"), {}, 800, 400)])
    with tools.database.transaction() as session:
        session.execute(text("UPDATE batch_files SET status = 'failed'"))
        session.execute(text("UPDATE file_batches SET failed = 1, in_progress = 0"))

    assert repaired(tools) == [("batch membership", True)]

    assert run_all(tools) == ["completed"]
    assert verify(tools).counts == {}
    assert rows.counts(tools.database, batch.id) == (0, 0, 1, 0)


def test_an_old_blob_without_a_file_and_the_text_of_one_are_deleted(tools: FakeTools) -> None:
    store_with(tools, "one")
    run_all(tools)
    [raw] = tools.blobs.names("raw/")
    names = ["raw/" + "ab" * 32, blobs.text("ac" * 32, PARSER_VERSION, "pdf")]
    kept = blobs.text(raw.removeprefix("raw/"), PARSER_VERSION, "pdf")
    for name in (*names, kept):
        tools.blobs.put(name, b"x")
    assert verify(tools).counts == {}
    for folder in ("raw", "text"):
        for path in (tools.settings.data / "blobs" / folder).rglob("*-*"):
            os.utime(path, (1, 1))
        for path in (tools.settings.data / "blobs" / folder).rglob("abab*"):
            os.utime(path, (1, 1))

    assert repaired(tools) == [("blob left over", True), ("text left over", True)]

    assert sorted([*tools.blobs.names("raw/"), *tools.blobs.names("text/")]) == sorted([raw, kept])


def test_texts_of_an_older_parser_are_no_finding_and_go_with_the_next_repair(tools: FakeTools) -> None:
    store_with(tools, "one")
    run_all(tools)
    [raw] = tools.blobs.names("raw/")
    older, kept = (blobs.text(raw.removeprefix("raw/"), version, "pdf") for version in ("0-old", PARSER_VERSION))
    for name in (older, kept):
        tools.blobs.put(name, b"x")
    for path in (tools.settings.data / "blobs" / "text").rglob("*-*"):
        os.utime(path, (1, 1))

    before = verify(tools)
    assert (before.counts, len(before.hints)) == ({}, 1)
    assert sorted(tools.blobs.names("text/")) == sorted([older, kept])

    assert repaired(tools) == []
    assert [*tools.blobs.names("text/")] == [kept]
    assert verify(tools).hints == []


def while_it_is_trimmed(tools: FakeTools, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[int], object]) -> None:
    """A completed file with a point of a generation that was never begun, as after only the database was brought back
    from a backup. `meanwhile` comes while that point is deleted, after the file is queued for that number."""
    store, _ = store_with(tools, "one")
    run_all(tools)
    [((row, generation, number), (owner, point))] = tools.index.points.items()
    tools.index.points[row, generation + 1, number] = (replace(owner, generation=generation + 1), point)
    really = tools.index.trim

    def trim(row: int, generation: int, count: int) -> None:
        monkeypatch.setattr(tools.index, "trim", really)
        file_batches.reindex(tools, CALLER, store, "all", None)
        meanwhile(row)
        really(row, generation, count)

    monkeypatch.setattr(tools.index, "trim", trim)


def test_a_file_that_completes_while_points_of_its_next_number_are_deleted_is_written_once_more(
    tools: FakeTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    while_it_is_trimmed(tools, monkeypatch, lambda _: run_all(tools))

    assert [finding.kind for finding in verify(tools, repair=True).findings] == ["points left over", "points missing"]

    sweep(tools)
    run_all(tools)
    assert len(tools.index.points) == 1
    assert verify(tools).findings == []


def test_a_file_that_is_in_work_while_points_of_its_next_number_are_deleted_is_to_be_verified_again(
    tools: FakeTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(row: int) -> None:
        with tools.database.transaction() as session:
            progress.claim(session, row, owner="test/1", lease_seconds=30)

    while_it_is_trimmed(tools, monkeypatch, taken)

    [finding] = verify(tools, repair=True).findings
    assert "once more" in (finding.repair or "")


def test_more_findings_than_are_listed_are_counted_and_repaired(
    tools: FakeTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.verify.report.LISTED", 2)
    monkeypatch.setattr("ingest.verify.exactly.MAX_ROWS", 2)
    store, _ = store_with(tools, *(f"text {n}" for n in range(5)))
    run_all(tools)
    tools.index.points.clear()

    report = verify(tools, repair=True)

    assert (len(report.findings), report.counts, report.repaired) == (2, {"points missing": 5}, 5)
    assert rows.counts(tools.database, store) == (5, 0, 0, 0)


def test_without_repair_nothing_is_changed(tools: FakeTools) -> None:
    store, _ = store_with(tools, "one")
    run_all(tools)
    tools.index.points.clear()

    verify(tools)

    assert rows.counts(tools.database, store) == (0, 1, 0, 0)

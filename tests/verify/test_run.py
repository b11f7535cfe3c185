"""`verify` finds what differs, and nothing where everything agrees."""

import os
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import text

from ingest import blobs
from ingest.db.queue import claims
from ingest.db.queue.membership import Member
from ingest.jobs.maintenance import sweep
from ingest.reindex import batches as rerun_batches
from ingest.steps.parse import PARSER_VERSION
from ingest.stores import batches, files, members, vector_stores
from ingest.verify import verify
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeServices
from tests.jobs.test_run import run_all, store_with, upload


def kinds(services: FakeServices) -> list[str]:
    return sorted({finding.kind for finding in verify(services).findings})


def test_nothing_is_wrong_whatever_was_done_properly(services: FakeServices) -> None:
    store, [first, second, _] = store_with(services, "one", "two", "three")
    run_all(services)
    batches.create(services, CALLER, store, [Member(first, None, 100, 0)])
    run_all(services)
    members.delete(services, CALLER, store, second)
    waiting = batches.create(services, CALLER, store, [Member(upload(services, "x"), {}, 800, 400)])
    cancelled = batches.create(services, CALLER, store, [Member(upload(services, "y"), {}, 800, 400)])
    batches.cancel(services, CALLER, store, cancelled.id)

    report = verify(services)

    assert report.findings == []
    assert (report.stores, report.batches, report.files) == (1, 3, 4)
    assert batches.retrieve(services, CALLER, store, waiting.id).in_progress == 1
    sweep(services)
    assert verify(services).findings == []


def test_a_changed_counter_is_found(services: FakeServices) -> None:
    store_with(services, "one")
    run_all(services)

    with services.database.transaction() as session:
        session.execute(text("UPDATE vector_stores SET completed = completed + 1"))

    assert kinds(services) == ["store counters"]


def test_a_batch_that_miscounts_is_found(services: FakeServices) -> None:
    store, _ = store_with(services)
    batches.create(services, CALLER, store, [Member(upload(services, "x"), {}, 800, 400)])
    run_all(services)

    with services.database.transaction() as session:
        session.execute(text("UPDATE file_batches SET failed = 1, completed = 0"))

    assert kinds(services) == ["batch counters"]


def lose_points(services: FakeServices) -> None:
    services.index.points.clear()


def stray_points(services: FakeServices) -> None:
    for (row, _, number), value in list(services.index.points.items()):
        services.index.points[row + 1_000, 1, number] = value


def old_generation(services: FakeServices) -> None:
    for (row, generation, number), value in list(services.index.points.items()):
        services.index.points[row, generation + 1, number] = value


def one_chunk_too_many(services: FakeServices) -> None:
    for (row, generation, number), value in list(services.index.points.items()):
        services.index.points[row, generation, number + 7] = value


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
    services: FakeServices, damage: Callable[[FakeServices], None], kind: str
) -> None:
    store_with(services, "one")
    run_all(services)

    damage(services)

    assert kinds(services) == [kind]


def test_a_missing_blob_is_found(services: FakeServices) -> None:
    store_with(services, "one")
    run_all(services)

    for name in list(services.blobs.names("raw/")):
        services.blobs.delete(name)

    assert kinds(services) == ["blob missing"]


def test_a_blob_without_a_file_is_found_when_it_is_old(services: FakeServices, monkeypatch: pytest.MonkeyPatch) -> None:
    services.blobs.put("raw/" + "ab" * 32, b"left over")
    assert kinds(services) == []

    monkeypatch.setattr("ingest.verify.blobs.GRACE_SECONDS", -1.0)

    assert kinds(services) == ["blob left over"]


def test_a_deleted_file_leaves_nothing(services: FakeServices) -> None:
    _, [file_id] = store_with(services, "one")
    run_all(services)

    files.delete(services, CALLER, file_id)
    sweep(services)

    report = verify(services)
    assert (report.files, report.points, report.blobs, report.findings) == (0, 0, 0, [])


# --- repair ---


def repaired(services: FakeServices) -> list[tuple[str, bool]]:
    """What was found, and whether something was done about it."""
    report = verify(services, repair=True)
    assert report.left == sum(finding.repair is None for finding in report.findings)
    return sorted((finding.kind, finding.repair is not None) for finding in report.findings)


@pytest.mark.parametrize("lost", ["all", "one of three"])
def test_files_whose_points_are_gone_are_written_anew(services: FakeServices, lost: str) -> None:
    store, _ = store_with(services)
    texts = ["word " * 2_000, "heron", "stork"]
    batch = batches.create(
        services, CALLER, store, [Member(upload(services, text), {"a": "b"}, 800, 400) for text in texts]
    )
    run_all(services)
    assert len(services.index.points) > 3
    if lost == "all":
        services.index.points.clear()
    else:
        del services.index.points[min(services.index.points)]

    found = repaired(services)

    assert found == [("points missing", True)] * (3 if lost == "all" else 1)
    assert rows.counts(services.database, store) == (len(found), 3 - len(found), 0, 0)
    services.feeder.top_up()
    assert run_all(services) == ["completed"] * len(found)
    sweep(services)
    assert verify(services).counts == {}
    assert rows.counts(services.database, batch.id) == (0, 3, 0, 0)
    assert rows.counts(services.database, store) == (0, 3, 0, 0)
    assert {owner.attributes["a"] for owner, _ in services.index.points.values()} == {"b"}


def test_a_file_whose_bytes_are_gone_too_keeps_what_it_has(services: FakeServices) -> None:
    store, _ = store_with(services, "word " * 2_000)
    run_all(services)
    del services.index.points[min(services.index.points)]
    for name in list(services.blobs.names("raw/")):
        services.blobs.delete(name)

    assert repaired(services) == [("blob missing", False), ("points missing", False)]

    assert rows.counts(services.database, store) == (0, 1, 0, 0)
    assert services.index.points


@pytest.mark.parametrize("damage", [stray_points, old_generation, one_chunk_too_many])
def test_points_that_nobody_answers_for_are_deleted(
    services: FakeServices, damage: Callable[[FakeServices], None]
) -> None:
    store_with(services, "one")
    run_all(services)
    before = dict(services.index.points)
    damage(services)

    assert repaired(services) == [("points left over", True)]

    sweep(services)
    assert services.index.points == before
    assert verify(services).counts == {}


def test_points_of_the_right_row_in_another_store_are_found(services: FakeServices) -> None:
    store_with(services, "one")
    run_all(services)
    [(key, (owner, point))] = services.index.points.items()
    services.index.points[key] = (replace(owner, vector_store_id="vs_other"), point)

    assert kinds(services) == ["points left over", "points missing"]

    services.index.points[key] = (replace(owner, project="proj_other"), point)
    assert kinds(services) == ["points left over", "points missing"]


def test_points_whose_numbers_do_not_follow_each_other_are_found(services: FakeServices) -> None:
    store_with(services, "word " * 2_000)
    run_all(services)
    last = max(services.index.points)
    services.index.points[(*last[:2], last[2] + 1)] = services.index.points.pop(last)

    assert kinds(services) == ["points left over", "points missing"]


def test_points_that_are_about_to_be_deleted_are_no_finding(services: FakeServices) -> None:
    store, [file_id, _] = store_with(services, "one", "two")
    run_all(services)
    points = dict(services.index.points)
    members.delete(services, CALLER, store, file_id)
    vector_stores.delete(services, CALLER, store)
    sweep(services)
    services.index.points = points  # as a worker that lost its file may still write them

    assert verify(services).counts == {}


def test_wrong_counters_are_counted_anew(services: FakeServices) -> None:
    store, _ = store_with(services, "one", "two")
    batch = batches.create(services, CALLER, store, [Member(upload(services, "x"), {}, 800, 400)])
    run_all(services)
    with services.database.transaction() as session:
        session.execute(text("UPDATE vector_stores SET completed = 1, failed = 7, terms = terms + 5"))
        session.execute(text("UPDATE file_batches SET completed = 0, in_progress = 1"))

    assert repaired(services) == [("batch counters", True), ("store counters", True)]

    assert verify(services).counts == {}
    assert rows.counts(services.database, store) == (0, 3, 0, 0)
    assert rows.counts(services.database, batch.id) == (0, 1, 0, 0)


def test_a_lease_that_nobody_holds_is_released(services: FakeServices, clock: Clock) -> None:
    store, [file_id] = store_with(services, "one")
    rows.claimed(services.database, rows.row(services.database, store, file_id).row)
    clock.advance(1_000)

    assert kinds(services) == ["stuck"]
    assert verify(services, running=False).counts == {}
    assert repaired(services) == [("stuck", True)]

    assert "completed" in run_all(services)  # and once more in vain, for the first message was never taken
    assert verify(services).counts == {}


def test_work_that_no_sweep_did_is_found_and_done(services: FakeServices, clock: Clock) -> None:
    store, [file_id] = store_with(services, "one")
    run_all(services)
    members.delete(services, CALLER, store, file_id)
    clock.advance(1_000)

    assert kinds(services) == ["overdue"]
    assert repaired(services) == [("overdue", True)]

    assert services.index.points == {}


def test_files_that_wait_while_nothing_runs_are_a_hint_and_no_finding(services: FakeServices, clock: Clock) -> None:
    store_with(services, "one")
    clock.advance(300)

    report = verify(services)

    assert report.counts == {}
    assert report.hints == ["1 files have been waiting and none is in work: are workers running?"]


def test_a_batch_that_waits_for_a_file_that_has_ended_is_found_and_ended(services: FakeServices) -> None:
    store, _ = store_with(services)
    batch = batches.create(services, CALLER, store, [Member(upload(services, "x"), {}, 800, 400)])
    run_all(services)
    with services.database.transaction() as session:
        session.execute(text("UPDATE batch_files SET status = 'in_progress'"))
        session.execute(text("UPDATE file_batches SET completed = 0, in_progress = 1"))

    assert repaired(services) == [("batch membership", True)]

    assert verify(services).counts == {}
    assert rows.counts(services.database, batch.id) == (0, 1, 0, 0)


def test_a_file_that_its_batch_does_not_wait_for_is_found_and_goes_on(services: FakeServices) -> None:
    store, _ = store_with(services)
    batch = batches.create(services, CALLER, store, [Member(upload(services, "x"), {}, 800, 400)])
    with services.database.transaction() as session:
        session.execute(text("UPDATE batch_files SET status = 'failed'"))
        session.execute(text("UPDATE file_batches SET failed = 1, in_progress = 0"))

    assert repaired(services) == [("batch membership", True)]

    assert run_all(services) == ["completed"]
    assert verify(services).counts == {}
    assert rows.counts(services.database, batch.id) == (0, 0, 1, 0)


def test_an_old_blob_without_a_file_and_the_text_of_one_are_deleted(services: FakeServices) -> None:
    store_with(services, "one")
    run_all(services)
    [raw] = services.blobs.names("raw/")
    names = ["raw/" + "ab" * 32, blobs.text("ac" * 32, PARSER_VERSION, "pdf")]
    kept = blobs.text(raw.removeprefix("raw/"), PARSER_VERSION, "pdf")
    for name in (*names, kept):
        services.blobs.put(name, b"x")
    assert verify(services).counts == {}
    for folder in ("raw", "text"):
        for path in (services.settings.data / "blobs" / folder).rglob("*-*"):
            os.utime(path, (1, 1))
        for path in (services.settings.data / "blobs" / folder).rglob("abab*"):
            os.utime(path, (1, 1))

    assert repaired(services) == [("blob left over", True), ("text left over", True)]

    assert sorted([*services.blobs.names("raw/"), *services.blobs.names("text/")]) == sorted([raw, kept])


def test_texts_of_an_older_parser_are_no_finding_and_go_with_the_next_repair(services: FakeServices) -> None:
    store_with(services, "one")
    run_all(services)
    [raw] = services.blobs.names("raw/")
    older, kept = (blobs.text(raw.removeprefix("raw/"), version, "pdf") for version in ("0-old", PARSER_VERSION))
    for name in (older, kept):
        services.blobs.put(name, b"x")
    for path in (services.settings.data / "blobs" / "text").rglob("*-*"):
        os.utime(path, (1, 1))

    before = verify(services)
    assert (before.counts, len(before.hints)) == ({}, 1)
    assert sorted(services.blobs.names("text/")) == sorted([older, kept])

    assert repaired(services) == []
    assert [*services.blobs.names("text/")] == [kept]
    assert verify(services).hints == []


def while_it_is_trimmed(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[int], object]
) -> None:
    """A completed file with a point of a generation that was never begun, as after only the database was brought back
    from a backup. `meanwhile` comes while that point is deleted, after the file is queued for that number."""
    store, _ = store_with(services, "one")
    run_all(services)
    [((row, generation, number), (owner, point))] = services.index.points.items()
    services.index.points[row, generation + 1, number] = (replace(owner, generation=generation + 1), point)
    really = services.index.trim

    def trim(row: int, generation: int, count: int) -> None:
        monkeypatch.setattr(services.index, "trim", really)
        rerun_batches.reindex(services, CALLER, store, "all", None)
        meanwhile(row)
        really(row, generation, count)

    monkeypatch.setattr(services.index, "trim", trim)


def test_a_file_that_completes_while_points_of_its_next_number_are_deleted_is_written_once_more(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    while_it_is_trimmed(services, monkeypatch, lambda _: run_all(services))

    assert [finding.kind for finding in verify(services, repair=True).findings] == [
        "points left over",
        "points missing",
    ]

    sweep(services)
    run_all(services)
    assert len(services.index.points) == 1
    assert verify(services).findings == []


def test_a_file_that_is_in_work_while_points_of_its_next_number_are_deleted_is_to_be_verified_again(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(row: int) -> None:
        with services.database.transaction() as session:
            claims.claim(session, row, owner="test/1", lease_seconds=30)

    while_it_is_trimmed(services, monkeypatch, taken)

    [finding] = verify(services, repair=True).findings
    assert "once more" in (finding.repair or "")


def test_more_findings_than_are_listed_are_counted_and_repaired(
    services: FakeServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.verify.report.LISTED", 2)
    monkeypatch.setattr("ingest.verify.recheck.MAX_ROWS", 2)
    store, _ = store_with(services, *(f"text {n}" for n in range(5)))
    run_all(services)
    services.index.points.clear()

    report = verify(services, repair=True)

    assert (len(report.findings), report.counts, report.repaired) == (2, {"points missing": 5}, 5)
    assert rows.counts(services.database, store) == (5, 0, 0, 0)


def test_without_repair_nothing_is_changed(services: FakeServices) -> None:
    store, _ = store_with(services, "one")
    run_all(services)
    services.index.points.clear()

    verify(services)

    assert rows.counts(services.database, store) == (0, 1, 0, 0)

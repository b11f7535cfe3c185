"""Files and stores end when their time is over: at once for those who ask, and for good by the sweep."""

import pytest

from ingest import file_batches, files, jobs, search, store_files, vector_stores
from ingest.db.attachments import Member
from ingest.db.models import VectorStore
from ingest.db.pages import Window
from ingest.errors import Abandoned, InvalidRequest, NotFound
from ingest.sweep import EXPIRING, expire_stores, sweep
from ingest.verify import verify
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeTools
from tests.test_jobs import run_all, upload

DAY = 86_400
WINDOW = Window(limit=100, order="asc")


def short_lived(tools: FakeTools, seconds: int | None = 3600, *, purpose: str = "assistants") -> str:
    return files.create(
        tools, CALLER, filename="a.txt", purpose=purpose, blocks=[b"a wren sings"], expires_after=seconds
    ).id  # fmt: skip


def store_for(tools: FakeTools, *file_ids: str, days: int | None = 7) -> str:
    store = vector_stores.create(tools, CALLER, name="s", description=None, metadata={}, expires_after_days=days).id
    for file_id in file_ids:
        store_files.attach(tools, CALLER, store, Member(file_id, {}, 800, 400))
    return store


# --- files ---


def test_a_file_past_its_expiry_is_gone_at_once(tools: FakeTools, clock: Clock) -> None:
    file_id, other = short_lived(tools), short_lived(tools, 7200)
    store = store_for(tools, file_id, other, days=None)
    run_all(tools)

    clock.advance(3600)

    with pytest.raises(NotFound, match=f"No such File object: {file_id}"):
        files.retrieve(tools, CALLER, file_id)
    with pytest.raises(NotFound):
        files.content(tools, CALLER, file_id)
    with pytest.raises(NotFound):
        files.delete(tools, CALLER, file_id)
    with pytest.raises(NotFound):
        store_files.attach(tools, CALLER, store, Member(file_id, {}, 800, 400))
    assert [file.id for file in files.listed(tools, CALLER, WINDOW, purpose=None).items] == [other]
    assert {found.file_id for found in search.search(tools, CALLER, store, ["wren"], limit=10)} == {other}


def test_the_sweep_deletes_an_expired_file_from_every_store(tools: FakeTools, clock: Clock) -> None:
    file_id = short_lived(tools)
    stores = [store_for(tools, file_id, days=None) for _ in range(2)]
    run_all(tools)

    clock.advance(3599)
    sweep(tools)
    assert files.retrieve(tools, CALLER, file_id).id == file_id
    clock.advance(1)
    sweep(tools)

    assert [rows.counts(tools.database, store) for store in stores] == [(0, 0, 0, 0)] * 2
    assert list(tools.blobs.names("raw/")) == []
    assert verify(tools).findings == []
    sweep(tools)
    assert tools.index.points == {}


def test_equal_bytes_of_a_file_that_lives_on_stay(tools: FakeTools, clock: Clock) -> None:
    short_lived(tools)
    other = short_lived(tools, None)

    clock.advance(3600)
    sweep(tools)

    assert b"".join(files.content(tools, CALLER, other)[1]) == b"a wren sings"


def test_more_files_than_one_sweep_deletes_are_deleted_by_the_next(
    tools: FakeTools, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert EXPIRING > 2
    monkeypatch.setattr("ingest.sweep.EXPIRING", 2)
    for _ in range(3):
        short_lived(tools)
    clock.advance(3600)

    sweep(tools)
    assert verify(tools).blobs == 1
    sweep(tools)

    assert verify(tools).blobs == 0


def test_a_file_for_a_batch_lives_thirty_days_unless_asked_otherwise(tools: FakeTools) -> None:
    plain, asked, other = (
        files.retrieve(tools, CALLER, short_lived(tools, seconds, purpose=purpose))
        for seconds, purpose in ((None, "batch"), (3600, "batch"), (None, "evals"))
    )

    assert plain.expires_at == plain.created_at + 30 * DAY
    assert asked.expires_at == asked.created_at + 3600
    assert other.expires_at is None


# --- stores ---


def test_a_store_expires_so_many_days_after_it_was_last_used(tools: FakeTools, clock: Clock) -> None:
    store = store_for(tools, upload(tools, "a wren sings"))
    run_all(tools)

    clock.advance(6 * DAY)
    assert search.search(tools, CALLER, store, ["wren"], limit=1)
    clock.advance(7 * DAY - 1)

    assert vector_stores.retrieve(tools, CALLER, store).expired_at is None
    clock.advance(1)
    assert vector_stores.retrieve(tools, CALLER, store).expired_at is not None


@pytest.mark.parametrize("swept", [False, True])
def test_an_expired_store_can_be_looked_at_changed_and_deleted_but_not_used(
    tools: FakeTools, clock: Clock, swept: bool
) -> None:
    file_id = upload(tools, "a wren sings")
    store = store_for(tools, file_id)
    run_all(tools)
    clock.advance(7 * DAY)
    if swept:
        sweep(tools)

    refused = f"Vector store '{store}' has expired"
    with pytest.raises(InvalidRequest, match=refused):
        search.search(tools, CALLER, store, ["wren"], limit=1)
    with pytest.raises(InvalidRequest, match=refused):
        store_files.attach(tools, CALLER, store, Member(file_id, {}, 800, 400))
    with pytest.raises(InvalidRequest, match=refused):
        file_batches.create(tools, CALLER, store, [Member(file_id, {}, 800, 400)])
    for shown in (vector_stores.retrieve(tools, CALLER, store), vector_stores.listed(tools, CALLER, WINDOW).items[0]):
        assert shown.expired_at == int(clock())
        assert (shown.completed, shown.usage_bytes) == (0, 0)
    assert store_files.listed(tools, CALLER, store, WINDOW, status=None).items == []
    with pytest.raises(NotFound):
        store_files.retrieve(tools, CALLER, store, file_id)
    assert files.retrieve(tools, CALLER, file_id).id == file_id
    changed = vector_stores.update(tools, CALLER, store, {"name": "old", "expires_after_days": None})
    assert (changed.name, changed.expired_at, changed.completed) == ("old", int(clock()), 0)
    sweep(tools)
    assert verify(tools).findings == []
    vector_stores.delete(tools, CALLER, store)
    with pytest.raises(NotFound):
        vector_stores.retrieve(tools, CALLER, store)


def test_the_sweep_removes_the_files_and_points_of_an_expired_store(tools: FakeTools, clock: Clock) -> None:
    file_id = upload(tools, "a wren sings")
    store, other = store_for(tools, file_id), store_for(tools, file_id, days=None)
    run_all(tools)

    clock.advance(7 * DAY)
    sweep(tools)

    assert {owner.vector_store_id for owner, _ in tools.index.points.values()} == {other}
    assert rows.counts(tools.database, store) == (0, 0, 0, 0)
    assert rows.counts(tools.database, other) == (0, 1, 0, 0)
    report = verify(tools)
    assert (report.files, report.findings) == (1, [])


def test_what_is_in_progress_ends_as_cancelled(tools: FakeTools, clock: Clock) -> None:
    store = store_for(tools)
    batch = file_batches.create(tools, CALLER, store, [Member(upload(tools, text), {}, 800, 400) for text in "ab"])

    clock.advance(7 * DAY)
    sweep(tools)

    ended = file_batches.retrieve(tools, CALLER, store, batch.id)
    assert (ended.in_progress, ended.cancelled, ended.cancelled_at, ended.expired) == (0, 2, clock(), True)
    assert rows.memberships(tools.database, batch.id) == ["cancelled", "cancelled"]
    assert run_all(tools) == ["not to be had"] * 2
    assert verify(tools).findings == []


def test_a_cancel_that_is_not_yet_written_down_does_not_outlive_its_store(tools: FakeTools, clock: Clock) -> None:
    file_id = upload(tools, "a wren sings")
    store = store_for(tools, file_id)
    run_all(tools)
    batch = file_batches.create(tools, CALLER, store, [Member(file_id, None, 100, 0)])
    with tools.database.transaction() as session:
        session.get_one(VectorStore, 1).last_active_at -= 7 * DAY
    assert rows.counts(tools.database, batch.id) == (1, 0, 0, 0)

    sweep(tools)

    assert rows.counts(tools.database, batch.id) == (0, 0, 0, 1)
    assert rows.counts(tools.database, store) == (0, 0, 0, 0)
    assert verify(tools).findings == []


@pytest.mark.parametrize("in_batch", [False, True])
def test_a_worker_of_an_expired_store_publishes_nothing(tools: FakeTools, clock: Clock, in_batch: bool) -> None:
    file_id = upload(tools, "a wren sings")
    store = store_for(tools)
    if in_batch:
        file_batches.create(tools, CALLER, store, [Member(file_id, {}, 800, 400)])
    else:
        store_files.attach(tools, CALLER, store, Member(file_id, {}, 800, 400))

    def expire() -> None:
        clock.advance(7 * DAY)
        expire_stores(tools)

    tools.embedder.before = expire

    assert run_all(tools) == ["abandoned"]
    assert rows.counts(tools.database, store) == (0, 0, 0, 0)
    clock.advance(120)
    sweep(tools)
    assert tools.index.points == {}
    assert verify(tools).findings == []


def test_another_expiry_moves_the_end_of_a_store_that_lives(tools: FakeTools, clock: Clock) -> None:
    store = store_for(tools, days=1)
    clock.advance(DAY - 1)
    vector_stores.update(tools, CALLER, store, {"expires_after_days": 2})
    clock.advance(2 * DAY - 1)
    sweep(tools)

    assert vector_stores.retrieve(tools, CALLER, store).expired_at is None
    vector_stores.update(tools, CALLER, store, {"expires_after_days": None})
    clock.advance(999 * DAY)
    sweep(tools)
    assert vector_stores.retrieve(tools, CALLER, store).expired_at is None


def test_looking_at_a_store_does_not_prolong_its_life(tools: FakeTools, clock: Clock) -> None:
    store = store_for(tools, days=1)
    clock.advance(DAY - 1)

    vector_stores.retrieve(tools, CALLER, store)
    vector_stores.listed(tools, CALLER, WINDOW)
    clock.advance(1)

    with pytest.raises((InvalidRequest, Abandoned), match="has expired"):
        search.search(tools, CALLER, store, ["x"], limit=1)


def test_jobs_of_an_expired_store_are_not_to_be_had(tools: FakeTools, clock: Clock) -> None:
    store_for(tools, upload(tools, "x"))
    [message] = tools.queue.lanes["interactive"]
    clock.advance(7 * DAY)
    sweep(tools)

    assert jobs.run(tools, message.row, owner="test/1").result == "not to be had"

"""Files and stores end when their time is over: at once for those who ask, and for good by the sweep."""

import pytest

from ingest.db.models import VectorStore
from ingest.db.pages import Window
from ingest.db.queue.membership import Member
from ingest.errors import Abandoned, InvalidRequest, NotFound
from ingest.jobs import run
from ingest.jobs.maintenance import EXPIRING, expire_stores, sweep
from ingest.stores import batches, files, members, search, vector_stores
from ingest.verify import verify
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeServices
from tests.jobs.test_run import run_all, upload

DAY = 86_400
WINDOW = Window(limit=100, order="asc")


def short_lived(services: FakeServices, seconds: int | None = 3600, *, purpose: str = "assistants") -> str:
    return files.create(
        services, CALLER, filename="a.txt", purpose=purpose, blocks=[b"a wren sings"], expires_after=seconds
    ).id  # fmt: skip


def store_for(services: FakeServices, *file_ids: str, days: int | None = 7) -> str:
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=days).id
    for file_id in file_ids:
        members.attach(services, CALLER, store, Member(file_id, {}, 800, 400))
    return store


# --- files ---


def test_a_file_past_its_expiry_is_gone_at_once(services: FakeServices, clock: Clock) -> None:
    file_id, other = short_lived(services), short_lived(services, 7200)
    store = store_for(services, file_id, other, days=None)
    run_all(services)

    clock.advance(3600)

    with pytest.raises(NotFound, match=f"No such File object: {file_id}"):
        files.retrieve(services, CALLER, file_id)
    with pytest.raises(NotFound):
        files.read_content(services, CALLER, file_id)
    with pytest.raises(NotFound):
        files.delete(services, CALLER, file_id)
    with pytest.raises(NotFound):
        members.attach(services, CALLER, store, Member(file_id, {}, 800, 400))
    assert [file.id for file in files.list_page(services, CALLER, WINDOW, purpose=None).items] == [other]
    assert {found.file_id for found in search.search(services, CALLER, store, ["wren"], limit=10)} == {other}


def test_the_sweep_deletes_an_expired_file_from_every_store(services: FakeServices, clock: Clock) -> None:
    file_id = short_lived(services)
    stores = [store_for(services, file_id, days=None) for _ in range(2)]
    run_all(services)

    clock.advance(3599)
    sweep(services)
    assert files.retrieve(services, CALLER, file_id).id == file_id
    clock.advance(1)
    sweep(services)

    assert [rows.counts(services.database, store) for store in stores] == [(0, 0, 0, 0)] * 2
    assert list(services.blobs.names("raw/")) == []
    assert verify(services).findings == []
    sweep(services)
    assert services.index.points == {}


def test_equal_bytes_of_a_file_that_lives_on_stay(services: FakeServices, clock: Clock) -> None:
    short_lived(services)
    other = short_lived(services, None)

    clock.advance(3600)
    sweep(services)

    assert b"".join(files.read_content(services, CALLER, other)[1]) == b"a wren sings"


def test_more_files_than_one_sweep_deletes_are_deleted_by_the_next(
    services: FakeServices, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert EXPIRING > 2
    monkeypatch.setattr("ingest.jobs.maintenance.EXPIRING", 2)
    for _ in range(3):
        short_lived(services)
    clock.advance(3600)

    sweep(services)
    assert verify(services).blobs == 1
    sweep(services)

    assert verify(services).blobs == 0


def test_a_file_for_a_batch_lives_thirty_days_unless_asked_otherwise(services: FakeServices) -> None:
    plain, asked, other = (
        files.retrieve(services, CALLER, short_lived(services, seconds, purpose=purpose))
        for seconds, purpose in ((None, "batch"), (3600, "batch"), (None, "evals"))
    )

    assert plain.expires_at == plain.created_at + 30 * DAY
    assert asked.expires_at == asked.created_at + 3600
    assert other.expires_at is None


# --- stores ---


def test_a_store_expires_so_many_days_after_it_was_last_used(services: FakeServices, clock: Clock) -> None:
    store = store_for(services, upload(services, "a wren sings"))
    run_all(services)

    clock.advance(6 * DAY)
    assert search.search(services, CALLER, store, ["wren"], limit=1)
    clock.advance(7 * DAY - 1)

    assert vector_stores.retrieve(services, CALLER, store).expired_at is None
    clock.advance(1)
    assert vector_stores.retrieve(services, CALLER, store).expired_at is not None


@pytest.mark.parametrize("swept", [False, True])
def test_an_expired_store_can_be_looked_at_changed_and_deleted_but_not_used(
    services: FakeServices, clock: Clock, swept: bool
) -> None:
    file_id = upload(services, "a wren sings")
    store = store_for(services, file_id)
    run_all(services)
    clock.advance(7 * DAY)
    if swept:
        sweep(services)

    refused = f"Vector store '{store}' has expired"
    with pytest.raises(InvalidRequest, match=refused):
        search.search(services, CALLER, store, ["wren"], limit=1)
    with pytest.raises(InvalidRequest, match=refused):
        members.attach(services, CALLER, store, Member(file_id, {}, 800, 400))
    with pytest.raises(InvalidRequest, match=refused):
        batches.create(services, CALLER, store, [Member(file_id, {}, 800, 400)])
    for shown in (
        vector_stores.retrieve(services, CALLER, store),
        vector_stores.list_page(services, CALLER, WINDOW).items[0],
    ):
        assert shown.expired_at == int(clock())
        assert (shown.completed, shown.usage_bytes) == (0, 0)
    assert members.list_page(services, CALLER, store, WINDOW, status=None).items == []
    with pytest.raises(NotFound):
        members.retrieve(services, CALLER, store, file_id)
    assert files.retrieve(services, CALLER, file_id).id == file_id
    changed = vector_stores.update(services, CALLER, store, {"name": "old", "expires_after_days": None})
    assert (changed.name, changed.expired_at, changed.completed) == ("old", int(clock()), 0)
    sweep(services)
    assert verify(services).findings == []
    vector_stores.delete(services, CALLER, store)
    with pytest.raises(NotFound):
        vector_stores.retrieve(services, CALLER, store)


def test_the_sweep_removes_the_files_and_points_of_an_expired_store(services: FakeServices, clock: Clock) -> None:
    file_id = upload(services, "a wren sings")
    store, other = store_for(services, file_id), store_for(services, file_id, days=None)
    run_all(services)

    clock.advance(7 * DAY)
    sweep(services)

    assert {owner.vector_store_id for owner, _ in services.index.points.values()} == {other}
    assert rows.counts(services.database, store) == (0, 0, 0, 0)
    assert rows.counts(services.database, other) == (0, 1, 0, 0)
    report = verify(services)
    assert (report.files, report.findings) == (1, [])


def test_what_is_in_progress_ends_as_cancelled(services: FakeServices, clock: Clock) -> None:
    store = store_for(services)
    batch = batches.create(services, CALLER, store, [Member(upload(services, text), {}, 800, 400) for text in "ab"])

    clock.advance(7 * DAY)
    sweep(services)

    ended = batches.retrieve(services, CALLER, store, batch.id)
    assert (ended.in_progress, ended.cancelled, ended.cancelled_at, ended.expired) == (0, 2, clock(), True)
    assert rows.memberships(services.database, batch.id) == ["cancelled", "cancelled"]
    assert run_all(services) == ["not to be had"] * 2
    assert verify(services).findings == []


def test_a_cancel_that_is_not_yet_written_down_does_not_outlive_its_store(services: FakeServices, clock: Clock) -> None:
    file_id = upload(services, "a wren sings")
    store = store_for(services, file_id)
    run_all(services)
    batch = batches.create(services, CALLER, store, [Member(file_id, None, 100, 0)])
    with services.database.transaction() as session:
        session.get_one(VectorStore, 1).last_active_at -= 7 * DAY
    assert rows.counts(services.database, batch.id) == (1, 0, 0, 0)

    sweep(services)

    assert rows.counts(services.database, batch.id) == (0, 0, 0, 1)
    assert rows.counts(services.database, store) == (0, 0, 0, 0)
    assert verify(services).findings == []


@pytest.mark.parametrize("in_batch", [False, True])
def test_a_worker_of_an_expired_store_publishes_nothing(services: FakeServices, clock: Clock, in_batch: bool) -> None:
    file_id = upload(services, "a wren sings")
    store = store_for(services)
    if in_batch:
        batches.create(services, CALLER, store, [Member(file_id, {}, 800, 400)])
    else:
        members.attach(services, CALLER, store, Member(file_id, {}, 800, 400))

    def expire() -> None:
        clock.advance(7 * DAY)
        expire_stores(services)

    services.embedder.before = expire

    assert run_all(services) == ["abandoned"]
    assert rows.counts(services.database, store) == (0, 0, 0, 0)
    clock.advance(120)
    sweep(services)
    assert services.index.points == {}
    assert verify(services).findings == []


def test_another_expiry_moves_the_end_of_a_store_that_lives(services: FakeServices, clock: Clock) -> None:
    store = store_for(services, days=1)
    clock.advance(DAY - 1)
    vector_stores.update(services, CALLER, store, {"expires_after_days": 2})
    clock.advance(2 * DAY - 1)
    sweep(services)

    assert vector_stores.retrieve(services, CALLER, store).expired_at is None
    vector_stores.update(services, CALLER, store, {"expires_after_days": None})
    clock.advance(999 * DAY)
    sweep(services)
    assert vector_stores.retrieve(services, CALLER, store).expired_at is None


def test_looking_at_a_store_does_not_prolong_its_life(services: FakeServices, clock: Clock) -> None:
    store = store_for(services, days=1)
    clock.advance(DAY - 1)

    vector_stores.retrieve(services, CALLER, store)
    vector_stores.list_page(services, CALLER, WINDOW)
    clock.advance(1)

    with pytest.raises((InvalidRequest, Abandoned), match="has expired"):
        search.search(services, CALLER, store, ["x"], limit=1)


def test_jobs_of_an_expired_store_are_not_to_be_had(services: FakeServices, clock: Clock) -> None:
    store_for(services, upload(services, "x"))
    [message] = services.queue.lanes["interactive"]
    clock.advance(7 * DAY)
    sweep(services)

    assert run.run(services, message.row, owner="test/1").result == "not to be had"

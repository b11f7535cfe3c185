"""Expiry of files and stores: requests see it at once, and maintenance removes what is left."""

import pytest

from ingest.db.models import VectorStore
from ingest.db.pages import Window
from ingest.db.queue.membership import Member
from ingest.errors import Abandoned, InvalidRequest, NotFound
from ingest.jobs import run
from ingest.jobs.maintenance import OBJECTS_PER_RUN, expire_stores, run_maintenance
from ingest.search import search
from ingest.stores import batches, files, members, vector_stores
from ingest.verify import verify
from tests.conftest import Clock
from tests.db import rows
from tests.fakes import CALLER, FakeServices
from tests.jobs.scenes import run_published_jobs, upload_text

DAY = 86_400
WINDOW = Window(limit=100, order="asc")


def expiring_file(services: FakeServices, seconds: int | None = 3600, *, purpose: str = "assistants") -> str:
    return files.create(
        services, CALLER, filename="a.txt", purpose=purpose, blocks=[b"a wren sings"], expires_after=seconds
    ).id  # fmt: skip


def store_with_files(services: FakeServices, *file_ids: str, days: int | None = 7) -> str:
    store = vector_stores.create(services, CALLER, name="s", description=None, metadata={}, expires_after_days=days).id
    for file_id in file_ids:
        members.attach(services, CALLER, store, Member(file_id, {}, 800, 400))
    return store


# --- files ---


def test_an_expired_file_is_not_found_before_maintenance_runs(services: FakeServices, clock: Clock) -> None:
    file_id, other = expiring_file(services), expiring_file(services, 7200)
    store = store_with_files(services, file_id, other, days=None)
    run_published_jobs(services)

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
    assert {result.file_id for result in search.search(services, CALLER, store, ["wren"], limit=10)} == {other}


def test_maintenance_deletes_an_expired_file_from_every_store(services: FakeServices, clock: Clock) -> None:
    file_id = expiring_file(services)
    stores = [store_with_files(services, file_id, days=None) for _ in range(2)]
    run_published_jobs(services)

    clock.advance(3599)
    run_maintenance(services)
    assert files.retrieve(services, CALLER, file_id).id == file_id
    clock.advance(1)
    run_maintenance(services)

    assert [rows.read_counts(services.database, store) for store in stores] == [(0, 0, 0, 0)] * 2
    assert list(services.blobs.list_keys("raw/")) == []
    assert verify(services).findings == []
    run_maintenance(services)
    assert services.index.points == {}


def test_the_bytes_stay_while_another_file_with_equal_bytes_exists(services: FakeServices, clock: Clock) -> None:
    expiring_file(services)
    other = expiring_file(services, None)

    clock.advance(3600)
    run_maintenance(services)

    assert b"".join(files.read_content(services, CALLER, other)[1]) == b"a wren sings"


def test_files_beyond_the_limit_of_one_run_are_deleted_by_the_next(
    services: FakeServices, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert OBJECTS_PER_RUN > 2
    monkeypatch.setattr("ingest.jobs.maintenance.OBJECTS_PER_RUN", 2)
    for _ in range(3):
        expiring_file(services)
    clock.advance(3600)

    run_maintenance(services)
    assert verify(services).blobs == 1
    run_maintenance(services)

    assert verify(services).blobs == 0


def test_a_file_with_purpose_batch_expires_after_thirty_days_by_default(services: FakeServices) -> None:
    plain, asked, other = (
        files.retrieve(services, CALLER, expiring_file(services, seconds, purpose=purpose))
        for seconds, purpose in ((None, "batch"), (3600, "batch"), (None, "evals"))
    )

    assert plain.expires_at == plain.created_at + 30 * DAY
    assert asked.expires_at == asked.created_at + 3600
    assert other.expires_at is None


# --- stores ---


def test_a_store_expires_its_days_after_its_last_use(services: FakeServices, clock: Clock) -> None:
    store = store_with_files(services, upload_text(services, "a wren sings"))
    run_published_jobs(services)

    clock.advance(6 * DAY)
    assert search.search(services, CALLER, store, ["wren"], limit=1)
    clock.advance(7 * DAY - 1)

    assert vector_stores.retrieve(services, CALLER, store).expired_at is None
    clock.advance(1)
    assert vector_stores.retrieve(services, CALLER, store).expired_at is not None


@pytest.mark.parametrize("is_maintained", [False, True])
def test_an_expired_store_can_be_read_updated_and_deleted_but_not_used(
    services: FakeServices, clock: Clock, is_maintained: bool
) -> None:
    file_id = upload_text(services, "a wren sings")
    store = store_with_files(services, file_id)
    run_published_jobs(services)
    clock.advance(7 * DAY)
    if is_maintained:
        run_maintenance(services)

    message = f"Vector store '{store}' has expired"
    with pytest.raises(InvalidRequest, match=message):
        search.search(services, CALLER, store, ["wren"], limit=1)
    with pytest.raises(InvalidRequest, match=message):
        members.attach(services, CALLER, store, Member(file_id, {}, 800, 400))
    with pytest.raises(InvalidRequest, match=message):
        batches.create(services, CALLER, store, [Member(file_id, {}, 800, 400)])
    for view in (
        vector_stores.retrieve(services, CALLER, store),
        vector_stores.list_page(services, CALLER, WINDOW).items[0],
    ):
        assert view.expired_at == int(clock())
        assert (view.completed, view.usage_bytes) == (0, 0)
    assert members.list_page(services, CALLER, store, WINDOW, status=None).items == []
    with pytest.raises(NotFound):
        members.retrieve(services, CALLER, store, file_id)
    assert files.retrieve(services, CALLER, file_id).id == file_id
    changed = vector_stores.update(services, CALLER, store, {"name": "old", "expires_after_days": None})
    assert (changed.name, changed.expired_at, changed.completed) == ("old", int(clock()), 0)
    run_maintenance(services)
    assert verify(services).findings == []
    vector_stores.delete(services, CALLER, store)
    with pytest.raises(NotFound):
        vector_stores.retrieve(services, CALLER, store)


def test_maintenance_removes_the_files_and_points_of_an_expired_store(services: FakeServices, clock: Clock) -> None:
    file_id = upload_text(services, "a wren sings")
    store, other = store_with_files(services, file_id), store_with_files(services, file_id, days=None)
    run_published_jobs(services)

    clock.advance(7 * DAY)
    run_maintenance(services)

    assert {owner.vector_store_id for owner, _ in services.index.points.values()} == {other}
    assert rows.read_counts(services.database, store) == (0, 0, 0, 0)
    assert rows.read_counts(services.database, other) == (0, 1, 0, 0)
    report = verify(services)
    assert (report.files, report.findings) == (1, [])


def test_files_in_progress_are_cancelled_when_their_store_expires(services: FakeServices, clock: Clock) -> None:
    store = store_with_files(services)
    batch = batches.create(
        services, CALLER, store, [Member(upload_text(services, text), {}, 800, 400) for text in "ab"]
    )

    clock.advance(7 * DAY)
    run_maintenance(services)

    ended = batches.retrieve(services, CALLER, store, batch.id)
    assert (ended.in_progress, ended.cancelled, ended.cancelled_at, ended.expired) == (0, 2, clock(), True)
    assert rows.read_outcomes(services.database, batch.id) == ["cancelled", "cancelled"]
    assert run_published_jobs(services) == ["skipped"] * 2
    assert verify(services).findings == []


def test_a_replaced_file_in_progress_is_cancelled_when_its_store_expires(services: FakeServices, clock: Clock) -> None:
    file_id = upload_text(services, "a wren sings")
    store = store_with_files(services, file_id)
    run_published_jobs(services)
    batch = batches.create(services, CALLER, store, [Member(file_id, None, 100, 0)])
    with services.database.transaction() as session:
        session.get_one(VectorStore, 1).last_active_at -= 7 * DAY
    assert rows.read_counts(services.database, batch.id) == (1, 0, 0, 0)

    run_maintenance(services)

    assert rows.read_counts(services.database, batch.id) == (0, 0, 0, 1)
    assert rows.read_counts(services.database, store) == (0, 0, 0, 0)
    assert verify(services).findings == []


@pytest.mark.parametrize("in_batch", [False, True])
def test_a_worker_of_an_expired_store_leaves_no_points(services: FakeServices, clock: Clock, in_batch: bool) -> None:
    file_id = upload_text(services, "a wren sings")
    store = store_with_files(services)
    if in_batch:
        batches.create(services, CALLER, store, [Member(file_id, {}, 800, 400)])
    else:
        members.attach(services, CALLER, store, Member(file_id, {}, 800, 400))

    def expire() -> None:
        clock.advance(7 * DAY)
        expire_stores(services)

    services.embedder.before_embedding = expire

    assert run_published_jobs(services) == ["abandoned"]
    assert rows.read_counts(services.database, store) == (0, 0, 0, 0)
    clock.advance(120)
    run_maintenance(services)
    assert services.index.points == {}
    assert verify(services).findings == []


def test_a_new_expiry_policy_applies_to_an_active_store(services: FakeServices, clock: Clock) -> None:
    store = store_with_files(services, days=1)
    clock.advance(DAY - 1)
    vector_stores.update(services, CALLER, store, {"expires_after_days": 2})
    clock.advance(2 * DAY - 1)
    run_maintenance(services)

    assert vector_stores.retrieve(services, CALLER, store).expired_at is None
    vector_stores.update(services, CALLER, store, {"expires_after_days": None})
    clock.advance(999 * DAY)
    run_maintenance(services)
    assert vector_stores.retrieve(services, CALLER, store).expired_at is None


def test_reading_a_store_does_not_postpone_its_expiry(services: FakeServices, clock: Clock) -> None:
    store = store_with_files(services, days=1)
    clock.advance(DAY - 1)

    vector_stores.retrieve(services, CALLER, store)
    vector_stores.list_page(services, CALLER, WINDOW)
    clock.advance(1)

    with pytest.raises((InvalidRequest, Abandoned), match="has expired"):
        search.search(services, CALLER, store, ["x"], limit=1)


def test_jobs_of_an_expired_store_are_skipped(services: FakeServices, clock: Clock) -> None:
    store_with_files(services, upload_text(services, "x"))
    [message] = services.queue.lanes["interactive"]
    clock.advance(7 * DAY)
    run_maintenance(services)

    assert run.run_job(services, message.row, lease_holder="test/1").result == "skipped"

"""Who comes too late changes nothing: claims, ends, cancels and deletes that meet at the same moment, truly at once."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError, NoResultFound

from ingest.db.content import stores
from ingest.db.models import FileBatch, StoreFile, VectorStore
from ingest.db.queue import claims as progress
from ingest.db.queue import feed, membership
from ingest.db.queue.claims import Claim
from ingest.db.queue.counters import Sizes
from ingest.db.session import Database
from ingest.errors import Abandoned
from ingest.ids import new as new_id
from tests.conftest import Clock
from tests.db import rows

SIZES = Sizes(2, 20, 200)


def at_once(*steps: Callable[[], object]) -> list[object]:
    """Run every step in a thread of its own, all starting together; what they returned, or Abandoned if they lost."""
    together = threading.Barrier(len(steps))

    def run(step: Callable[[], object]) -> object:
        together.wait(10)
        try:
            return step()
        except Abandoned:
            return Abandoned

    with ThreadPoolExecutor(len(steps)) as pool:
        return [future.result(60) for future in [pool.submit(run, step) for step in steps]]


def complete(database: Database, claim: Claim) -> bool:
    with database.transaction() as session:
        return progress.complete(session, claim, SIZES)


def fail(database: Database, claim: Claim) -> None:
    with database.transaction() as session:
        progress.fail(session, claim, "server_error", "late")


def renew(database: Database, claim: Claim) -> bool:
    with database.transaction() as session:
        return progress.renew(session, claim, lease_seconds=30)


def cancel(database: Database, batch_id: str) -> bool:
    with database.transaction() as session:
        return membership.cancel(session, session.scalars(select(FileBatch).where(FileBatch.id == batch_id)).one())


def recover(database: Database) -> int:
    with database.transaction() as session:
        return progress.recover(session, max_kills=3)


def give_back(database: Database, claim: Claim) -> None:
    with database.transaction() as session:
        progress.give_back(session, claim, delay_seconds=0)


def nothing_is_possible_for(database: Database, claim: Claim) -> bool:
    """Whether a worker can neither renew, finish, fail nor give back its file."""
    for end in (complete, fail, give_back):
        with pytest.raises(Abandoned):
            end(database, claim)
    return not renew(database, claim)


@pytest.mark.parametrize("database_url", [pytest.param("postgres", marks=pytest.mark.services)], indirect=True)
def test_undoing_a_claim_waits_for_its_commit(database: Database) -> None:
    [row] = rows.attach(database, rows.a_store(database), rows.files(database, 1))
    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            assert progress.claim(session, row, owner="me", lease_seconds=30)
            undone = pool.submit(disclaim, database, row)
            time.sleep(0.3)
            assert not undone.done()
        undone.result()

    with database.reading() as session:
        assert session.scalars(select(StoreFile.status)).one() == "queued"


def disclaim(database: Database, row: int) -> None:
    with database.transaction() as session:
        progress.disclaim(session, row, owner="me")


def test_of_eight_claimants_at_once_one_wins(database: Database) -> None:
    store = rows.a_store(database)
    [row] = rows.attach(database, store, rows.files(database, 1))

    claims = at_once(*[lambda: rows.claim(database, row)] * 8)

    assert sum(claim is not None for claim in claims) == 1


def test_an_owner_whose_file_was_taken_back_can_neither_renew_finish_nor_fail(database: Database, clock: Clock) -> None:
    store = rows.a_store(database)
    [row] = rows.attach(database, store, rows.files(database, 1))
    expired = rows.claimed(database, row, lease_seconds=30)
    clock.advance(31)

    assert recover(database) == 1

    assert nothing_is_possible_for(database, expired)
    assert rows.counts(database, store) == (1, 0, 0, 0)
    owner = rows.claimed(database, row)
    assert nothing_is_possible_for(database, expired)
    assert complete(database, owner)


def test_a_lease_that_ran_out_while_its_owner_waited_for_a_lock_is_lost_to_the_next_owner(
    database: Database, clock: Clock
) -> None:
    store = rows.a_store(database)
    [row] = rows.attach(database, store, rows.files(database, 1))
    slow = rows.claimed(database, row, lease_seconds=30)

    with ThreadPoolExecutor(1) as pool:
        with database.transaction() as session:
            session.execute(select(StoreFile).where(StoreFile.row == row).with_for_update())
            waiting = pool.submit(complete, database, slow)
            clock.advance(31)
            assert progress.recover(session, max_kills=3) == 1
            assert progress.claim(session, row, owner="next/1", lease_seconds=30) is not None
        with pytest.raises(Abandoned):
            waiting.result(30)

    assert rows.counts(database, store) == (1, 0, 0, 0)


def test_an_old_claim_loses_to_detaching_and_attaching_again(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 1)
    [row] = rows.attach(database, store, ids)
    old = rows.claimed(database, row)
    with database.transaction() as session:
        assert membership.remove(session, store, ids[0])

    [new] = rows.attach(database, store, ids)

    assert nothing_is_possible_for(database, old)
    assert rows.counts(database, store) == (1, 0, 0, 0)
    assert complete(database, rows.claimed(database, new))


def test_an_old_claim_loses_to_other_chunking(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 1)
    [row] = rows.attach(database, store, ids)
    old = rows.claimed(database, row)

    rows.attach(database, store, ids, tokens=400)

    assert nothing_is_possible_for(database, old)
    assert rows.claimed(database, row).generation == 2


@pytest.mark.parametrize("ended", ["deleted", "expired"])
def test_nothing_is_published_in_a_store_that_ended_while_its_file_was_at_work(
    database: Database, clock: Clock, ended: str
) -> None:
    store = rows.a_store(database)
    [row] = rows.attach(database, store, rows.files(database, 1))
    claim = rows.claimed(database, row)
    with database.transaction() as session:
        found = session.scalars(select(VectorStore).where(VectorStore.id == store)).one()
        if ended == "deleted":
            assert stores.delete(session, found.project, store)
        else:
            found.expires_after_days = 1
    if ended == "expired":
        with database.transaction() as session:
            assert stores.expire(session, store)

    with pytest.raises(Abandoned):
        complete(database, claim)
    assert not renew(database, claim)

    with database.reading() as session:
        assert stores.live(session, store, [row]) == {}


def test_cancelling_and_completing_at_once_leaves_one_outcome_a_thousand_times(database: Database) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 1_000)
    batches = [rows.batch(database, store, ids[n : n + 10]) for n in range(0, 1_000, 10)]
    with database.reading() as session:
        found = session.execute(select(StoreFile.row, FileBatch.id).join(FileBatch, FileBatch.row == StoreFile.batch))
        of_batch: dict[str, list[int]] = {}
        for row, batch in found:
            of_batch.setdefault(batch, []).append(row)
    outcomes = 0

    def finish(claims: Sequence[Claim]) -> int:
        won = 0
        for claim in claims:
            try:
                won += complete(database, claim)
            except Abandoned:
                continue
        return won

    for batch in batches:
        claims = [rows.claimed(database, row) for row in sorted(of_batch[batch])]
        *completed, _ = at_once(
            lambda c=claims[:5]: finish(c),  # type: ignore[misc]
            lambda c=claims[5:]: finish(c),  # type: ignore[misc]
            lambda b=batch: cancel(database, b),  # type: ignore[misc]
        )
        won = sum(int(str(n)) for n in completed)
        assert rows.counts(database, batch) == (0, won, 0, 10 - won)
        outcomes += won

    with database.transaction() as session:
        while progress.sweep_cancelled(session):
            pass
    assert rows.counts(database, store) == (0, outcomes, 0, 1_000 - outcomes)
    for batch in batches:
        _, completed_ones, _, cancelled_ones = rows.counts(database, batch)
        assert rows.memberships(database, batch) == ["cancelled"] * cancelled_ones + ["completed"] * completed_ones


def test_transitions_of_many_files_at_once_in_opposite_orders_do_not_wait_for_each_other(
    database: Database, clock: Clock
) -> None:
    store = rows.a_store(database)
    ids = rows.files(database, 120)

    for turn in range(5):
        first = rows.batch(database, store, ids)
        with database.transaction() as session:
            published = feed.take_bulk(session, 120)
        for waiting in published[::2]:
            rows.claim(database, waiting.row, lease_seconds=1)
        clock.advance(2)

        def sweep(batch: str = first) -> None:
            cancel(database, batch)
            left = 1
            while left:
                with database.transaction() as session:
                    left = progress.sweep_cancelled(session, limit=50)

        def attach_backwards(tokens: int = 800 - turn) -> None:
            made = FileBatch(id=f"vsfb_{tokens}", vector_store_id=store, created_at=1)
            members = [rows.member(file_id, tokens=tokens) for file_id in ids[::-1]]
            with database.transaction() as session:
                membership.attach(session, store, members, made)

        def forget() -> int:
            with database.transaction() as session:
                return feed.unpublish(session, older_than_seconds=0, interactive=False)

        def release() -> int:
            with database.transaction() as session:
                return progress.release(session, "test/")

        def remove_backwards() -> None:
            for file_id in ids[:-20:-1]:
                with database.transaction() as session:
                    membership.remove(session, store, file_id)

        at_once(sweep, attach_backwards, forget, release, remove_backwards, lambda: recover(database))

    with database.reading() as session:
        statuses = session.execute(
            select(StoreFile.status, FileBatch.cancelled_at).outerjoin(FileBatch, FileBatch.row == StoreFile.batch)
        ).all()
    shown = ["cancelled" if s.status == "cancelled" or s.cancelled_at else "in_progress" for s in statuses]
    assert rows.counts(database, store) == (shown.count("in_progress"), 0, 0, shown.count("cancelled"))


@pytest.mark.parametrize("ended", ["deleted", "expired"])
def test_a_store_that_ends_while_its_files_are_finished_removed_and_cancelled_waits_for_nobody(
    database: Database, clock: Clock, ended: str
) -> None:
    for _ in range(5):
        store = rows.a_store(database)
        ids = rows.files(database, 60)
        batches = [rows.batch(database, store, ids[:40]), rows.batch(database, store, ids[20:][::-1])]
        claims = [rows.claimed(database, rows.row(database, store, file_id).row) for file_id in ids[:40]]
        if ended == "expired":
            with database.transaction() as session:
                session.scalars(select(VectorStore).where(VectorStore.id == store)).one().expires_after_days = 1

        def finish(some: Sequence[Claim]) -> int:
            won = 0
            for claim in some:
                with suppress(Abandoned):
                    won += complete(database, claim)
            return won

        def end(store: str = store) -> None:
            with database.transaction() as session:
                project = session.scalars(select(VectorStore.project).where(VectorStore.id == store)).one()
                assert stores.delete(session, project, store) if ended == "deleted" else stores.expire(session, store)
            left = 1
            while left:
                with database.transaction() as session:
                    sweep = stores.sweep_deleted if ended == "deleted" else stores.sweep_expired
                    left = sweep(session, 7)

        def take_out(some: Sequence[str] = ids[:39:-1], store: str = store) -> None:
            for file_id in some:
                with suppress(Abandoned), database.transaction() as session:
                    membership.remove(session, store, file_id)

        def attach_again(store: str = store, ids: Sequence[str] = ids[::-1]) -> None:
            for tokens in (400, 500, 600):
                made = FileBatch(id=new_id("vsfb_"), vector_store_id=store, created_at=1)
                members = [rows.member(file_id, tokens=tokens) for file_id in ids]
                with suppress(Abandoned, IntegrityError), database.transaction() as session:  # it may have ended
                    membership.attach(session, store, members, made)

        def stop(batch: str = batches[1]) -> None:
            with suppress(Abandoned, NoResultFound):  # it may be gone
                cancel(database, batch)

        at_once(lambda c=claims[:20]: finish(c), lambda c=claims[:19:-1]: finish(c), end, take_out, attach_again, stop)  # type: ignore[misc]

        with database.reading() as session:
            assert session.scalar(select(func.count()).where(StoreFile.vector_store_id == store)) == 0
            left_over = session.scalars(select(FileBatch).where(FileBatch.vector_store_id == store)).all()
        assert ended == "expired" or not left_over
        assert all(batch.in_progress == 0 for batch in left_over)

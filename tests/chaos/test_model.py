"""Model-based test of a file's life: random operation sequences over the real functions on both databases.

Hypothesis interleaves requests, workers, sweeps, the broker, a clock and a faulty vector store, one transaction at a
time, and checks the whole database after every step (tests/chaos/snapshot.py). At the end the service runs until it is
idle; then every file must have a terminal status and the points must be exactly those of the rows.

MODEL_EXAMPLES, MODEL_STEPS and MODEL_SEED in the environment change the length and the seed of a run. MODEL_SHRINK
shrinks a failing sequence, which takes minutes.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, example, given, seed
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import delete, text

from ingest.caller import DEFAULT_PROJECT, Caller
from ingest.config import Settings
from ingest.db.content import batches as batch_rows
from ingest.db.content import members as member_rows
from ingest.db.models import BatchFile, File, FileBatch, PointJob, ReindexScope, StoreFile, Tombstone, VectorStore
from ingest.db.queue import cancellation, claims, reclaim
from ingest.db.queue import point_jobs as point_job_rows
from ingest.db.queue.claims import Claim
from ingest.db.queue.counters import PointTotals
from ingest.db.queue.membership import Member
from ingest.db.queue.requeue import RetryableStatus
from ingest.db.session import Database
from ingest.errors import Abandoned, DependencyDown, InvalidRequest, NotFound
from ingest.jobs import maintenance, pipeline, point_jobs, run
from ingest.jobs.pipeline import JobControl
from ingest.net.breaker import CircuitBreaker
from ingest.reindex import rerun_batches
from ingest.services import Services
from ingest.status import Lane, batch_status
from ingest.stores import batches, files, vector_stores
from ingest.stores import members as store_files
from ingest.stores.vector_stores import ChunkSizes
from tests.chaos import snapshot
from tests.chaos.snapshot import Found, History, Snapshot
from tests.chaos.unreliable import Mood, UnreliableIndex
from tests.conftest import Clock
from tests.fakes import FakeServices

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "40"))
STEPS = int(os.environ.get("MODEL_STEPS", "40"))
SEED = int(os.environ.get("MODEL_SEED", "1"))
PHASES = [Phase.explicit, Phase.generate, *([Phase.shrink] if os.environ.get("MODEL_SHRINK") else [])]

CALLER = Caller(DEFAULT_PROJECT)
DAY = 86_400
TEXT = " ".join(f"word{n}" for n in range(60)).encode()  # about 180 tokens: two chunks, or four
SETTLED_ROUNDS = 40

which = st.integers(0, 9)  # an index into the existing objects, modulo their number
moods = st.sampled_from(["well", "well", *Mood.__args__])  # type: ignore[attr-defined]
chunkings = st.sampled_from([(100, 0), (200, 100)])
onlys = st.sampled_from(["all", "all", "failed", "stale"])
styles = st.sampled_from([None, None, {"colour": "red"}, {"colour": "blue"}])
machines = st.sampled_from(["north", "south"])
acts = st.sampled_from(["renew", "write", "complete", "complete", "fail", "fail", "give back", "write and die"])
duels = st.lists(st.tuples(st.sampled_from([True, True, False]), acts), min_size=2, max_size=4)
losses = st.sampled_from(
    [
        *("kept", "lease", "lease", "cancel", "unswept cancel", "given back", "given back, cancelled"),
        *("chunked anew", "out", "out, in"),
    ]
)
betweens = st.lists(st.sampled_from(["recover", "finish cancels", "delete points"]), max_size=2)
starts = st.sampled_from(["alone", "in a batch", "in two batches", "found before", "found before"])
pauses = st.sampled_from([0, 0, 6, 31])

T = TypeVar("T")


@dataclass
class Worker:
    """A worker with the file that it holds or believes it holds, and the time of its last lease renewal."""

    owner: str
    claim: Claim
    told_at: float
    sizes: PointTotals | None = None


class Service(RuleBasedStateMachine):
    """The operations, and the invariants that hold after each of them."""

    services: FakeServices
    clock: Clock

    def __init__(self) -> None:
        super().__init__()
        self.index = UnreliableIndex(self.clock, self.services.settings.qdrant_timeout_seconds)
        self.services.index = self.index
        self.services.queue.lanes = {"interactive": [], "bulk": []}
        self.services.breakers = {name: CircuitBreaker(name, self.clock) for name in self.services.breakers}
        self.history = History()
        self.found = Found()
        self.seen = Snapshot({}, {}, {}, {})
        self.workers: list[Worker] = []
        self.stores: list[str] = []
        self.files: list[str] = []
        self.batches: list[tuple[str, str]] = []
        _empty(self.services.database)
        self.a_store(None)
        for _ in range(3):
            self.an_upload(None)

    # --- requests ---

    @precondition(lambda self: len(self.stores) < 3)
    @rule(days=st.sampled_from([None, None, 1]))
    def a_store(self, days: int | None) -> None:
        store = vector_stores.create(
            self.services, CALLER, name="s", description=None, metadata={}, expires_after_days=days
        )
        self.stores.append(store.id)

    @precondition(lambda self: len(self.files) < 6)
    @rule(seconds=st.sampled_from([None, None, 3_600]))
    def an_upload(self, seconds: int | None) -> None:
        file = files.create(
            self.services, CALLER, filename="a.txt", purpose="assistants", blocks=[TEXT], expires_after=seconds
        )
        self.files.append(file.id)

    @rule(store=which, file=which, chunking=chunkings, style=styles, mood=moods)
    def attach(
        self, store: int, file: int, chunking: tuple[int, int], style: dict[str, str] | None, mood: Mood
    ) -> None:
        member = Member(_pick(self.files, file), style, *chunking)
        self.index.mood = mood
        with suppress(NotFound, InvalidRequest):
            store_files.attach(self.services, CALLER, _pick(self.stores, store), member)

    @rule(store=which, some=st.lists(which, min_size=1, max_size=5), chunking=chunkings, style=styles)
    def attach_as_a_batch(
        self, store: int, some: list[int], chunking: tuple[int, int], style: dict[str, str] | None
    ) -> None:
        members = [Member(_pick(self.files, file), style, *chunking) for file in some]
        store_id = _pick(self.stores, store)
        with suppress(NotFound, InvalidRequest):
            made = batches.create(self.services, CALLER, store_id, members)
            self.batches.append((store_id, made.id))

    @rule(store=which, only=onlys, chunking=st.sampled_from([None, None, ChunkSizes(100, 0), ChunkSizes(200, 100)]))
    def reindex(self, store: int, only: ReindexScope, chunking: ChunkSizes | None) -> None:
        store_id = _pick(self.stores, store)
        with suppress(NotFound, InvalidRequest):
            made = rerun_batches.reindex(self.services, CALLER, store_id, only, chunking)
            self.batches.append((store_id, made.id))

    @precondition(lambda self: self.batches)
    @rule(batch=which, statuses=st.sampled_from([["failed"], ["cancelled"], ["failed", "cancelled"]]))
    def retry(self, batch: int, statuses: list[RetryableStatus]) -> None:
        store_id, batch_id = _pick(self.batches, batch)
        with suppress(NotFound, InvalidRequest):
            made = rerun_batches.retry(self.services, CALLER, store_id, statuses, batch_id=batch_id)
            if made.batch is not None:
                self.batches.append((store_id, made.batch.id))

    @rule(machine=machines, chunking=st.sampled_from([None, ChunkSizes(100, 0), ChunkSizes(200, 100)]))
    def a_file_is_found_and_is_being_reindexed(self, machine: str, chunking: ChunkSizes | None) -> None:
        """Make re-indexes frequent, so that many operations happen during one."""
        self.a_worker_does_its_job(0, machine)
        with suppress(NotFound, InvalidRequest):
            made = rerun_batches.reindex(self.services, CALLER, self.stores[0], "all", chunking)
            self.batches.append((self.stores[0], made.id))

    @precondition(lambda self: any(file["pending_chunk_tokens"] is not None for file in self.found.before.values()))
    @rule(how=st.sampled_from(["fails", "is cancelled", "is cancelled, unswept", "kills"]), file=which, mood=moods)
    def a_reindex_ends_badly(self, how: str, file: int, mood: Mood) -> None:
        now = self._snapshot()
        redone = sorted(row for row, found in now.files.items() if found["pending_chunk_tokens"] is not None)
        row = _pick(redone, file)
        held = len(self.workers)
        self._claim(row, "north")
        if len(self.workers) > held:
            self.write_points(-1, True, mood)
        mine = [number for number, worker in enumerate(self.workers) if worker.claim.row == row]
        if how == "fails" and mine:
            self.fail(mine[-1])
        elif how == "kills":
            for _ in range(self.services.settings.max_crashes):
                self.time_goes_by(31)
                self.recover()
                self._claim(row, "south")
        elif now.files[row]["batch"] is not None:
            batch = now.batches[now.files[row]["batch"]]
            number = self.batches.index((batch["vector_store_id"], batch["id"]))
            (self.cancel if how == "is cancelled" else self.cancel_and_leave_the_rows_to_the_sweep)(number)

    @precondition(lambda self: self._open_batches())
    @rule(batch=which)
    def cancel(self, batch: int) -> None:
        store_id, batch_id = _pick(self._open_batches() or self.batches, batch)
        with suppress(NotFound):
            cancelled = batches.cancel(self.services, CALLER, store_id, batch_id)
            assert cancelled.in_progress == 0

    @precondition(lambda self: self._open_batches())
    @rule(batch=which)
    def cancel_and_leave_the_rows_to_the_sweep(self, batch: int) -> None:
        store_id, batch_id = _pick(self._open_batches() or self.batches, batch)
        with suppress(NotFound, Abandoned), self.services.database.transaction() as session:
            found = batch_rows.get_batch(session, store_id, batch_id)
            if found is not None:
                cancellation.cancel_batch(session, found)

    @precondition(lambda self: self.seen.files)
    @rule(file=which)
    def take_out_of_the_store(self, file: int) -> None:
        self._take_out(_pick(sorted(self._snapshot().files), file))

    @precondition(lambda self: len(self.files) > 3)
    @rule(file=which)
    def delete_the_file(self, file: int) -> None:
        doomed = _pick(self.files, file)
        with suppress(NotFound):
            files.delete(self.services, CALLER, doomed)
        self.files.remove(doomed)

    @precondition(lambda self: len(self.stores) > 1)
    @rule(store=which)
    def delete_the_store(self, store: int) -> None:
        doomed = _pick(self.stores, store)
        with suppress(NotFound):
            vector_stores.delete(self.services, CALLER, doomed)
        if len(self.stores) > 2:
            self.stores.remove(doomed)

    @precondition(lambda self: self.seen.files)
    @rule(file=which, style=styles, mood=moods)
    def set_attributes(self, file: int, style: dict[str, str] | None, mood: Mood) -> None:
        self.index.mood = mood
        found = _pick([self.seen.files[row] for row in sorted(self.seen.files)], file)
        with suppress(NotFound, InvalidRequest):
            store_files.update_attributes(
                self.services, CALLER, found["vector_store_id"], found["file_id"], style or {}
            )

    @precondition(lambda self: self._rows("completed"))
    @rule(file=which, owned=st.booleans(), machine=machines, act=acts)
    def a_found_file_is_chunked_anew(self, file: int, owned: bool, machine: str, act: str) -> None:
        """Record that the old state counts until this re-index has ended with any outcome."""
        row = _pick(self._rows("completed"), file)
        self._attach_again(row, owned=owned)
        if mine := self._claim(row, machine):
            self._act(mine, act)

    # --- workers ---

    @precondition(lambda self: any(self.services.queue.lanes.values()))
    @rule(lane=st.sampled_from(["interactive", "bulk"]), machine=machines)
    def take_a_message(self, lane: Lane, machine: str) -> None:
        if waiting := self.services.queue.lanes[lane]:
            self._claim(waiting.pop(0).row, machine)

    @precondition(lambda self: self.history.fences)
    @rule(file=which, machine=machines)
    def a_message_out_of_the_blue(self, file: int, machine: str) -> None:
        """Deliver a message that is a duplicate, stale, or of a deleted file."""
        self._claim(_pick(sorted(self.history.fences), file), machine)

    @precondition(lambda self: self._claimable())
    @rule(file=which, machine=machines)
    def a_worker_starts(self, file: int, machine: str) -> None:
        if free := self._claimable() or self._rows("queued"):
            self._claim(_pick(free, file), machine)

    @precondition(lambda self: self._claimable())
    @rule(file=which, machine=machines, mood=moods)
    def a_worker_writes_points(self, file: int, machine: str, mood: Mood) -> None:
        held = len(self.workers)
        self.a_worker_starts(file, machine)
        if len(self.workers) > held:
            self.write_points(-1, True, mood)

    @precondition(lambda self: self._claimable())
    @rule(file=which, machine=machines)
    def a_worker_does_its_job(self, file: int, machine: str) -> None:
        held = len(self.workers)
        self.a_worker_starts(file, machine)
        if len(self.workers) > held:
            self.write_points(-1, True, "well")
            self.complete(-1, "well")

    @precondition(lambda self: self._claimable())
    @rule(file=which, mood=moods, how=losses, between=betweens, duel=duels, pause=pauses)
    def two_workers_believe_to_have_a_file(
        self, file: int, mood: Mood, how: str, between: list[str], duel: list[tuple[bool, str]], pause: float
    ) -> None:
        self.a_file_changes_hands(_pick(self._claimable(), file), mood, how, between, duel, pause)

    def a_file_changes_hands(
        self, row: int, mood: Mood, how: str, between: list[str], duel: list[tuple[bool, str]], pause: float
    ) -> None:
        """A worker loses its lease in the middle of a job, another may claim the file, then both act in any order."""
        first = self._claim(row, "north")
        if first is None:
            return
        self._write(first, True, mood)
        self._lose(first, how)
        if first in self.workers:
            self.renew(self.workers.index(first))
        for what in between:
            self.rows_and_counters_agree()
            if what == "recover":
                self.recover(31)
            elif what == "finish cancels":
                self.finish_cancels()
            else:
                self.work_on_points("well")
        self.rows_and_counters_agree()
        after = self._snapshot().files
        again = [r for r, f in after.items() if r == row or (r > row and f["file_id"] == first.claim.file_id)]
        second = next((mine for r in again if (mine := self._claim(r, "south"))), None)
        for is_first, act in duel:
            actor = first if is_first or second is None else second
            if actor in self.workers:
                self._act(actor, act)
                self.rows_and_counters_agree()
                self.time_goes_by(pause)

    @precondition(lambda self: self._claimable())
    @rule(file=which, how=losses, mood=moods)
    def a_write_arrives_after_its_points_were_deleted(self, file: int, how: str, mood: Mood) -> None:
        self.a_killed_worker_writes(_pick(self._claimable(), file), how, mood)

    def a_killed_worker_writes(self, row: int, how: str, mood: Mood) -> None:
        """Kill a worker that wrote points after it lost its lease; only the last purge can delete them."""
        first = self._claim(row, "north")
        if first is None:
            return
        if how not in ("lease", "given back", "given back, cancelled"):  # after these actions it writes no more
            self._lose(first, how)
        self.finish_cancels()
        self.work_on_points("well")
        self._write_and_die(first, mood)

    def begin(self, start: str) -> int | None:
        """Queue a file and return its row."""
        store, member = self.stores[0], Member(self.files[0], None, 200, 100)
        if start == "found before":
            store_files.attach(self.services, CALLER, store, member)
            self.rows_and_counters_agree()
            self.a_worker_does_its_job(0, "south")
            member = replace(member, chunk_tokens=100, chunk_overlap=0)
        if start == "alone":
            store_files.attach(self.services, CALLER, store, member)
        else:
            for _ in range(2 if start == "in two batches" else 1):
                self.batches.append((store, batches.create(self.services, CALLER, store, [member]).id))
        self.rows_and_counters_agree()
        return next(iter(self._claimable()), None)

    @precondition(lambda self: any(self._may_still_write(worker) for worker in self.workers))
    @rule(worker=which, mood=moods)
    def a_worker_writes_and_is_killed(self, worker: int, mood: Mood) -> None:
        self._write_and_die(_pick([mine for mine in self.workers if self._may_still_write(mine)], worker), mood)

    @precondition(lambda self: self.workers)
    @rule(worker=which, duel=st.lists(acts, min_size=1, max_size=3))
    def a_worker_acts(self, worker: int, duel: list[str]) -> None:
        mine = _pick(self.workers, worker)
        for act in duel:
            if mine in self.workers:
                self._act(mine, act)
                self.rows_and_counters_agree()

    @precondition(lambda self: self.workers)
    @rule(worker=which)
    def renew(self, worker: int) -> None:
        mine = _pick(self.workers, worker)
        before = self._snapshot()
        renewed = self._renew(mine)
        assert renewed == (_held(before, mine.claim) and before.wanted(mine.claim.row))

    @precondition(lambda self: self.workers)
    @rule(worker=which, asks=st.booleans(), mood=moods)
    def write_points(self, worker: int, asks: bool, mood: Mood) -> None:
        """A worker that does not check its lease was paused between the check and the write."""
        self._write(_pick(self.workers, worker), asks, mood)

    def _write(self, mine: Worker, asks: bool, mood: Mood) -> None:
        def keep() -> None:
            if asks and not self._renew(mine):
                raise Abandoned("no longer ours")

        watch = JobControl(still_wanted=lambda: True, ensure_lease=keep, enter_stage=lambda _: None)
        self.index.mood = mood
        try:
            mine.sizes = pipeline.ingest_file(mine.claim, self.services, watch)
        except (DependencyDown, FileNotFoundError):
            self._give_back(mine)
        except Abandoned:
            self._abandon(mine)
        self.index.mood = "well"

    @precondition(lambda self: any(worker.sizes for worker in self.workers))
    @rule(worker=which, mood=moods)
    def complete(self, worker: int, mood: Mood) -> None:
        self._end(_pick([worker for worker in self.workers if worker.sizes], worker), mood)

    def _end(self, mine: Worker, mood: Mood) -> None:
        before = self._snapshot()
        ours = _held(before, mine.claim) and before.wanted(mine.claim.row)
        self.index.mood = mood
        try:
            self._complete(mine)
            assert ours, "a worker that lost its file completed it"
            self.workers.remove(mine)
        except DependencyDown:
            self._give_back(mine)
        except Abandoned:
            assert not ours, "a worker could not complete its own file"
            self._abandon(mine)
        self.index.mood = "well"

    @precondition(lambda self: self.workers)
    @rule(worker=which)
    def fail(self, worker: int) -> None:
        mine = _pick(self.workers, worker)
        before = self._snapshot()
        ours = _held(before, mine.claim) and before.wanted(mine.claim.row)
        try:
            with self.services.database.transaction() as session:
                claims.fail(session, mine.claim, "invalid_file", "It is broken.")
            assert ours, "a worker that lost its file failed it"
            self.workers.remove(mine)
        except Abandoned:
            assert not ours, "a worker could not fail its own file"
            self._abandon(mine)

    @precondition(lambda self: self.workers)
    @rule(worker=which)
    def give_back(self, worker: int) -> None:
        self._give_back(_pick(self.workers, worker))

    @rule(machine=machines)
    def a_machine_stops(self, machine: str) -> None:
        self.workers = [w for w in self.workers if not w.owner.startswith(machine)]
        with self.services.database.transaction() as session:
            reclaim.release_machine(session, machine + "/")

    # --- background work ---

    @rule(seconds=st.sampled_from([0.3, 6, 6, 16, 31, 31, 31, 45, 90, 90, 700, 4_000, DAY + 1]))
    def time_goes_by(self, seconds: float) -> None:
        self.index.settle(self.clock() + seconds)
        self.clock.advance(seconds)

    @precondition(lambda self: self.index.late)
    @rule(change=which)
    def a_late_change_arrives(self, change: int) -> None:
        self.index.arrive(_pick(self.index.late, change))

    @precondition(lambda self: self._rows("running"))
    @rule(seconds=st.sampled_from([0, 31]))
    def recover(self, seconds: float = 0) -> None:
        """Check that the sweep reclaims exactly the expired leases, and counts a crash for each."""
        if seconds:
            self.time_goes_by(seconds)
        before = self._snapshot()
        maintenance.reclaim_expired_leases(self.services)
        after = self._snapshot()
        for row, file in before.files.items():
            crashes = file["crashes"]
            lost = file["status"] == "running" and file["lease_until"] < self.clock() and before.wanted(row)
            status = "failed" if crashes + 1 >= self.services.settings.max_crashes else "queued"
            expected = (status, crashes + 1) if lost else (file["status"], crashes)
            assert (after.files[row]["status"], after.files[row]["crashes"]) == expected, f"file {row} was taken back"

    @precondition(lambda self: any(b["cancelled_at"] and not b["swept"] for b in self.seen.batches.values()))
    @rule()
    def finish_cancels(self) -> None:
        maintenance.finish_cancelled_batches(self.services)

    @precondition(lambda self: any(b["cancelled_at"] and not b["swept"] for b in self.seen.batches.values()))
    @rule(rows=st.integers(1, 3))
    def sweep_a_few_cancelled(self, rows: int) -> None:
        with suppress(Abandoned), self.services.database.transaction() as session:
            cancellation.mark_cancelled_files(session, limit=rows)

    @rule(
        what=st.sampled_from(
            [
                maintenance.expire_stores,
                maintenance.delete_expired_files,
                maintenance.empty_deleted_stores,
                maintenance.publish_waiting_files,
            ]
        )
    )
    def sweep_what_ended_and_what_waits(self, what: Callable[[Services], None]) -> None:
        what(self.services)

    @rule(mood=moods)
    def work_on_points(self, mood: Mood) -> None:
        self.index.mood = mood
        with suppress(DependencyDown):
            point_jobs.purge_points(self.services)
            point_jobs.write_changed_attributes(self.services)
        self.index.mood = "well"

    @precondition(lambda self: any(self.services.queue.lanes.values()))
    @rule()
    def the_broker_loses_everything(self) -> None:
        for lane in self.services.queue.lanes.values():
            lane.clear()

    # --- invariants ---

    @invariant()
    def rows_and_counters_agree(self) -> None:
        now = self.seen = self._snapshot()
        self.history.check(now)
        snapshot.check_counters(now)
        snapshot.check_files(now)
        self._check_batches_as_shown(now)
        self.found.check(now, self._check_what_is_found(now), self._lapsed())

    @invariant()
    def the_broker_is_told_of_few(self) -> None:
        for lane in self.services.queue.lanes.values():
            assert len(lane) <= self.services.settings.dispatch_window

    def teardown(self) -> None:
        """Run the service until it is idle; then every file has a terminal status and no point is left over."""
        self.index.mood = "well"
        for worker in list(self.workers):
            self._abandon(worker)  # a paused worker deletes its late writes when it checks its lease again
        for _ in range(SETTLED_ROUNDS):
            self.time_goes_by(40)
            maintenance.run_maintenance(self.services)
            self.rows_and_counters_agree()
            if self._drain() == 0 and self._quiet():
                break
        else:
            pytest.fail("the service does not come to rest")
        now = self._snapshot()
        for (batch, row), status in now.members.items():
            assert status != "in_progress" or now.stores[now.batches[batch]["vector_store_id"]]["expired_at"], row
        self._check_points_exactly(now)

    # --- helpers ---

    def _rows(self, status: str) -> list[int]:
        """Return the rows with a status as of the last step."""
        return sorted(row for row, file in self.seen.files.items() if file["status"] == status)

    def _claimable(self) -> list[int]:
        ready = [row for row in self._rows("queued") if self.seen.files[row]["not_before"] <= self.clock()]
        return [row for row in ready if self.seen.wanted(row)]

    def _open_batches(self) -> list[tuple[str, str]]:
        unfinished = {batch["id"] for batch in self.seen.batches.values() if batch["in_progress"]}
        return [(store, batch) for store, batch in self.batches if batch in unfinished]

    def _may_still_write(self, mine: Worker) -> bool:
        """Return whether a worker may write: it checks its lease before."""
        return self.clock() < mine.told_at + self.services.settings.lease_seconds

    def _lose(self, mine: Worker, how: str) -> None:
        """Let a worker lose its lease, or keep it."""
        if how == "kept":
            return
        row, store_id = mine.claim.row, mine.claim.vector_store_id
        batch = self._snapshot().batches.get(self._snapshot().files[row]["batch"])
        if how == "lease":
            self.recover(31)
        elif how.startswith("given back"):
            if mine in self.workers:
                self._give_back(mine)
            self.time_goes_by(6)
            if how == "given back, cancelled" and batch is not None:
                self._lose(mine, "unswept cancel")
        elif how in ("cancel", "unswept cancel") and batch is not None:
            number = [b for _, b in self._open_batches() or self.batches].index(batch["id"])
            (self.cancel if how == "cancel" else self.cancel_and_leave_the_rows_to_the_sweep)(number)
        elif how == "chunked anew":
            self._attach_again(row, owned=batch is not None)
        else:
            self._take_out(row)
            if how == "out, in":
                with suppress(NotFound, InvalidRequest):
                    store_files.attach(self.services, CALLER, store_id, Member(mine.claim.file_id, None, 100, 0))

    def _attach_again(self, row: int, *, owned: bool) -> None:
        file = self._snapshot().files[row]
        store_id, other = file["vector_store_id"], 200 if file["chunk_tokens"] == 100 else 100
        member = Member(file["file_id"], None, other, other - 100)
        with suppress(NotFound, InvalidRequest):
            if owned:
                self.batches.append((store_id, batches.create(self.services, CALLER, store_id, [member]).id))
            else:
                store_files.attach(self.services, CALLER, store_id, member)

    def _take_out(self, row: int) -> None:
        file = self._snapshot().files[row]
        with suppress(NotFound, Abandoned):
            store_files.delete(self.services, CALLER, file["vector_store_id"], file["file_id"])

    def _act(self, mine: Worker, act: str) -> None:
        """Do one action of a worker that holds its lease, or that has lost it without noticing."""
        if act == "renew":
            self.renew(self.workers.index(mine))
        elif act == "write and die" and self._may_still_write(mine):
            self._write_and_die(mine, "well")
        elif act == "fail":
            self.fail(self.workers.index(mine))
        elif act == "give back":
            self._give_back(mine)
        else:
            if mine.sizes is None:
                self._write(mine, False, "well")
            if act == "complete" and mine in self.workers:
                self._end(mine, "well")

    def _write_and_die(self, mine: Worker, mood: Mood) -> None:
        """Pause a worker between the lease check and the write, wake it in time, let it write, and kill it."""
        watch = JobControl(still_wanted=lambda: True, ensure_lease=lambda: None, enter_stage=lambda _: None)
        self.index.mood = mood
        with suppress(DependencyDown, FileNotFoundError):
            pipeline.ingest_file(mine.claim, self.services, watch)
        self.index.mood = "well"
        self.workers.remove(mine)

    def _claim(self, row: int, machine: str) -> Worker | None:
        before = self._snapshot()
        with self.services.database.transaction() as session:
            lease = self.services.settings.lease_seconds
            claim = claims.claim(session, row, lease_holder=f"{machine}/1", lease_seconds=lease)
        file = before.files.get(row)
        free = file is not None and file["status"] == "queued" and file["not_before"] <= self.clock()
        assert (claim is not None) == (free and before.wanted(row))
        if claim is None:
            return None
        self.workers.append(Worker(f"{machine}/1", claim, self.clock()))
        return self.workers[-1]

    def _renew(self, mine: Worker) -> bool:
        with self.services.database.transaction() as session:
            renewed = claims.renew(session, mine.claim, lease_seconds=self.services.settings.lease_seconds)
        if renewed:
            mine.told_at = self.clock()
        return renewed

    def _complete(self, mine: Worker) -> None:
        assert mine.sizes is not None
        while True:
            with self.services.database.transaction() as session:
                if claims.complete(session, mine.claim, mine.sizes):
                    return
                attributes, version = claims.current_attributes(session, mine.claim)
            mine.claim = replace(mine.claim, attributes=attributes, attributes_version=version)
            self.index.set_attributes(pipeline.point_owner_of(mine.claim))

    def _give_back(self, mine: Worker) -> None:
        before = self._snapshot()
        held = _held(before, mine.claim)
        try:
            with self.services.database.transaction() as session:
                claims.release(session, mine.claim, delay_seconds=5)
        except Abandoned:
            assert not held, "a worker could not give back what was its own"
            self._abandon(mine)
            return
        assert held, "a worker gave back what was not its own"
        if mine in self.workers:
            self.workers.remove(mine)

    def _abandon(self, mine: Worker) -> None:
        with self.services.database.transaction() as session:
            point_job_rows.repair_after_lost_lease(
                session, mine.claim.vector_store_id, mine.claim.row, mine.claim.generation
            )
        if mine in self.workers:
            self.workers.remove(mine)

    def _drain(self) -> int:
        """Run every published message and return their number."""
        done = 0
        while told := [message for lane in self.services.queue.lanes.values() for message in lane]:
            for lane in self.services.queue.lanes.values():
                lane.clear()
            for message in told:
                run.run_job(self.services, message.row, lease_holder="south/2")
            self.services.feeder.top_up()
            done += len(told)
        return done

    def _quiet(self) -> bool:
        with self.services.database.reading() as session:
            jobs_left = session.scalar(text("SELECT count(*) FROM point_jobs"))
        alive = self._snapshot()
        unfinished = [f for f in alive.files.values() if f["status"] in snapshot.UNFINISHED]
        return not jobs_left and not unfinished and not self.index.late

    def _snapshot(self) -> Snapshot:
        return snapshot.take(self.services.database)

    def _check_batches_as_shown(self, now: Snapshot) -> None:
        for batch in now.batches.values():
            shown = batch_status(
                FileBatch(**{name: batch[name] for name in ("in_progress", "cancelled_at", "expired")})
            )
            assert (shown == "in_progress") == (batch["in_progress"] > 0)

    def _check_what_is_found(self, now: Snapshot) -> set[int]:
        """Return the files that search finds, with every point they must have."""
        all_found: set[int] = set()
        points = Counter((row, generation) for row, generation, _ in self.index.points)
        candidates = sorted({row for row, _ in points} | now.files.keys())
        for store_id, store in now.stores.items():
            if not now.alive(store):
                continue
            with self.services.database.reading() as session:
                found = member_rows.live_files(session, store_id, candidates)
            all_found |= found.keys()
            for row, live in found.items():
                file = now.files[row]
                assert file["vector_store_id"] == store_id
                assert snapshot.visible(file, now), f"file {row} is found and should not be"
                assert points[row, live.generation] == file["chunks"], f"file {row} is found with other points"
        return all_found

    def _lapsed(self) -> set[str]:
        """Return the expired files, which no search returns."""
        with self.services.database.reading() as session:
            over = session.scalars(text("SELECT id FROM files WHERE expires_at <= :now"), {"now": self.clock()})
            return set(over)

    def _check_points_exactly(self, now: Snapshot) -> None:
        expected = {
            (row, file["live_generation"], number)
            for row, file in now.files.items()
            if file["live_generation"] is not None
            for number in range(file["chunks"])
        }
        assert set(self.index.points) == expected
        for (row, _, _), (owner, _) in self.index.points.items():
            assert owner.attributes == _attributes(self.services.database, row), f"attributes of {row} are old"


@pytest.fixture
def service(database_url: str, tmp_path: Path) -> Iterator[type[Service]]:
    """Everything that the operations use, over either database."""
    now = Clock()
    database = Database(database_url, clock=now)
    settings = Settings(data=tmp_path / "data", redis_url="", qdrant_url="", database_url="", dispatch_window=3)
    made = FakeServices(settings, database)

    class Played(Service):
        services = made
        clock = now

    yield Played
    database.dispose()


def test_random_operation_sequences_keep_every_invariant(service: type[Service]) -> None:
    run_state_machine_as_test(seed(SEED)(service), settings=_settings(EXAMPLES))


def test_current_and_stale_lease_holders_may_act_in_any_order(service: type[Service]) -> None:
    """Concentrate on narrow windows: each sequence begins with a file whose lease is lost."""
    hands = st.tuples(starts, st.one_of(st.just("well"), moods), losses, betweens, duels, pauses)
    kills = st.tuples(starts, losses, moods)

    @seed(SEED)
    @_settings(3 * EXAMPLES)
    @given(scenes=st.lists(st.one_of(hands, hands, kills), min_size=1, max_size=3))
    @example(scenes=[("found before", "well", "kept", [], [(True, "fail")], 0)])
    @example(scenes=[("alone", "well", "lease", [], [(True, "give back"), (False, "complete")], 0)])
    @example(scenes=[("in a batch", "well", "unswept cancel", ["recover"], [(True, "renew")], 0)])
    def play(scenes: list[tuple[Any, ...]]) -> None:
        played = service()
        for start, *scene in scenes:
            row = played.begin(start)
            if row is not None:
                (played.a_file_changes_hands if len(scene) == 5 else played.a_killed_worker_writes)(row, *scene)
                played.rows_and_counters_agree()
        played.teardown()

    play()


def _settings(examples: int) -> hypothesis_settings:
    return hypothesis_settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        phases=PHASES,
    )


def _pick(things: Sequence[T], number: int) -> T:
    return things[number % len(things)]


def _held(now: Snapshot, claim: Claim) -> bool:
    file = now.files.get(claim.row)
    return file is not None and file["fence"] == claim.fence and file["status"] == "running"


def _attributes(database: Database, row: int) -> object:
    with database.reading() as session:
        return session.get_one(StoreFile, row).attributes


def _empty(database: Database) -> None:
    tables = (BatchFile, StoreFile, FileBatch, PointJob, VectorStore, File, Tombstone)
    with database.transaction() as session:
        for table in tables:
            session.execute(delete(table))

"""Model-based test of a file's life: random operation sequences over the real functions on both databases.

Hypothesis interleaves requests, workers, maintenance, the broker, a clock and a faulty vector store, one transaction at a
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
from tests.chaos.snapshot import RowHistory, SearchHistory, Snapshot
from tests.chaos.unreliable import UnreliableIndex, WriteFault
from tests.conftest import Clock
from tests.fakes import FakeServices

EXAMPLES = int(os.environ.get("MODEL_EXAMPLES", "25"))
STEPS = int(os.environ.get("MODEL_STEPS", "40"))
SEED = int(os.environ.get("MODEL_SEED", "1"))
PHASES = [Phase.explicit, Phase.generate, *([Phase.shrink] if os.environ.get("MODEL_SHRINK") else [])]

CALLER = Caller(DEFAULT_PROJECT)
DAY = 86_400
TEXT = " ".join(f"word{n}" for n in range(60)).encode()  # about 180 tokens: two chunks, or four
MAX_IDLE_ROUNDS = 40

object_indexes = st.integers(0, 9)  # modulo the number of objects
pytestmark = pytest.mark.timeout(600)  # about 80 s of CPU on Postgres, beside whatever else runs

write_faults = st.sampled_from(["none", "none", *WriteFault.__args__])  # type: ignore[attr-defined]  # of a Literal
chunkings = st.sampled_from([(100, 0), (200, 100)])
reindex_scopes = st.sampled_from(["all", "all", "failed", "stale"])
attribute_sets = st.sampled_from([None, None, {"colour": "red"}, {"colour": "blue"}])
machines = st.sampled_from(["north", "south"])
worker_actions = st.sampled_from(["renew", "write", "complete", "complete", "fail", "fail", "release", "write and die"])
interleavings = st.lists(st.tuples(st.sampled_from([True, True, False]), worker_actions), min_size=2, max_size=4)
lease_losses = st.sampled_from(
    [
        *("none", "lease expires", "lease expires", "cancelled", "cancelled, rows not marked"),
        *("released", "released, then cancelled", "chunking changed", "removed", "removed, attached again"),
    ]
)
background_steps = st.lists(st.sampled_from(["reclaim", "finish cancelled batches", "run point jobs"]), max_size=2)
initial_states = st.sampled_from(
    ["single file", "in a batch", "in two batches", "completed before", "completed before"]
)
pauses = st.sampled_from([0, 0, 6, 31])

T = TypeVar("T")


@dataclass
class Worker:
    """A worker with the file that it holds or believes it holds, and the time of its last lease renewal."""

    lease_holder: str
    claim: Claim
    renewed_at: float
    totals: PointTotals | None = None


class FileLifecycle(RuleBasedStateMachine):
    """The operations on files, and the invariants that hold after each of them."""

    services: FakeServices
    clock: Clock

    def __init__(self) -> None:
        super().__init__()
        self.index = UnreliableIndex(self.clock, self.services.settings.qdrant_timeout_seconds)
        self.services.index = self.index
        self.services.queue.lanes = {"interactive": [], "bulk": [], "slow": []}
        self.services.breakers = {name: CircuitBreaker(name, self.clock) for name in self.services.breakers}
        self.history = RowHistory()
        self.search_history = SearchHistory()
        self.last_snapshot = Snapshot({}, {}, {}, {})
        self.workers: list[Worker] = []
        self.stores: list[str] = []
        self.files: list[str] = []
        self.batches: list[tuple[str, str]] = []
        _empty(self.services.database)
        self.create_store(None)
        for _ in range(3):
            self.create_file(None)

    # --- requests ---

    @precondition(lambda self: len(self.stores) < 3)
    @rule(days=st.sampled_from([None, None, 1]))
    def create_store(self, days: int | None) -> None:
        store = vector_stores.create(
            self.services, CALLER, name="s", description=None, metadata={}, expires_after_days=days
        )
        self.stores.append(store.id)

    @precondition(lambda self: len(self.files) < 6)
    @rule(seconds=st.sampled_from([None, None, 3_600]))
    def create_file(self, seconds: int | None) -> None:
        file = files.create(
            self.services, CALLER, filename="a.txt", purpose="assistants", blocks=[TEXT], expires_after=seconds
        )
        self.files.append(file.id)

    @rule(
        store=object_indexes,
        file=object_indexes,
        chunking=chunkings,
        attributes=attribute_sets,
        write_fault=write_faults,
    )
    def attach(
        self,
        store: int,
        file: int,
        chunking: tuple[int, int],
        attributes: dict[str, str] | None,
        write_fault: WriteFault,
    ) -> None:
        member = Member(_pick(self.files, file), attributes, *chunking)
        self.index.write_fault = write_fault
        with suppress(NotFound, InvalidRequest):
            store_files.attach(self.services, CALLER, _pick(self.stores, store), member)

    @rule(
        store=object_indexes,
        file_indexes=st.lists(object_indexes, min_size=1, max_size=5),
        chunking=chunkings,
        attributes=attribute_sets,
    )
    def attach_batch(
        self, store: int, file_indexes: list[int], chunking: tuple[int, int], attributes: dict[str, str] | None
    ) -> None:
        members = [Member(_pick(self.files, file), attributes, *chunking) for file in file_indexes]
        store_id = _pick(self.stores, store)
        with suppress(NotFound, InvalidRequest):
            created = batches.create(self.services, CALLER, store_id, members)
            self.batches.append((store_id, created.id))

    @rule(
        store=object_indexes,
        only=reindex_scopes,
        chunking=st.sampled_from([None, None, ChunkSizes(100, 0), ChunkSizes(200, 100)]),
    )
    def reindex(self, store: int, only: ReindexScope, chunking: ChunkSizes | None) -> None:
        store_id = _pick(self.stores, store)
        with suppress(NotFound, InvalidRequest):
            created = rerun_batches.reindex(self.services, CALLER, store_id, only, chunking)
            self.batches.append((store_id, created.id))

    @precondition(lambda self: self.batches)
    @rule(batch=object_indexes, statuses=st.sampled_from([["failed"], ["cancelled"], ["failed", "cancelled"]]))
    def retry(self, batch: int, statuses: list[RetryableStatus]) -> None:
        store_id, batch_id = _pick(self.batches, batch)
        with suppress(NotFound, InvalidRequest):
            created = rerun_batches.retry(self.services, CALLER, store_id, statuses, batch_id=batch_id)
            if created.batch is not None:
                self.batches.append((store_id, created.batch.id))

    @rule(machine=machines, chunking=st.sampled_from([None, ChunkSizes(100, 0), ChunkSizes(200, 100)]))
    def process_and_reindex(self, machine: str, chunking: ChunkSizes | None) -> None:
        """Complete a file and re-index its store, so that many operations happen during a re-index."""
        self.process_file(0, machine)
        with suppress(NotFound, InvalidRequest):
            created = rerun_batches.reindex(self.services, CALLER, self.stores[0], "all", chunking)
            self.batches.append((self.stores[0], created.id))

    @precondition(
        lambda self: any(
            file["pending_chunk_tokens"] is not None for file in self.search_history.previous_files.values()
        )
    )
    @rule(
        ending=st.sampled_from(["fails", "is cancelled", "is cancelled, rows not marked", "crashes its workers"]),
        index=object_indexes,
        write_fault=write_faults,
    )
    def end_reindex_without_success(self, ending: str, index: int, write_fault: WriteFault) -> None:
        now = self._snapshot()
        reindexing = sorted(row for row, file in now.files.items() if file["pending_chunk_tokens"] is not None)
        row = _pick(reindexing, index)
        held = len(self.workers)
        self._claim(row, "north")
        if len(self.workers) > held:
            self.write_points(-1, True, write_fault)
        holders = [number for number, worker in enumerate(self.workers) if worker.claim.row == row]
        if ending == "fails" and holders:
            self.fail(holders[-1])
        elif ending == "crashes its workers":
            for _ in range(self.services.settings.max_crashes):
                self.advance_time(31)
                self.reclaim_expired_leases()
                self._claim(row, "south")
        elif now.files[row]["batch"] is not None:
            batch = now.batches[now.files[row]["batch"]]
            number = self.batches.index((batch["vector_store_id"], batch["id"]))
            (self.cancel if ending == "is cancelled" else self.cancel_without_marking_rows)(number)

    @precondition(lambda self: self._open_batches())
    @rule(batch=object_indexes)
    def cancel(self, batch: int) -> None:
        store_id, batch_id = _pick(self._open_batches() or self.batches, batch)
        with suppress(NotFound):
            cancelled = batches.cancel(self.services, CALLER, store_id, batch_id)
            assert cancelled.in_progress == 0

    @precondition(lambda self: self._open_batches())
    @rule(batch=object_indexes)
    def cancel_without_marking_rows(self, batch: int) -> None:
        store_id, batch_id = _pick(self._open_batches() or self.batches, batch)
        with suppress(NotFound, Abandoned), self.services.database.transaction() as session:
            found = batch_rows.get_batch(session, store_id, batch_id)
            if found is not None:
                cancellation.cancel_batch(session, found)

    @precondition(lambda self: self.last_snapshot.files)
    @rule(file=object_indexes)
    def remove_from_store(self, file: int) -> None:
        self._remove_from_store(_pick(sorted(self._snapshot().files), file))

    @precondition(lambda self: len(self.files) > 3)
    @rule(file=object_indexes)
    def delete_file(self, file: int) -> None:
        deleted = _pick(self.files, file)
        with suppress(NotFound):
            files.delete(self.services, CALLER, deleted)
        self.files.remove(deleted)

    @precondition(lambda self: len(self.stores) > 1)
    @rule(store=object_indexes)
    def delete_store(self, store: int) -> None:
        deleted = _pick(self.stores, store)
        with suppress(NotFound):
            vector_stores.delete(self.services, CALLER, deleted)
        if len(self.stores) > 2:
            self.stores.remove(deleted)

    @precondition(lambda self: self.last_snapshot.files)
    @rule(file=object_indexes, attributes=attribute_sets, write_fault=write_faults)
    def set_attributes(self, file: int, attributes: dict[str, str] | None, write_fault: WriteFault) -> None:
        self.index.write_fault = write_fault
        found = _pick([self.last_snapshot.files[row] for row in sorted(self.last_snapshot.files)], file)
        with suppress(NotFound, InvalidRequest):
            store_files.update_attributes(
                self.services, CALLER, found["vector_store_id"], found["file_id"], attributes or {}
            )

    @precondition(lambda self: self._rows("completed"))
    @rule(file=object_indexes, in_batch=st.booleans(), machine=machines, action=worker_actions)
    def change_chunking_of_completed_file(self, file: int, in_batch: bool, machine: str, action: str) -> None:
        """Re-index a file: its old index stays searchable until the re-index ends with any outcome."""
        row = _pick(self._rows("completed"), file)
        self._attach_again(row, in_batch=in_batch)
        if worker := self._claim(row, machine):
            self._perform(worker, action)

    # --- workers ---

    @precondition(lambda self: any(self.services.queue.lanes.values()))
    @rule(lane=st.sampled_from(["interactive", "bulk", "slow"]), machine=machines)
    def deliver_message(self, lane: Lane, machine: str) -> None:
        if waiting := self.services.queue.lanes[lane]:
            self._claim(waiting.pop(0).row, machine)

    @precondition(lambda self: self.history.fencing_tokens)
    @rule(file=object_indexes, machine=machines)
    def deliver_stale_message(self, file: int, machine: str) -> None:
        """Deliver a message that is a duplicate, stale, or of a deleted file."""
        self._claim(_pick(sorted(self.history.fencing_tokens), file), machine)

    @precondition(lambda self: self._claimable())
    @rule(file=object_indexes, machine=machines)
    def claim_file(self, file: int, machine: str) -> None:
        if free := self._claimable() or self._rows("queued"):
            self._claim(_pick(free, file), machine)

    @precondition(lambda self: self._claimable())
    @rule(file=object_indexes, machine=machines, write_fault=write_faults)
    def claim_and_write_points(self, file: int, machine: str, write_fault: WriteFault) -> None:
        held = len(self.workers)
        self.claim_file(file, machine)
        if len(self.workers) > held:
            self.write_points(-1, True, write_fault)

    @precondition(lambda self: self._claimable())
    @rule(file=object_indexes, machine=machines)
    def process_file(self, file: int, machine: str) -> None:
        held = len(self.workers)
        self.claim_file(file, machine)
        if len(self.workers) > held:
            self.write_points(-1, True, "none")
            self.complete(-1, "none")

    @precondition(lambda self: self._claimable())
    @rule(
        file=object_indexes,
        write_fault=write_faults,
        loss=lease_losses,
        background=background_steps,
        interleaving=interleavings,
        pause=pauses,
    )
    def race_for_file(
        self,
        file: int,
        write_fault: WriteFault,
        loss: str,
        background: list[str],
        interleaving: list[tuple[bool, str]],
        pause: float,
    ) -> None:
        self.race_for_row(_pick(self._claimable(), file), write_fault, loss, background, interleaving, pause)

    def race_for_row(
        self,
        row: int,
        write_fault: WriteFault,
        loss: str,
        background: list[str],
        interleaving: list[tuple[bool, str]],
        pause: float,
    ) -> None:
        """Let a worker lose its lease in the middle of a job and another claim the file; then both act in any order."""
        first = self._claim(row, "north")
        if first is None:
            return
        self._write(first, True, write_fault)
        self._lose_lease(first, loss)
        if first in self.workers:
            self.renew(self.workers.index(first))
        for step in background:
            self.check_rows_and_counters()
            if step == "reclaim":
                self.reclaim_expired_leases(31)
            elif step == "finish cancelled batches":
                self.finish_cancelled_batches()
            else:
                self.run_point_jobs("none")
        self.check_rows_and_counters()
        after = self._snapshot().files
        again = [r for r, f in after.items() if r == row or (r > row and f["file_id"] == first.claim.file_id)]
        second = next((worker for r in again if (worker := self._claim(r, "south"))), None)
        for is_first, action in interleaving:
            actor = first if is_first or second is None else second
            if actor in self.workers:
                self._perform(actor, action)
                self.check_rows_and_counters()
                self.advance_time(pause)

    @precondition(lambda self: self._claimable())
    @rule(file=object_indexes, loss=lease_losses, write_fault=write_faults)
    def write_file_after_purge(self, file: int, loss: str, write_fault: WriteFault) -> None:
        self.write_row_after_purge(_pick(self._claimable(), file), loss, write_fault)

    def write_row_after_purge(self, row: int, loss: str, write_fault: WriteFault) -> None:
        """Kill a worker that wrote points after it lost its lease; only the last purge can delete them."""
        first = self._claim(row, "north")
        if first is None:
            return
        if loss not in ("lease expires", "released", "released, then cancelled"):  # these let it write no more
            self._lose_lease(first, loss)
        self.finish_cancelled_batches()
        self.run_point_jobs("none")
        self._write_and_kill(first, write_fault)

    def queue_first_file(self, initial_state: str) -> int | None:
        """Queue a file and return its row."""
        store, member = self.stores[0], Member(self.files[0], None, 200, 100)
        if initial_state == "completed before":
            store_files.attach(self.services, CALLER, store, member)
            self.check_rows_and_counters()
            self.process_file(0, "south")
            member = replace(member, chunk_tokens=100, chunk_overlap=0)
        if initial_state == "single file":
            store_files.attach(self.services, CALLER, store, member)
        else:
            for _ in range(2 if initial_state == "in two batches" else 1):
                self.batches.append((store, batches.create(self.services, CALLER, store, [member]).id))
        self.check_rows_and_counters()
        return next(iter(self._claimable()), None)

    @precondition(lambda self: any(self._may_still_write(worker) for worker in self.workers))
    @rule(index=object_indexes, write_fault=write_faults)
    def write_and_kill(self, index: int, write_fault: WriteFault) -> None:
        self._write_and_kill(
            _pick([worker for worker in self.workers if self._may_still_write(worker)], index), write_fault
        )

    @precondition(lambda self: self.workers)
    @rule(index=object_indexes, actions=st.lists(worker_actions, min_size=1, max_size=3))
    def run_worker_actions(self, index: int, actions: list[str]) -> None:
        worker = _pick(self.workers, index)
        for action in actions:
            if worker in self.workers:
                self._perform(worker, action)
                self.check_rows_and_counters()

    @precondition(lambda self: self.workers)
    @rule(index=object_indexes)
    def renew(self, index: int) -> None:
        worker = _pick(self.workers, index)
        before = self._snapshot()
        renewed = self._renew(worker)
        assert renewed == (_holds_lease(before, worker.claim) and before.may_be_processed(worker.claim.row))

    @precondition(lambda self: self.workers)
    @rule(index=object_indexes, renews_first=st.booleans(), write_fault=write_faults)
    def write_points(self, index: int, renews_first: bool, write_fault: WriteFault) -> None:
        """Write points. Without `renews_first` the worker was paused between the lease check and the write."""
        self._write(_pick(self.workers, index), renews_first, write_fault)

    def _write(self, worker: Worker, renews_first: bool, write_fault: WriteFault) -> None:
        def ensure_lease() -> None:
            if renews_first and not self._renew(worker):
                raise Abandoned("no longer ours")

        control = JobControl(still_wanted=lambda: True, ensure_lease=ensure_lease, enter_stage=lambda _: None)
        self.index.write_fault = write_fault
        try:
            worker.totals = pipeline.ingest_file(worker.claim, self.services, control).totals
        except (DependencyDown, FileNotFoundError):
            self._release(worker)
        except Abandoned:
            self._abandon(worker)
        self.index.write_fault = "none"

    @precondition(lambda self: any(worker.totals for worker in self.workers))
    @rule(index=object_indexes, write_fault=write_faults)
    def complete(self, index: int, write_fault: WriteFault) -> None:
        self._complete_and_check(_pick([worker for worker in self.workers if worker.totals], index), write_fault)

    def _complete_and_check(self, worker: Worker, write_fault: WriteFault) -> None:
        before = self._snapshot()
        may_end = _holds_lease(before, worker.claim) and before.may_be_processed(worker.claim.row)
        self.index.write_fault = write_fault
        try:
            self._complete(worker)
            assert may_end, "a worker that lost its file completed it"
            self.workers.remove(worker)
        except DependencyDown:
            self._release(worker)
        except Abandoned:
            assert not may_end, "a worker could not complete its own file"
            self._abandon(worker)
        self.index.write_fault = "none"

    @precondition(lambda self: self.workers)
    @rule(index=object_indexes)
    def fail(self, index: int) -> None:
        worker = _pick(self.workers, index)
        before = self._snapshot()
        may_end = _holds_lease(before, worker.claim) and before.may_be_processed(worker.claim.row)
        try:
            with self.services.database.transaction() as session:
                claims.fail(session, worker.claim, "invalid_file", "It is broken.")
            assert may_end, "a worker that lost its file failed it"
            self.workers.remove(worker)
        except Abandoned:
            assert not may_end, "a worker could not fail its own file"
            self._abandon(worker)

    @precondition(lambda self: self.workers)
    @rule(index=object_indexes)
    def release(self, index: int) -> None:
        self._release(_pick(self.workers, index))

    @precondition(lambda self: any(_is_untouched(worker) for worker in self.workers))
    @rule(index=object_indexes)
    def defer_to_slow_lane(self, index: int) -> None:
        """Let a worker find that its file needs OCR, before it has written anything."""
        worker = _pick([worker for worker in self.workers if _is_untouched(worker)], index)
        held = _holds_lease(self._snapshot(), worker.claim)
        try:
            with self.services.database.transaction() as session:
                claims.defer_to_slow_lane(session, worker.claim)
        except Abandoned:
            assert not held, "a worker could not move its own file to the slow lane"
            self._abandon(worker)
            return
        assert held, "a worker moved a file whose lease it had lost"
        self.workers.remove(worker)

    @rule(machine=machines)
    def stop_machine(self, machine: str) -> None:
        self.workers = [w for w in self.workers if not w.lease_holder.startswith(machine)]
        with self.services.database.transaction() as session:
            reclaim.release_machine(session, machine + "/")

    # --- background work ---

    @rule(seconds=st.sampled_from([0.3, 6, 6, 16, 31, 31, 31, 45, 90, 90, 700, 4_000, DAY + 1]))
    def advance_time(self, seconds: float) -> None:
        self.index.apply_due_writes(self.clock() + seconds)
        self.clock.advance(seconds)

    @precondition(lambda self: self.index.late_writes)
    @rule(change=object_indexes)
    def apply_late_write(self, change: int) -> None:
        self.index.apply_late_write(_pick(self.index.late_writes, change))

    @precondition(lambda self: self._rows("running"))
    @rule(seconds=st.sampled_from([0, 31]))
    def reclaim_expired_leases(self, seconds: float = 0) -> None:
        """Reclaim leases; check that exactly the expired ones are reclaimed and that each counts a crash."""
        if seconds:
            self.advance_time(seconds)
        before = self._snapshot()
        maintenance.reclaim_expired_leases(self.services)
        after = self._snapshot()
        for row, file in before.files.items():
            crashes = file["crashes"]
            lost = file["status"] == "running" and file["lease_until"] < self.clock() and before.may_be_processed(row)
            outcome = "failed" if file["pending_chunk_tokens"] is None else "completed"  # a re-index falls back
            status = outcome if crashes + 1 >= self.services.settings.max_crashes else "queued"
            expected = (status, crashes + 1) if lost else (file["status"], crashes)
            assert (after.files[row]["status"], after.files[row]["crashes"]) == expected, f"file {row} was reclaimed"

    @precondition(lambda self: any(b["cancelled_at"] and not b["swept"] for b in self.last_snapshot.batches.values()))
    @rule()
    def finish_cancelled_batches(self) -> None:
        maintenance.finish_cancelled_batches(self.services)

    @precondition(lambda self: any(b["cancelled_at"] and not b["swept"] for b in self.last_snapshot.batches.values()))
    @rule(rows=st.integers(1, 3))
    def mark_some_cancelled_files(self, rows: int) -> None:
        with suppress(Abandoned), self.services.database.transaction() as session:
            cancellation.mark_cancelled_files(session, limit=rows)

    @rule(
        task=st.sampled_from(
            [
                maintenance.expire_stores,
                maintenance.delete_expired_files,
                maintenance.empty_deleted_stores,
                maintenance.publish_waiting_files,
            ]
        )
    )
    def run_maintenance_task(self, task: Callable[[Services], None]) -> None:
        task(self.services)

    @rule(write_fault=write_faults)
    def run_point_jobs(self, write_fault: WriteFault) -> None:
        self.index.write_fault = write_fault
        with suppress(DependencyDown):
            point_jobs.purge_points(self.services)
            point_jobs.write_changed_attributes(self.services)
        self.index.write_fault = "none"

    @precondition(lambda self: any(self.services.queue.lanes.values()))
    @rule()
    def empty_broker(self) -> None:
        for lane in self.services.queue.lanes.values():
            lane.clear()

    # --- invariants ---

    @invariant()
    def check_rows_and_counters(self) -> None:
        now = self.last_snapshot = self._snapshot()
        self.history.check(now)
        snapshot.check_counters(now)
        snapshot.check_files(now)
        self._check_api_status_of_batches(now)
        self.search_history.check(now, self._check_search_results(now), self._expired_files())

    @invariant()
    def check_queue_lengths(self) -> None:
        for lane in self.services.queue.lanes.values():
            assert len(lane) <= self.services.settings.dispatch_window

    def teardown(self) -> None:
        """Run the service until it is idle, then check that every file has a terminal status and exactly its points."""
        self.index.write_fault = "none"
        for worker in list(self.workers):
            self._abandon(
                worker
            )  # a paused worker requests the purge of its late writes when it checks its lease again
        for _ in range(MAX_IDLE_ROUNDS):
            self.advance_time(40)
            maintenance.run_maintenance(self.services)
            self.check_rows_and_counters()
            if self._run_all_messages() == 0 and self._is_idle():
                break
        else:
            pytest.fail("the service does not become idle")
        now = self._snapshot()
        for (batch, row), status in now.members.items():
            assert status != "in_progress" or now.stores[now.batches[batch]["vector_store_id"]]["expired_at"], row
        self._check_points_exactly(now)

    # --- helpers ---

    def _rows(self, status: str) -> list[int]:
        """Return the rows with a status as of the last step."""
        return sorted(row for row, file in self.last_snapshot.files.items() if file["status"] == status)

    def _claimable(self) -> list[int]:
        ready = [row for row in self._rows("queued") if self.last_snapshot.files[row]["not_before"] <= self.clock()]
        return [row for row in ready if self.last_snapshot.may_be_processed(row)]

    def _open_batches(self) -> list[tuple[str, str]]:
        unfinished = {batch["id"] for batch in self.last_snapshot.batches.values() if batch["in_progress"]}
        return [(store, batch) for store, batch in self.batches if batch in unfinished]

    def _may_still_write(self, worker: Worker) -> bool:
        """Return whether a worker believes that its lease has not expired, which it checks before each write."""
        return self.clock() < worker.renewed_at + self.services.settings.lease_seconds

    def _lose_lease(self, worker: Worker, loss: str) -> None:
        """Make a worker lose its lease in the given way; "none" keeps it."""
        if loss == "none":
            return
        row, store_id = worker.claim.row, worker.claim.vector_store_id
        batch = self._snapshot().batches.get(self._snapshot().files[row]["batch"])
        if loss == "lease expires":
            self.reclaim_expired_leases(31)
        elif loss.startswith("released"):
            if worker in self.workers:
                self._release(worker)
            self.advance_time(6)
            if loss == "released, then cancelled" and batch is not None:
                self._lose_lease(worker, "cancelled, rows not marked")
        elif loss in ("cancelled", "cancelled, rows not marked") and batch is not None:
            number = [b for _, b in self._open_batches() or self.batches].index(batch["id"])
            (self.cancel if loss == "cancelled" else self.cancel_without_marking_rows)(number)
        elif loss == "chunking changed":
            self._attach_again(row, in_batch=batch is not None)
        else:
            self._remove_from_store(row)
            if loss == "removed, attached again":
                with suppress(NotFound, InvalidRequest):
                    store_files.attach(self.services, CALLER, store_id, Member(worker.claim.file_id, None, 100, 0))

    def _attach_again(self, row: int, *, in_batch: bool) -> None:
        file = self._snapshot().files[row]
        store_id, other = file["vector_store_id"], 200 if file["chunk_tokens"] == 100 else 100
        member = Member(file["file_id"], None, other, other - 100)
        with suppress(NotFound, InvalidRequest):
            if in_batch:
                self.batches.append((store_id, batches.create(self.services, CALLER, store_id, [member]).id))
            else:
                store_files.attach(self.services, CALLER, store_id, member)

    def _remove_from_store(self, row: int) -> None:
        file = self._snapshot().files[row]
        with suppress(NotFound, Abandoned):
            store_files.delete(self.services, CALLER, file["vector_store_id"], file["file_id"])

    def _perform(self, worker: Worker, action: str) -> None:
        """Let a worker do one action. It may have lost its lease without noticing."""
        if action == "renew":
            self.renew(self.workers.index(worker))
        elif action == "write and die" and self._may_still_write(worker):
            self._write_and_kill(worker, "none")
        elif action == "fail":
            self.fail(self.workers.index(worker))
        elif action == "release":
            self._release(worker)
        else:
            if worker.totals is None:
                self._write(worker, False, "none")
            if action == "complete" and worker in self.workers:
                self._complete_and_check(worker, "none")

    def _write_and_kill(self, worker: Worker, write_fault: WriteFault) -> None:
        """Let a worker write without a lease check, as after a pause between check and write, and kill it."""
        control = JobControl(still_wanted=lambda: True, ensure_lease=lambda: None, enter_stage=lambda _: None)
        self.index.write_fault = write_fault
        with suppress(DependencyDown, FileNotFoundError):
            pipeline.ingest_file(worker.claim, self.services, control)
        self.index.write_fault = "none"
        self.workers.remove(worker)

    def _claim(self, row: int, machine: str) -> Worker | None:
        before = self._snapshot()
        with self.services.database.transaction() as session:
            lease = self.services.settings.lease_seconds
            claim = claims.claim(session, row, lease_holder=f"{machine}/1", lease_seconds=lease)
        file = before.files.get(row)
        free = file is not None and file["status"] == "queued" and file["not_before"] <= self.clock()
        assert (claim is not None) == (free and before.may_be_processed(row))
        if claim is None:
            return None
        self.workers.append(Worker(f"{machine}/1", claim, self.clock()))
        return self.workers[-1]

    def _renew(self, worker: Worker) -> bool:
        with self.services.database.transaction() as session:
            renewed = claims.renew(session, worker.claim, lease_seconds=self.services.settings.lease_seconds)
        if renewed:
            worker.renewed_at = self.clock()
        return renewed

    def _complete(self, worker: Worker) -> None:
        assert worker.totals is not None
        while True:
            with self.services.database.transaction() as session:
                if claims.complete(session, worker.claim, worker.totals):
                    return
                attributes, version = claims.current_attributes(session, worker.claim)
            worker.claim = replace(worker.claim, attributes=attributes, attributes_version=version)
            self.index.set_attributes(pipeline.point_owner_of(worker.claim))

    def _release(self, worker: Worker) -> None:
        before = self._snapshot()
        held = _holds_lease(before, worker.claim)
        try:
            with self.services.database.transaction() as session:
                claims.release(session, worker.claim, delay_seconds=5)
        except Abandoned:
            assert not held, "a worker could not release its own file"
            self._abandon(worker)
            return
        assert held, "a worker released a file whose lease it had lost"
        if worker in self.workers:
            self.workers.remove(worker)

    def _abandon(self, worker: Worker) -> None:
        with self.services.database.transaction() as session:
            point_job_rows.repair_after_lost_lease(
                session, worker.claim.vector_store_id, worker.claim.row, worker.claim.generation
            )
        if worker in self.workers:
            self.workers.remove(worker)

    def _run_all_messages(self) -> int:
        """Run every published message and return their number."""
        done = 0
        while messages := [message for lane in self.services.queue.lanes.values() for message in lane]:
            for lane in self.services.queue.lanes.values():
                lane.clear()
            for message in messages:
                run.run_job(self.services, message.row, lease_holder="south/2")
            self.services.feeder.top_up()
            done += len(messages)
        return done

    def _is_idle(self) -> bool:
        with self.services.database.reading() as session:
            jobs_left = session.scalar(text("SELECT count(*) FROM point_jobs"))
        now = self._snapshot()
        unfinished = [f for f in now.files.values() if f["status"] in snapshot.UNFINISHED]
        return not jobs_left and not unfinished and not self.index.late_writes

    def _snapshot(self) -> Snapshot:
        return snapshot.take_snapshot(self.services.database)

    def _check_api_status_of_batches(self, now: Snapshot) -> None:
        for batch in now.batches.values():
            api_status = batch_status(
                FileBatch(**{name: batch[name] for name in ("in_progress", "cancelled_at", "expired")})
            )
            assert (api_status == "in_progress") == (batch["in_progress"] > 0)

    def _check_search_results(self, now: Snapshot) -> set[int]:
        """Return the rows of the files that search finds. Check that each may be found and has all of its points."""
        all_found: set[int] = set()
        points = Counter((row, generation) for row, generation, _ in self.index.points)
        candidates = sorted({row for row, _ in points} | now.files.keys())
        for store_id, store in now.stores.items():
            if not now.is_active(store):
                continue
            with self.services.database.reading() as session:
                found = member_rows.live_files(session, store_id, candidates)
            all_found |= found.keys()
            for row, live in found.items():
                file = now.files[row]
                assert file["vector_store_id"] == store_id
                assert snapshot.may_be_found(file, now), f"file {row} is found and should not be"
                assert points[row, live.generation] == file["chunks"], f"file {row} is found with other points"
        return all_found

    def _expired_files(self) -> set[str]:
        """Return the ids of the expired files. No search returns them."""
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
def lifecycle(database_url: str, tmp_path: Path) -> Iterator[type[FileLifecycle]]:
    """The state machine with services over either database, and their clock."""
    now = Clock()
    database = Database(database_url, clock=now)
    settings = Settings(data=tmp_path / "data", redis_url="", qdrant_url="", database_url="", dispatch_window=3)
    created = FakeServices(settings, database)

    class ConfiguredLifecycle(FileLifecycle):
        services = created
        clock = now

    yield ConfiguredLifecycle
    database.dispose()


def test_random_operation_sequences_keep_every_invariant(lifecycle: type[FileLifecycle]) -> None:
    run_state_machine_as_test(seed(SEED)(lifecycle), settings=_settings(EXAMPLES))


def test_current_and_stale_lease_holders_may_act_in_any_order(lifecycle: type[FileLifecycle]) -> None:
    """Concentrate on races: each sequence begins with a worker that loses its lease."""
    races = st.tuples(
        initial_states, st.one_of(st.just("none"), write_faults), lease_losses, background_steps, interleavings, pauses
    )
    late_writers = st.tuples(initial_states, lease_losses, write_faults)

    @seed(SEED)
    @_settings(3 * EXAMPLES)
    @given(scenarios=st.lists(st.one_of(races, races, late_writers), min_size=1, max_size=3))
    @example(scenarios=[("completed before", "none", "none", [], [(True, "fail")], 0)])
    @example(scenarios=[("single file", "none", "lease expires", [], [(True, "release"), (False, "complete")], 0)])
    @example(scenarios=[("in a batch", "none", "cancelled, rows not marked", ["reclaim"], [(True, "renew")], 0)])
    def run_scenarios(scenarios: list[tuple[Any, ...]]) -> None:
        machine = lifecycle()
        for initial_state, *arguments in scenarios:
            row = machine.queue_first_file(initial_state)
            if row is not None:
                (machine.race_for_row if len(arguments) == 5 else machine.write_row_after_purge)(row, *arguments)
                machine.check_rows_and_counters()
        machine.teardown()

    run_scenarios()


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


def _is_untouched(worker: Worker) -> bool:
    return worker.totals is None and worker.claim.lane == "fast"


def _holds_lease(now: Snapshot, claim: Claim) -> bool:
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

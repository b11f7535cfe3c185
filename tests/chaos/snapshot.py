"""Read the whole state of a small database with independent SQL, and check the invariants that hold at any moment."""

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import RowMapping, text

from ingest.db.session import Database

STATUSES = ("in_progress", "completed", "failed", "cancelled")
UNFINISHED = ("queued", "running")


@dataclass(frozen=True)
class Snapshot:
    """All rows at one moment."""

    stores: dict[str, RowMapping]
    batches: dict[int, RowMapping]
    members: dict[tuple[int, int], str]
    files: dict[int, RowMapping]

    def api_status(self, file: RowMapping) -> str:
        """Return a file's status as the API shows it."""
        if file["status"] not in UNFINISHED:
            return str(file["status"])
        batch = self.batches.get(file["batch"])
        if batch is None or batch["cancelled_at"] is None:
            return "in_progress"
        return "cancelled" if file["pending_chunk_tokens"] is None else "completed"

    def is_active(self, store: RowMapping) -> bool:
        """Return whether a store is neither deleted nor expired."""
        return store["deleted_at"] is None and store["expired_at"] is None

    def may_be_processed(self, row: int) -> bool:
        """Return whether a worker may claim or keep a file: it is unfinished, and its batch and store are neither
        cancelled, deleted nor expired."""
        file = self.files.get(row)
        return (
            file is not None
            and self.is_active(self.stores[file["vector_store_id"]])
            and self.api_status(file) == STATUSES[0]
        )


def take_snapshot(database: Database) -> Snapshot:
    """Read all rows."""
    with database.reading() as session:
        stores = session.execute(text("SELECT * FROM vector_stores")).mappings().all()
        batches = session.execute(text("SELECT * FROM file_batches")).mappings().all()
        members = session.execute(text("SELECT batch, store_file, status FROM batch_files")).all()
        files = session.execute(text("SELECT * FROM store_files")).mappings().all()
    return Snapshot(
        stores={store["id"]: store for store in stores},
        batches={batch["row"]: batch for batch in batches},
        members={(member.batch, member.store_file): member.status for member in members},
        files={file["row"]: file for file in files},
    )


@dataclass
class RowHistory:
    """States of earlier snapshots, to detect changes of final states."""

    outcomes: dict[tuple[int, int], str] = field(default_factory=dict)
    fencing_tokens: dict[int, int] = field(default_factory=dict)
    deleted_rows: set[int] = field(default_factory=set)

    def check(self, now: Snapshot) -> None:
        """Check that batch outcomes are final, fencing tokens only grow and deleted rows stay deleted."""
        for (batch, row), status in now.members.items():
            cancelled = now.batches[batch]["cancelled_at"] is not None
            api_status = "cancelled" if status == "in_progress" and cancelled else status
            before = self.outcomes.get((batch, row), "in_progress")
            assert before in ("in_progress", api_status), (
                f"file {row} of batch {batch} was {before} and is {api_status}"
            )
            self.outcomes[batch, row] = api_status
        assert not self.deleted_rows & now.files.keys()
        self.deleted_rows |= self.fencing_tokens.keys() - now.files.keys()
        for row, file in now.files.items():
            assert file["fence"] >= self.fencing_tokens.get(row, 0)
            self.fencing_tokens[row] = file["fence"]


@dataclass
class SearchHistory:
    """Results of earlier searches, to detect files that a re-index hides."""

    previous_files: dict[int, RowMapping] = field(default_factory=dict)
    previous_results: set[int] = field(default_factory=set)

    def check(self, now: Snapshot, found: set[int], expired_files: set[str]) -> None:
        """Check that files stay searchable during and after a re-index, unless they were deleted or have expired."""
        for row in self.previous_results - found:
            was, file = self.previous_files[row], now.files.get(row)
            if (
                file is None
                or file["file_id"] in expired_files
                or not now.is_active(now.stores[file["vector_store_id"]])
            ):
                continue
            assert was["pending_chunk_tokens"] is None, f"file {row} was being re-indexed and is not found any more"
            assert file["pending_chunk_tokens"] is None, f"file {row} is being re-indexed and not found meanwhile"
        self.previous_files, self.previous_results = now.files, found


def check_counters(now: Snapshot) -> None:
    """Check that every counter equals a recount, and that a cancelled batch has nothing in progress."""
    of_batch: dict[int, Counter[str]] = {row: Counter() for row in now.batches}
    for (batch, _), status in now.members.items():
        cancelled = now.batches[batch]["cancelled_at"] is not None
        of_batch[batch]["cancelled" if status == "in_progress" and cancelled else status] += 1
    for number, held in now.batches.items():
        kept = {status: held[status] for status in STATUSES}
        assert kept == {status: of_batch[number][status] for status in STATUSES}, f"batch {number}"
        if held["cancelled_at"] is not None:
            assert held["in_progress"] == 0

    for store_id, store in now.stores.items():
        files = [file for file in now.files.values() if file["vector_store_id"] == store_id]
        if store["deleted_at"] is not None:
            continue
        counted: Counter[str] = Counter()
        for file in files if store["expired_at"] is None else []:
            counted[now.api_status(file)] += 1
            for size in ("chunks", "terms", "usage_bytes"):
                counted[size] += file[size]
        names = (*STATUSES, "chunks", "terms", "usage_bytes")
        assert {n: store[n] for n in names} == {n: counted[n] for n in names}, f"store {store_id}"


def check_files(now: Snapshot) -> None:
    """Check that only running files have a lease, only failed files have an error, and memberships in progress belong to
    unfinished files."""
    for row, file in now.files.items():
        running = file["status"] == "running"
        assert (file["lease_until"] is not None, file["lease_holder"] is not None) == (running, running)
        assert (file["error_code"] is not None) == (file["status"] == "failed")
        assert file["published_at"] is None or file["status"] == "queued"
        assert 0 <= file["crashes"] <= file["attempts"] <= file["fence"]
        if file["pending_chunk_tokens"] is not None:
            assert file["status"] in UNFINISHED
            assert file["live_generation"] < file["generation"]
        if file["live_generation"] is None:
            assert (file["chunks"], file["terms"], file["usage_bytes"]) == (0, 0, 0)
        waiting = [b for (b, r), s in now.members.items() if r == row and s == "in_progress"]
        open_ones = [b for b in waiting if now.batches[b]["cancelled_at"] is None]
        if now.is_active(now.stores[file["vector_store_id"]]):
            assert not open_ones or file["status"] in UNFINISHED, f"batches {open_ones} wait for {row}, which has ended"
            membership = now.members.get((file["batch"], row), "in_progress")
            assert now.api_status(file) != "in_progress" or membership == "in_progress", (
                f"{row} is in progress in no batch"
            )
    seen = Counter((file["vector_store_id"], file["file_id"]) for file in now.files.values())
    assert not seen or max(seen.values()) == 1


def may_be_found(file: RowMapping, now: Snapshot) -> bool:
    """Return whether search may show a file: it is completed, or it is being re-indexed and its old generation is live."""
    if file["live_generation"] is None:
        return False
    if file["status"] == "completed":
        return bool(file["live_generation"] <= file["generation"])
    return now.api_status(file) in ("in_progress", "completed") and file["live_generation"] < file["generation"]

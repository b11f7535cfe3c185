"""The whole state of a small database, read with SQL of its own, and what must be true of it at any moment."""

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

    def shown(self, file: RowMapping) -> str:
        """A file's status as the API tells it."""
        if file["status"] not in UNFINISHED:
            return str(file["status"])
        batch = self.batches.get(file["batch"])
        if batch is None or batch["cancelled_at"] is None:
            return "in_progress"
        return "cancelled" if file["redo_tokens"] is None else "completed"

    def alive(self, store: RowMapping) -> bool:
        """Whether a store counts anything."""
        return store["deleted_at"] is None and store["expired_at"] is None

    def wanted(self, row: int) -> bool:
        """Whether a file is to be had or kept by a worker at all: unfinished, and nobody cancelled, deleted or ended
        what it belongs to."""
        file = self.files.get(row)
        return file is not None and self.alive(self.stores[file["vector_store_id"]]) and self.shown(file) == STATUSES[0]


def take(database: Database) -> Snapshot:
    """Read everything."""
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
class History:
    """What was seen so far, to notice what must never change again."""

    outcomes: dict[tuple[int, int], str] = field(default_factory=dict)
    fences: dict[int, int] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)

    def check(self, now: Snapshot) -> None:
        """How a file ended in a batch is final; fences only grow; a row that is gone stays gone."""
        for (batch, row), status in now.members.items():
            cancelled = now.batches[batch]["cancelled_at"] is not None
            shown = "cancelled" if status == "in_progress" and cancelled else status
            before = self.outcomes.get((batch, row), "in_progress")
            assert before in ("in_progress", shown), f"file {row} of batch {batch} was {before} and is {shown}"
            self.outcomes[batch, row] = shown
        assert not self.gone & now.files.keys()
        self.gone |= self.fences.keys() - now.files.keys()
        for row, file in now.files.items():
            assert file["fence"] >= self.fences.get(row, 0)
            self.fences[row] = file["fence"]


@dataclass
class Found:
    """What search found, to notice what a re-index must not take from it."""

    before: dict[int, RowMapping] = field(default_factory=dict)
    found: set[int] = field(default_factory=set)

    def check(self, now: Snapshot, found: set[int], lapsed: set[str]) -> None:
        """What was found and is being re-indexed, or was until now, is found; unless it is gone, or its time is over."""
        for row in self.found - found:
            was, file = self.before[row], now.files.get(row)
            if file is None or file["file_id"] in lapsed or not now.alive(now.stores[file["vector_store_id"]]):
                continue
            assert was["redo_tokens"] is None, f"file {row} was being re-indexed and is not found any more"
            assert file["redo_tokens"] is None, f"file {row} is being re-indexed and not found meanwhile"
        self.before, self.found = now.files, found


def check_counters(now: Snapshot) -> None:
    """Every counter is what counting gives, and a cancelled batch has nothing in progress."""
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
            counted[now.shown(file)] += 1
            for size in ("chunks", "terms", "usage_bytes"):
                counted[size] += file[size]
        names = (*STATUSES, "chunks", "terms", "usage_bytes")
        assert {n: store[n] for n in names} == {n: counted[n] for n in names}, f"store {store_id}"


def check_files(now: Snapshot) -> None:
    """Only running files are leased, only failed ones have an error, and who is in progress in a batch is at work."""
    for row, file in now.files.items():
        running = file["status"] == "running"
        assert (file["lease_until"] is not None, file["lease_owner"] is not None) == (running, running)
        assert (file["error_code"] is not None) == (file["status"] == "failed")
        assert file["published_at"] is None or file["status"] == "queued"
        assert 0 <= file["kills"] <= file["attempts"] <= file["fence"]
        if file["redo_tokens"] is not None:
            assert file["status"] in UNFINISHED
            assert file["live_generation"] < file["generation"]
        if file["live_generation"] is None:
            assert (file["chunks"], file["terms"], file["usage_bytes"]) == (0, 0, 0)
        waiting = [b for (b, r), s in now.members.items() if r == row and s == "in_progress"]
        open_ones = [b for b in waiting if now.batches[b]["cancelled_at"] is None]
        if now.alive(now.stores[file["vector_store_id"]]):
            assert not open_ones or file["status"] in UNFINISHED, f"batches {open_ones} wait for {row} in vain"
            mine = now.members.get((file["batch"], row), "in_progress")
            assert now.shown(file) != "in_progress" or mine == "in_progress", f"{row} works for no batch"
    seen = Counter((file["vector_store_id"], file["file_id"]) for file in now.files.values())
    assert not seen or max(seen.values()) == 1


def visible(file: RowMapping, now: Snapshot) -> bool:
    """Whether search may show a file: completed, or being chunked anew and still found as it was."""
    if file["live_generation"] is None:
        return False
    if file["status"] == "completed":
        return bool(file["live_generation"] <= file["generation"])
    return now.shown(file) in ("in_progress", "completed") and file["live_generation"] < file["generation"]

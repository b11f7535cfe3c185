"""A fake vector store with the faults of a real one: a write without an answer was applied, partly applied, or is applied
later.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ingest.errors import DependencyDown
from ingest.steps.index import Point, PointOwner
from tests.fakes import FakeIndex

WriteFault = Literal["none", "rejected", "applied, times out", "partly applied", "applied late"]


@dataclass(frozen=True)
class LateWrite:
    """A write that timed out for its sender and will be applied by a time."""

    row: int | None
    apply: Callable[[], None]
    apply_by: float


class UnreliableIndex(FakeIndex):
    """Keeps points in memory. `write_fault` decides what happens to the next write; the writes after it succeed.

    A late write is applied at most `max_delay_seconds` after it was sent. As on a real server, writes to one row's
    points keep their order; a delete does not wait for late writes.
    """

    def __init__(self, clock: Callable[[], float], max_delay_seconds: float) -> None:
        super().__init__()
        self.write_fault: WriteFault = "none"
        self.late_writes: list[LateWrite] = []
        self._clock = clock
        self._max_delay_seconds = max_delay_seconds

    def upsert(self, owner: PointOwner, points: Sequence[Point]) -> None:
        self._apply_late_writes_of(owner.row)
        write = super().upsert
        self._write_with_fault(
            owner.row, lambda: write(owner, points), lambda: write(owner, points[: len(points) // 2])
        )

    def delete_chunks_from(self, row: int, generation: int, first_number: int) -> None:
        self._apply_late_writes_of(row)
        delete = super().delete_chunks_from
        self._write_with_fault(row, lambda: delete(row, generation, first_number), lambda: None)

    def set_attributes(self, owner: PointOwner) -> None:
        self._apply_late_writes_of(owner.row)
        write = super().set_attributes
        one_key = [key for key in self.points if key[0] == owner.row][:1]
        self._write_with_fault(owner.row, lambda: write(owner), lambda: self._set_attributes_of(one_key, owner))

    def delete_generations(self, ranges: Sequence[tuple[int, int, int]]) -> None:
        delete = super().delete_generations
        self._write_with_fault(None, lambda: delete(ranges), lambda: delete(ranges[: len(ranges) // 2]))

    def delete_store(self, vector_store_id: str) -> None:
        delete = super().delete_store
        self._write_with_fault(None, lambda: delete(vector_store_id), lambda: None)

    def apply_due_writes(self, until: float) -> None:
        """Apply the late writes whose time is not after `until`."""
        for change in [change for change in self.late_writes if change.apply_by <= until]:
            self.apply_late_write(change)

    def apply_late_write(self, change: LateWrite) -> None:
        """Apply a late write now."""
        self.late_writes.remove(change)
        change.apply()

    def _apply_late_writes_of(self, row: int) -> None:
        for change in [change for change in self.late_writes if change.row == row]:
            self.apply_late_write(change)

    def _write_with_fault(self, row: int | None, whole: Callable[[], None], part: Callable[[], None]) -> None:
        write_fault, self.write_fault = self.write_fault, "none"
        if write_fault == "none":
            whole()
            return
        if write_fault == "applied, times out":
            whole()
        elif write_fault == "partly applied":
            part()
        elif write_fault == "applied late":
            self.late_writes.append(LateWrite(row, whole, self._clock() + self._max_delay_seconds))
        raise DependencyDown("qdrant", write_fault)

    def _set_attributes_of(self, keys: Sequence[tuple[int, int, int]], owner: PointOwner) -> None:
        for key in keys:
            was, point = self.points[key]
            self.points[key] = (replace(was, attributes=owner.attributes), point)

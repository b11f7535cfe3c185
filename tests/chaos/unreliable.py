"""A vector store with the faults of a real one: a write without an answer was applied, partly applied, or is applied later."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ingest.errors import DependencyDown
from ingest.steps.index import Point, PointOwner
from tests.fakes import FakeIndex

Mood = Literal["well", "refuses", "applies but times out", "applies in part", "applies late"]


@dataclass(frozen=True)
class Late:
    """A write that timed out for its sender and is not applied yet."""

    row: int | None
    apply: Callable[[], None]
    latest: float


class UnreliableIndex(FakeIndex):
    """Points in memory. `mood` decides what happens to the next write; later writes succeed.

    A late write is applied at most `patience` seconds after it was sent. As on a real server, writes to one row's
    points keep their order; a delete does not wait for late writes.
    """

    def __init__(self, clock: Callable[[], float], patience: float) -> None:
        super().__init__()
        self.mood: Mood = "well"
        self.late: list[Late] = []
        self._clock = clock
        self._patience = patience

    def upsert(self, owner: PointOwner, points: Sequence[Point]) -> None:
        self._in_order(owner.row)
        write = super().upsert
        self._change(owner.row, lambda: write(owner, points), lambda: write(owner, points[: len(points) // 2]))

    def delete_chunks_from(self, row: int, generation: int, first_number: int) -> None:
        self._in_order(row)
        trim = super().delete_chunks_from
        self._change(row, lambda: trim(row, generation, first_number), lambda: None)

    def set_attributes(self, owner: PointOwner) -> None:
        self._in_order(owner.row)
        write = super().set_attributes
        some = [key for key in self.points if key[0] == owner.row][:1]
        self._change(owner.row, lambda: write(owner), lambda: self._restyle(some, owner))

    def delete_generations(self, ranges: Sequence[tuple[int, int, int]]) -> None:
        delete = super().delete_generations
        self._change(None, lambda: delete(ranges), lambda: delete(ranges[: len(ranges) // 2]))

    def delete_store(self, vector_store_id: str) -> None:
        delete = super().delete_store
        self._change(None, lambda: delete(vector_store_id), lambda: None)

    def settle(self, until: float) -> None:
        """Apply the writes that are due by this time."""
        for change in [change for change in self.late if change.latest <= until]:
            self.arrive(change)

    def arrive(self, change: Late) -> None:
        """Apply a late write now."""
        self.late.remove(change)
        change.apply()

    def _in_order(self, row: int) -> None:
        for change in [change for change in self.late if change.row == row]:
            self.arrive(change)

    def _change(self, row: int | None, whole: Callable[[], None], part: Callable[[], None]) -> None:
        mood, self.mood = self.mood, "well"
        if mood == "well":
            whole()
            return
        if mood == "applies but times out":
            whole()
        elif mood == "applies in part":
            part()
        elif mood == "applies late":
            self.late.append(Late(row, whole, self._clock() + self._patience))
        raise DependencyDown("qdrant", mood)

    def _restyle(self, keys: Sequence[tuple[int, int, int]], owner: PointOwner) -> None:
        for key in keys:
            was, point = self.points[key]
            self.points[key] = (replace(was, attributes=owner.attributes), point)

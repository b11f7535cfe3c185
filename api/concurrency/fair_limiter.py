"""`FairLimiter`: a number of places that projects share. No project can take all, and free places go round."""

import asyncio
from collections import deque
from dataclasses import dataclass, field

from ingest.errors import RateLimited

RETRY_AFTER_SECONDS = 1.0
"""Requests end all the time, and OpenAI's clients retry twice by themselves."""


def largest_share(total: int) -> int:
    """Return how many of `total` places one project may have: three quarters, and never all of several."""
    return max(1, total - max(1, total // 4))


@dataclass
class _Project:
    in_flight: int = 0
    running: int = 0
    waiting: deque[asyncio.Future[None]] = field(default_factory=deque)


class FairLimiter:
    """Places for the requests of one class. Use it on the event loop only.

    A request is in flight from `enter` to `leave`, and has a place from `start` to `stop`. A free place goes to the waiting
    project that has the fewest places, and among equals to the one that has waited longest for its turn; within a project,
    the oldest request is first. `in_flight` bounds the requests of all projects together.
    """

    def __init__(self, name: str, places: int, in_flight_per_project: int, in_flight: int | None = None) -> None:
        self.name = name
        self.places = places
        self._share = largest_share(places)
        self._free = places
        self._max_in_flight_per_project = in_flight_per_project
        self._max_in_flight = in_flight
        self._in_flight = 0
        self._projects: dict[str, _Project] = {}
        self._waiting: dict[str, None] = {}
        """Projects with waiting requests, in the order of their turns."""

    def enter(self, project: str) -> "Turn":
        """Count a request of a project as in flight. Raises RateLimited."""
        state = self._projects.get(project) or _Project()
        if state.in_flight >= self._max_in_flight_per_project:
            raise _too_many(f"{self._max_in_flight_per_project:,} {self.name} of a project")
        if self._max_in_flight is not None and self._in_flight >= self._max_in_flight:
            raise _too_many(f"{self._max_in_flight:,} {self.name}")
        self._projects[project] = state
        self._in_flight += 1
        state.in_flight += 1
        return Turn(self, project)

    async def start(self, project: str) -> None:
        """Wait for a place and take it. A cancelled wait takes none."""
        state = self._projects[project]
        if self._free and state.running < self._share and not state.waiting:
            self._take(state)
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        state.waiting.append(place)
        self._waiting.setdefault(project)
        try:
            await place
        except asyncio.CancelledError:
            if place.cancelled():
                self._forget(project, place)
            else:  # the place was given at the same moment
                self.stop(project)
            raise

    def stop(self, project: str) -> None:
        """Give the place back, to the next request in turn."""
        self._projects[project].running -= 1
        self._free += 1
        while self._free and (next_project := self._next_project()) is not None:
            self._give_place(next_project)

    def leave(self, project: str) -> None:
        """Count a request as over; it has no place any more."""
        state = self._projects[project]
        self._in_flight -= 1
        state.in_flight -= 1
        if not state.in_flight:
            del self._projects[project]

    def _take(self, state: _Project) -> None:
        self._free -= 1
        state.running += 1

    def _next_project(self) -> str | None:
        candidates = [name for name in self._waiting if self._projects[name].running < self._share]
        return min(candidates, key=lambda name: self._projects[name].running, default=None)

    def _give_place(self, project: str) -> None:
        state = self._projects[project]
        place = state.waiting.popleft()
        del self._waiting[project]
        if state.waiting:
            self._waiting[project] = None  # at the end: the other projects have their turn first
        if not place.done():  # its request may have been cancelled a moment ago
            self._take(state)
            place.set_result(None)

    def _forget(self, project: str, place: asyncio.Future[None]) -> None:
        waiting = self._projects[project].waiting
        if place in waiting:
            waiting.remove(place)
        if not waiting:
            self._waiting.pop(project, None)


def _too_many(what: str) -> RateLimited:
    return RateLimited(
        f"Rate limit reached: at most {what} may be in flight at a time. Please try again.",
        retry_after_seconds=RETRY_AFTER_SECONDS,
    )


class Turn:
    """One request in flight. It has one place at a time, and none at its end."""

    def __init__(self, limiter: FairLimiter, project: str) -> None:
        self._limiter = limiter
        self._project = project
        self._has_place = False

    async def start(self) -> None:
        """Wait for a place, unless the request has one already."""
        if not self._has_place:
            await self._limiter.start(self._project)
            self._has_place = True

    def stop(self) -> None:
        """Give the place back, if the request has one."""
        if self._has_place:
            self._has_place = False
            self._limiter.stop(self._project)

    def leave(self) -> None:
        """End the request."""
        self.stop()
        self._limiter.leave(self._project)

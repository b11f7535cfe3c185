"""`BodyBytes`: the bytes of request bodies that the process holds at a time, by project."""

from collections import Counter

from api.concurrency.fair_limiter import RETRY_AFTER_SECONDS
from ingest.errors import RateLimited


class BodyBytes:
    """Counts bytes in flight. Use it on the event loop only."""

    def __init__(self, max_per_project: int, max_total: int) -> None:
        self._max_per_project = max_per_project
        self._max_total = max_total
        self._total = 0
        self._by_project: Counter[str] = Counter()

    def of_project(self, project: str) -> int:
        """Return the bytes in flight of a project."""
        return self._by_project[project]

    def add(self, project: str, size: int) -> None:
        """Count bytes of a project. Raises RateLimited if they do not fit; a body alone in flight always does."""
        exceeds_share = self._by_project[project] and self._by_project[project] + size > self._max_per_project
        if exceeds_share or (self._total and self._total + size > self._max_total):
            raise RateLimited(
                "Rate limit reached: request bodies of too many bytes are in flight. Please try again.",
                retry_after_seconds=RETRY_AFTER_SECONDS,
            )
        self._by_project[project] += size
        self._total += size

    def remove(self, project: str, size: int) -> None:
        """Stop counting bytes of a project."""
        self._total -= size
        self._by_project[project] -= size
        if not self._by_project[project]:
            del self._by_project[project]

"""What an import waits for: what the service says of its batches, or the service itself."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.health.reasons import Wait

_RETRY_COUNT = "x-stainless-retry-count"
"""Header of the `openai` client: how often a request was sent before."""

_TEMPORARY_STATUSES = (408, 409, 429)  # and all from 500: the client repeats the request


@dataclass(frozen=True)
class ImportWait:
    """Why an import makes no progress."""

    text: str
    """In one line."""
    dependency: str
    reason: str
    since: int | None = None
    next_try: int | None = None

    @property
    def kind(self) -> tuple[str, str, int | None]:
        """What makes two waits the same, whatever the next try is."""
        return self.dependency, "" if self.dependency == "queue" else self.reason, self.since

    def to_json(self) -> dict[str, Any]:
        """Return the wait as the facts of a JSON event."""
        return {
            "waiting_for": self.text, "dependency": self.dependency, "reason": self.reason, "since": self.since,
            "next_try": self.next_try,
        }  # fmt: skip


def read_wait(answer: Any) -> ImportWait | None:
    """Return what a batch or a file of the API waits for. Other services than this one do not say it."""
    text, details = getattr(answer, "waiting_for", None), getattr(answer, "waiting_details", None)
    if not isinstance(text, str) or not isinstance(details, dict):
        return None
    since, next_try = details.get("since"), details.get("next_try")
    return ImportWait(text, str(details.get("dependency")), str(details.get("reason")), since, next_try)


def summarize_waits(waits: Sequence[ImportWait | None]) -> ImportWait | None:
    """Return what matters of the waits of unfinished batches: while one of them moves, others may wait for their turn."""
    stopped = [wait for wait in waits if wait is not None]
    blocked = [wait for wait in stopped if wait.dependency != "queue"]
    if blocked:
        return blocked[0]
    return stopped[0] if stopped and len(stopped) == len(waits) else None


class ServiceWatch:
    """Notices when the service stops answering, while the client repeats its requests. For hooks of the HTTP client.

    `report` is called in the thread of a request: with a wait at every repeated request, and with None when the service
    answers again.
    """

    def __init__(self, report: Callable[[ImportWait | None], None], clock: Callable[[], float] = time.time) -> None:
        self._report = report
        self._clock = clock
        self._lock = threading.Lock()
        self._since: float | None = None
        self._reason = ""

    def on_request(self, request: Any) -> None:
        """Look at a request before it is sent: a repeated one says that the one before got no good answer."""
        retries = int(request.headers.get(_RETRY_COUNT, 0))
        if retries:
            self._note(self._reason or "it does not answer", retries)

    def on_response(self, response: Any) -> None:
        """Look at an answer."""
        status = response.status_code
        if status in _TEMPORARY_STATUSES or status >= 500:
            self._reason = "it limits the rate of requests" if status == 429 else f"it answered {status}"
            return
        with self._lock:
            was_away, self._since, self._reason = self._since is not None, None, ""
        if was_away:
            self._report(None)

    def _note(self, reason: str, retries: int) -> None:
        with self._lock:
            at = self._clock()
            self._since = self._since or at
            since = self._since
        wait = Wait("service", reason, since, at=at)
        text = f"{wait.text}, trying again now (attempt {retries + 1})"
        self._report(ImportWait(text, "service", reason, int(since), int(at)))

"""The lease of one job: renewed by the heartbeat, lost when the database says so or when it runs out."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ingest.db.queue import claims
from ingest.db.queue.claims import Claim
from ingest.errors import Abandoned
from ingest.observability import logs
from ingest.services import Services

_log = logs.get(__name__)


class Lease:
    """Keep a claimed file's lease alive, and tell the job when it must stop.

    The fencing token in the claim protects the database anyway. The lease saves work, and keeps a worker that lost its
    file from writing points for long.
    """

    def __init__(self, services: Services, claim: Claim) -> None:
        self._services = services
        self._claim = claim
        self._lease_seconds = services.settings.lease_seconds
        self._heartbeat_seconds = services.settings.heartbeat_seconds
        self._is_lost = threading.Event()
        self._expires_at = time.monotonic() + self._lease_seconds
        self._pages: tuple[int, int] | None = None

    @contextmanager
    def kept_alive(self) -> Iterator[None]:
        """Renew the lease periodically inside the context."""
        with self._services.heartbeat_thread.beating(self._beat):
            yield

    def is_wanted(self) -> bool:
        """Return whether the job should go on: the lease is held and the worker is not stopping."""
        is_stopping = self._services.stopping.is_set()
        return not self._is_lost.is_set() and not is_stopping and time.monotonic() < self._expires_at

    def note_progress(self, done: int, total: int) -> None:
        """Record with the next heartbeat how many of the file's pages are done."""
        self._pages = (done, total)

    def ensure(self) -> None:
        """Renew the lease unless it was renewed in the last half heartbeat. Raises Abandoned when the job must stop."""
        if self._expires_at - time.monotonic() < self._lease_seconds - self._heartbeat_seconds / 2:
            self._renew()
        if not self.is_wanted():
            raise Abandoned("no longer ours, or no longer wanted")

    def _beat(self) -> None:
        if self._is_lost.is_set():
            return
        try:
            self._renew()
        except Exception as exc:  # noqa: BLE001 - the lease still runs for a while, and `is_wanted` knows when it ends
            _log.warning("heartbeat_failed", reason=str(exc))

    def _renew(self) -> None:
        started_at = time.monotonic()
        with self._services.database.transaction() as session:
            if not claims.renew(session, self._claim, lease_seconds=self._lease_seconds, pages=self._pages):
                self._is_lost.set()
        self._expires_at = started_at + self._lease_seconds
